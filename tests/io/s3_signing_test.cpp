#include <chrono>
#include <string>

#include <gmock/gmock.h>

#include "io/s3/digests.hpp"
#include "io/s3/signing.hpp"
#include "io/s3/uri.hpp"

namespace functionfuse::io::s3 {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

constexpr std::string_view kEmpty =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string signature_in(const std::string& authorization) {
  return authorization.substr(authorization.find("Signature=") + 10);
}

// The examples of "Signature Calculations for the Authorization Header", Amazon S3 API Reference.
class S3ExamplesTest : public testing::Test {
 protected:
  std::string sign(std::string_view method, std::string_view path, std::string_view query,
                   std::vector<http::Header> headers, std::string payload) {
    headers.push_back({"host", "examplebucket.s3.amazonaws.com"});
    headers.push_back({"x-amz-content-sha256", payload});
    headers.push_back({"x-amz-date", "20130524T000000Z"});
    const Signable signable{method, path, query, std::move(headers), payload};
    canonical_ = canonical_request(signable);
    return authorization(signable, {"20130524T000000Z", "us-east-1"},
                         {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""});
  }
  std::string canonical_;
};

TEST_F(S3ExamplesTest, GetObjectWithRange) {
  EXPECT_EQ(
      sign("GET", encode_path("/test.txt"), "", {{"range", "bytes=0-9"}}, std::string(kEmpty)),
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
      "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
      "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(hex(sha256(bytes_of(canonical_))),
            "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972");
}

TEST_F(S3ExamplesTest, PutObject) {
  const std::string payload = hex(sha256(bytes_of("Welcome to Amazon S3.")));
  EXPECT_EQ(payload, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
  const std::string result = sign(
      "PUT", encode_path("/test$file.text"), "",
      {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
      payload);
  EXPECT_EQ(signature_in(result),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(S3ExamplesTest, GetBucketLifecycle) {
  const std::string result =
      sign("GET", "/", encode_query({{"lifecycle", ""}}), {}, std::string(kEmpty));
  EXPECT_EQ(signature_in(result),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_F(S3ExamplesTest, ListObjects) {
  const std::string result =
      sign("GET", "/", encode_query({{"prefix", "J"}, {"max-keys", "2"}}), {}, std::string(kEmpty));
  EXPECT_EQ(signature_in(result),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

// Cases of aws-sig-v4-test-suite.
std::string suite(std::string_view method, const std::string& path, const Query& query,
                  std::vector<http::Header> headers = {}) {
  headers.push_back({"host", "example.amazonaws.com"});
  headers.push_back({"x-amz-date", "20150830T123600Z"});
  const std::string encoded_path = encode_path(path), encoded_query = encode_query(query);
  return signature_in(
      authorization({method, encoded_path, encoded_query, std::move(headers), kEmpty},
                    {"20150830T123600Z", "us-east-1", "service"},
                    {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""}));
}

TEST(SignatureSuiteTest, Vanilla) {
  EXPECT_EQ(suite("GET", "/", {}),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_EQ(suite("POST", "/", {}),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

TEST(SignatureSuiteTest, QueryIsSorted) {
  EXPECT_EQ(suite("GET", "/", {{"Param2", "value2"}, {"Param1", "value1"}}),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

TEST(SignatureSuiteTest, Unreserved) {
  EXPECT_EQ(suite("GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", {}),
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f");
}

TEST(SignatureSuiteTest, Utf8) {
  EXPECT_EQ(suite("GET", "/\u1234", {}),
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
}

TEST(SignatureSuiteTest, ManyHeaders) {
  EXPECT_EQ(suite("GET", "/", {}, {{"my-header1", "value2,value2,value1"}}),
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea");
}

TEST(SigningTest, DateIsUtc) {
  EXPECT_EQ(amz_date(std::chrono::system_clock::from_time_t(1'440'938'160)), "20150830T123600Z");
  EXPECT_EQ(amz_date(std::chrono::system_clock::from_time_t(0)), "19700101T000000Z");
}

TEST(SigningTest, NoSecretIsInTheHeader) {
  const std::string secret = "a-secret-access-key";
  const std::string header =
      authorization({"GET", "/", "", {{"host", "h"}}, kEmpty}, {"20150830T123600Z", "us-east-1"},
                    {"id", secret, "a-token"});
  EXPECT_THAT(header, Not(HasSubstr(secret)));
  EXPECT_THAT(header, Not(HasSubstr("a-token")));
}

TEST(DigestsTest, PublishedVectors) {
  EXPECT_EQ(hex(md5(bytes_of("abc"))), "900150983cd24fb0d6963f7d28e17f72");  // RFC 1321
  EXPECT_EQ(hex(md5({})), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex(sha256(bytes_of("abc"))),  // FIPS 180
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(md5(bytes_of("abc"))), "900150983cd24fb0d6963f7d28e17f72");
}

TEST(UriTest, EveryOtherByteIsEncodedOnce) {
  EXPECT_EQ(encode_path("/a b+c%20d/\xc3\xbc/~x"), "/a%20b%2Bc%2520d/%C3%BC/~x");
  EXPECT_EQ(encode_path("a//../b"), "a//../b");
  EXPECT_EQ(encode_uri("a/b=c&d"), "a%2Fb%3Dc%26d");
  EXPECT_EQ(encode_query({{"b", "2"}, {"a", "x/y"}, {"a", ""}, {"a", "b c"}}),
            "a=&a=b%20c&a=x%2Fy&b=2");
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(decode_listed(encode_uri(all)), all);
}

TEST(UriTest, ListedTextMayHavePlusesForSpaces) {
  EXPECT_EQ(decode_listed("a+b%2bc%20d"), "a b+c d");
  for (const char* wrong : {"%", "a%4", "%zz", "%4g"})
    EXPECT_ANY_THROW(static_cast<void>(decode_listed(wrong)));
}

}  // namespace
}  // namespace functionfuse::io::s3
