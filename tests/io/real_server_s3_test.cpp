// The client and a real server.

#include <algorithm>
#include <cstdlib>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "functionfuse/error.hpp"

#include "io/s3/batch.hpp"
#include "io/s3/client.hpp"
#include "io/s3/digests.hpp"
#include "io/s3/multipart_upload.hpp"
#include "io/s3_server.hpp"
#include "io/temp_folder.hpp"
#include "io/uuid.hpp"

namespace functionfuse::io::s3 {
namespace {

using test::S3Server;
using test::TempFolder;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::vector<std::string> kOddKeys = {"plain",
                                           "a b",
                                           "a+b",
                                           "a%20b",
                                           "a%b",
                                           "100%",
                                           "x//y",
                                           "../up",
                                           "a/../b",
                                           "a&<b>\"'",
                                           "\xc3\xbc/\xc3\x9f",
                                           "\xe6\xbc\xa2\xe5\xad\x97",
                                           "?q=1#f",
                                           "a;b=c@d:e",
                                           "tab\there",
                                           "\xf0\x9f\x98\x80",
                                           " leading",
                                           "trailing ",
                                           "$!*'()",
                                           "~-._"};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::byte> data_of(std::size_t size, unsigned seed = 1) {
  std::vector<std::byte> data(size);
  for (std::byte& byte : data) {
    seed = seed * 1'664'525 + 1'013'904'223;
    byte = static_cast<std::byte>(seed >> 24);
  }
  return data;
}

class S3Test : public testing::Test {
 protected:
  void SetUp() override {
    server_ = S3Server::get();
    if (server_ == nullptr) GTEST_SKIP() << "radosgw is not installed";
    client_ = std::make_unique<Client>(options(), no_environment());
    client_->create_bucket();
  }
  void TearDown() override {
    if (!client_) return;
    client_->remove(keys());
    client_->remove_bucket();
  }
  [[nodiscard]] Options options() const {
    Options options;
    options.bucket = bucket_;
    options.endpoint = server_->endpoint;
    options.access_key_id = server_->access_key;
    options.secret_access_key = server_->secret_key;
    options.retry.first_delay = std::chrono::milliseconds(1);
    return options;
  }
  static Environment no_environment() {
    return [](const std::string&) { return std::nullopt; };
  }
  [[nodiscard]] std::vector<std::string> keys(const std::string& prefix = {},
                                              unsigned per_page = 1000) const {
    std::vector<std::string> found;
    client_->list(
        prefix, "",
        [&](const ListPage& page) {
          for (const ListedObject& object : page.objects) found.push_back(object.key);
          return true;
        },
        per_page);
    return found;
  }
  Client& client() { return *client_; }

  const S3Server* server_ = nullptr;
  std::string bucket_ = "test-" + uuid4();
  std::unique_ptr<Client> client_;
};

TEST_F(S3Test, WhatIsPutIsThere) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{100'000}, std::size_t{3'000'001}}) {
    const auto data = data_of(size);
    const std::string etag = client().put("key", data);
    EXPECT_EQ(etag, hex(md5(data)));
    EXPECT_TRUE(client().get("key", size) == data);
    std::vector<std::byte> buffer(size);
    EXPECT_EQ(client().get("key", buffer), size);
    EXPECT_TRUE(buffer == data);
    const auto info = client().head("key");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->size, size);
    EXPECT_EQ(info->etag, etag);
    EXPECT_THAT(info->last_modified, HasSubstr("GMT"));
  }
}

TEST_F(S3Test, AbsenceIsAValue) {
  std::vector<std::byte> buffer(10);
  EXPECT_EQ(client().get("none", 10), std::nullopt);
  EXPECT_EQ(client().get("none", buffer), std::nullopt);
  EXPECT_EQ(client().get("none", buffer, ByteRange{0, 5}), std::nullopt);
  EXPECT_EQ(client().head("none"), std::nullopt);
  client().remove("none");
  client().remove(std::vector<std::string>{"none", "neither"});
}

TEST_F(S3Test, NoBucketIsAnError) {
  Options other = options();
  other.bucket += "-none";
  Client none(other, no_environment());
  EXPECT_FALSE(none.bucket_exists());
  const auto data = data_of(10);
  std::vector<std::byte> buffer(10);
  const std::vector<std::function<void()>> calls = {
      [&] { none.put("key", data); },
      [&] { static_cast<void>(none.get("key", buffer)); },
      [&] { static_cast<void>(none.head("key")); },
      [&] { none.list("", "", [](const ListPage&) { return true; }); },
      [&] { MultipartUpload upload(none, "key"); },
      [&] { none.remove_bucket(); }};
  for (const auto& call : calls) {
    try {
      call();
      ADD_FAILURE() << "no error";
    } catch (const S3Error& error) {
      EXPECT_EQ(error.s3_code(), "NoSuchBucket");
      EXPECT_EQ(error.status(), 404);
      EXPECT_THAT(error.what(), HasSubstr(other.bucket));
    }
  }
}

TEST_F(S3Test, OddKeys) {
  for (const std::string& key : kOddKeys) client().put(key, bytes_of(key));
  std::vector<std::string> expected = kOddKeys;
  std::sort(expected.begin(), expected.end());
  EXPECT_THAT(keys(), ElementsAreArray(expected));
  EXPECT_THAT(keys({}, 3), ElementsAreArray(expected));
  for (const std::string& key : kOddKeys) {
    EXPECT_EQ(text_of(client().get(key, 100).value()), key);
    EXPECT_THAT(keys(key), testing::Contains(key));
  }
  client().remove(kOddKeys);
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(S3Test, Ranges) {
  const auto data = data_of(1000);
  client().put("key", data);
  std::vector<std::byte> buffer(100);
  EXPECT_EQ(client().get("key", buffer, ByteRange{200, 100}), 100u);
  EXPECT_TRUE(std::equal(buffer.begin(), buffer.end(), data.begin() + 200));
  EXPECT_EQ(client().get("key", buffer, ByteRange{950, 100}), 50u);
  EXPECT_TRUE(std::equal(buffer.begin(), buffer.begin() + 50, data.begin() + 950));
  EXPECT_EQ(client().get("key", 1000, ByteRange{0, 1'000'000})->size(), 1000u);
  EXPECT_THROW(static_cast<void>(client().get("key", buffer, ByteRange{1000, 1})), S3Error);
  EXPECT_THROW(static_cast<void>(client().get("key", buffer)), S3Error);
  EXPECT_THROW(static_cast<void>(client().get("key", 999)), S3Error);
}

TEST_F(S3Test, ListsWithDelimiter) {
  for (const char* key : {"a/1", "a/2", "a/b/3", "c", "d e/4"}) client().put(key, {});
  ListPage all;
  const auto visit = [&](const ListPage& page) {
    for (const auto& object : page.objects) all.objects.push_back(object);
    for (const auto& prefix : page.prefixes) all.prefixes.push_back(prefix);
    return true;
  };
  client().list("", "/", visit, 1);
  EXPECT_THAT(all.prefixes, ElementsAre("a/", "d e/"));
  ASSERT_EQ(all.objects.size(), 1u);
  EXPECT_EQ(all.objects[0].key, "c");
  all = {};
  client().list("a/", "/", visit);
  EXPECT_THAT(all.prefixes, ElementsAre("a/b/"));
  EXPECT_EQ(all.objects.size(), 2u);
}

TEST_F(S3Test, ManyPages) {
  Batch batch(client());
  std::vector<std::string> expected;
  for (int i = 0; i < 250; ++i) expected.push_back("k/" + std::to_string(1000 + i));
  for (const std::string& key : expected) batch.put(key, {});
  batch.finish();
  EXPECT_THAT(keys("k/", 100), ElementsAreArray(expected));
  client().remove(expected);
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(S3Test, PutNewOnlyWhereThereIsNone) {
  EXPECT_TRUE(client().put_new("key", bytes_of("first")));
  EXPECT_FALSE(client().put_new("key", bytes_of("other")));
  EXPECT_TRUE(client().put_new("key", bytes_of("first")));
  EXPECT_EQ(text_of(client().get("key", 10).value()), "first");
}

TEST_F(S3Test, OfManyWhoPutNewOneWins) {
  std::atomic<int> won = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      won += client().put_new("key", bytes_of("thread " + std::to_string(i))) ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(won, 1);
}

TEST_F(S3Test, LargeOnesGoUpInParts) {
  Options small = options();
  small.multipart_from = std::size_t{6} << 20;
  small.part_bytes = std::size_t{5} << 20;
  Client parts(small, no_environment());
  const auto data = data_of(12'345'678);
  const std::string etag = parts.put("large", data);
  EXPECT_THAT(etag, testing::EndsWith("-3"));
  EXPECT_EQ(client().head("large")->etag, etag);
  EXPECT_TRUE(client().get("large", data.size()) == data);
  std::vector<std::byte> buffer(10);
  EXPECT_EQ(client().get("large", buffer, ByteRange{5'242'875, 10}), 10u);
  EXPECT_TRUE(std::equal(buffer.begin(), buffer.end(), data.begin() + 5'242'875));
}

TEST_F(S3Test, PartsFromManyThreads) {
  const std::size_t part = std::size_t{5} << 20;
  const auto data = data_of(3 * part + 17);
  MultipartUpload upload(client(), "large");
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      upload.put_part(i + 1,
                      std::span(data).subspan(i * part, std::min(part, data.size() - i * part)));
    });
  }
  threads.clear();
  upload.complete();
  EXPECT_TRUE(client().get("large", data.size()) == data);
}

TEST_F(S3Test, AnUploadThatIsNotCompletedLeavesNothing) {
  {
    MultipartUpload upload(client(), "key");
    upload.put_part(1, data_of(100));
  }
  EXPECT_EQ(client().head("key"), std::nullopt);
  const Answer uploads =
      client().requests().run({.what = "list uploads of", .query = {{"uploads", ""}}, .xml = true});
  EXPECT_THAT(uploads.xml, HasSubstr("ListMultipartUploadsResult"));
  EXPECT_THAT(uploads.xml, Not(HasSubstr("<UploadId>")));
}

TEST_F(S3Test, TheServerChecksTheBody) {
  for (const PayloadCheck check : {PayloadCheck::sha256, PayloadCheck::md5}) {
    Options other = options();
    other.payload_check = check;
    Client one(other, no_environment());
    auto data = data_of(100);
    Call call{.what = "write", .method = "PUT", .key = "key"};
    call.body = data;
    Answer answer;
    const Requests::Lease transfers = one.requests().lease();
    one.requests().start(*transfers, std::move(call), [&](Answer got) { answer = std::move(got); });
    data[50] ^= std::byte{1};  // after the digest was computed, as if on the way
    transfers->run_until(0);
    EXPECT_EQ(answer.verdict, Verdict::fail);
    EXPECT_THAT(answer.s3_code, testing::AnyOf("BadDigest", "XAmzContentSHA256Mismatch"));
    EXPECT_EQ(client().head("key"), std::nullopt);
  }
}

TEST_F(S3Test, BothPayloadChecksAndHttps) {
  const auto data = data_of(300'000);
  for (const PayloadCheck check : {PayloadCheck::sha256, PayloadCheck::md5}) {
    for (const std::string& endpoint : {server_->endpoint, server_->tls_endpoint}) {
      Options other = options();
      other.payload_check = check;
      other.endpoint = endpoint;
      other.ca_bundle = server_->ca_bundle;
      Client one(other, no_environment());
      EXPECT_EQ(one.put("key", data), hex(md5(data)));
      EXPECT_TRUE(one.get("key", data.size()) == data);
    }
  }
}

TEST_F(S3Test, AStrangersCertificateIsRefusedAtOnce) {
  Options other = options();
  other.endpoint = server_->tls_endpoint;
  Client one(other, no_environment());
  try {
    static_cast<void>(one.head("key"));
    ADD_FAILURE() << "no error";
  } catch (const S3Error& error) {
    EXPECT_EQ(error.status(), 0);
    EXPECT_THAT(error.what(), HasSubstr("certificate"));
    EXPECT_THAT(error.what(), Not(HasSubstr("attempts")));
  }
}

TEST_F(S3Test, WrongCredentialsAreAnErrorWithoutThem) {
  Options other = options();
  other.secret_access_key = "a-wrong-secret";
  for (int i = 0; i < 2; ++i) {
    try {
      Client(other, no_environment()).put("key", data_of(10));
      ADD_FAILURE() << "no error";
    } catch (const S3Error& error) {
      EXPECT_EQ(error.s3_code(), i == 0 ? "SignatureDoesNotMatch" : "InvalidAccessKeyId");
      EXPECT_THAT(error.what(), HasSubstr("(from options)"));
      EXPECT_THAT(error.what(), HasSubstr("request id tx"));
      for (const std::string& secret : {other.secret_access_key, other.access_key_id}) {
        EXPECT_THAT(error.what(), Not(HasSubstr(secret)));
      }
    }
    other.access_key_id = "a-wrong-access-key-id";
  }
  other.anonymous = true;
  EXPECT_THROW(static_cast<void>(Client(other, no_environment()).get("key", 10)), S3Error);
}

TEST_F(S3Test, ManyThreadsOneClient) {
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const auto data = data_of(50'000, i);
      const std::string key = "k" + std::to_string(i);
      std::vector<std::byte> buffer(data.size());
      for (int k = 0; k < 10; ++k) {
        client().put(key, data);
        EXPECT_EQ(client().get(key, buffer), data.size());
        EXPECT_TRUE(buffer == data);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(keys().size(), 8u);
}

TEST_F(S3Test, ABatchOfLargeOnes) {
  const auto data = data_of(1'000'000);
  std::vector<std::vector<std::byte>> buffers(32, std::vector<std::byte>(data.size()));
  Batch batch(client());
  for (int i = 0; i < 32; ++i) batch.put("k" + std::to_string(i), data);
  batch.finish();
  for (std::size_t i = 0; i < 32; ++i) {
    batch.get("k" + std::to_string(i), buffers[i],
              [&](auto received) { EXPECT_EQ(received, data.size()); });
  }
  batch.get("none", buffers[0], [](auto received) { EXPECT_EQ(received, std::nullopt); });
  batch.finish();
  for (const auto& buffer : buffers) EXPECT_TRUE(buffer == data);
}

TEST_F(S3Test, CreatingABucketTwiceIsNoError) {
  client().create_bucket();
  EXPECT_TRUE(client().bucket_exists());
}

TEST_F(S3Test, Boto3ReadsWhatIsWrittenAndTheOtherWayRound) {
  const TempFolder folder;
  test::write_bytes(folder / "both.py", R"(
import os, sys
import boto3
keys = [os.fsencode(key).decode() for key in sys.argv[2:]]
s3 = boto3.client("s3", endpoint_url=os.environ["ENDPOINT"], region_name="us-east-1")
for key in keys:
    assert s3.get_object(Bucket=sys.argv[1], Key=key)["Body"].read() == key.encode(), key
    s3.put_object(Bucket=sys.argv[1], Key="boto/" + key, Body=key.encode()[::-1])
large = s3.get_object(Bucket=sys.argv[1], Key="boto-large")["Body"].read()
assert large == bytes(range(256)) * 50000
)");
  std::string command =
      "ENDPOINT=" + server_->endpoint + " AWS_ACCESS_KEY_ID=" + server_->access_key +
      " AWS_SECRET_ACCESS_KEY=" + server_->secret_key + " PYTHONUTF8=1 " FUNCTIONFUSE_PYTHON " " +
      (folder / "both.py") + ' ' + bucket_;
  for (const std::string& key : kOddKeys) {
    client().put(key, bytes_of(key));
    command += " '";
    for (const char c : key) command += c == '\'' ? "'\\''" : std::string(1, c);
    command += '\'';
  }
  std::vector<std::byte> large;
  for (int i = 0; i < 256 * 50000; ++i) large.push_back(static_cast<std::byte>(i));
  Options parts = options();
  parts.multipart_from = parts.part_bytes = std::size_t{5} << 20;
  Client(parts, no_environment()).put("boto-large", large);
  ASSERT_EQ(std::system(command.c_str()), 0);
  for (const std::string& key : kOddKeys) {
    EXPECT_EQ(text_of(client().get("boto/" + key, 100).value()),
              std::string(key.rbegin(), key.rend()));
  }
}

TEST_F(S3Test, VirtualHostStyle) {
  Options other = options();
  other.address_style = AddressStyle::virtual_host;
  const std::string port = other.endpoint.substr(other.endpoint.rfind(':'));
  other.endpoint = "http://localhost" + port;
  Client one(other, no_environment());
  EXPECT_EQ(one.url("a b"), "http://" + bucket_ + ".localhost" + port + "/a%20b");
  EXPECT_TRUE(one.bucket_exists());
  for (const std::string& key : kOddKeys) {
    one.put(key, bytes_of(key));
    EXPECT_EQ(text_of(client().get(key, 100).value()), key);
    EXPECT_EQ(text_of(one.get(key, 100).value()), key);
  }
  EXPECT_EQ(one.list_page("").objects.size(), kOddKeys.size());
  one.remove(kOddKeys);
  EXPECT_THAT(keys(), IsEmpty());
}

}  // namespace
}  // namespace functionfuse::io::s3
