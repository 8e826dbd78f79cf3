#include <gmock/gmock.h>

#include "functionfuse/error.hpp"

#include "io/s3/xml.hpp"

namespace functionfuse::io::s3 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string list_of(const std::string& inner) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
         "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" +
         inner + "</ListBucketResult>";
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const CorruptError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(S3XmlTest, ListPage) {
  const ListPage page = parse_list(
      list_of("<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
              "<NextContinuationToken>a%20b&amp;c</NextContinuationToken>"
              "<Contents><Key>a%20b+c%2B</Key><Size>5368709120</Size><ETag>&quot;abc&quot;</ETag>"
              "<LastModified>2026-11-23T02:20:55.807Z</LastModified></Contents>"
              "<CommonPrefixes><Prefix>x%2F</Prefix></CommonPrefixes>"));
  ASSERT_EQ(page.objects.size(), 1u);
  EXPECT_EQ(page.objects[0].key, "a b c+");
  EXPECT_EQ(page.objects[0].size, 5368709120u);
  EXPECT_EQ(page.objects[0].etag, "abc");
  EXPECT_EQ(page.objects[0].last_modified, "2026-11-23T02:20:55.807Z");
  EXPECT_THAT(page.prefixes, ElementsAre("x/"));
  EXPECT_EQ(page.next, "a%20b&c");  // tokens are not encoded
}

TEST(S3XmlTest, AServerThatDoesNotEncodeIsBelieved) {
  const ListPage page = parse_list(
      list_of("<IsTruncated>false</IsTruncated><Contents><Key>a%20b+ &lt;</Key>"
              "<Size>1</Size></Contents><Contents><Key> </Key><Size>1</Size></Contents>"));
  ASSERT_EQ(page.objects.size(), 2u);
  EXPECT_EQ(page.objects[0].key, "a%20b+ <");
  EXPECT_EQ(page.objects[1].key, " ");
  EXPECT_EQ(page.next, "");
}

TEST(S3XmlTest, ListsThatMakeNoSense) {
  for (const char* inner :
       {"", "<IsTruncated>maybe</IsTruncated>", "<IsTruncated>true</IsTruncated>",
        "<IsTruncated>false</IsTruncated><Contents><Size>1</Size></Contents>",
        "<IsTruncated>false</IsTruncated><Contents><Key>k</Key><Size>-1</Size></Contents>",
        "<IsTruncated>false</IsTruncated><Contents><Key>k</Key><Size>99999999999999999999</Size></"
        "Contents>",
        "<IsTruncated>false</IsTruncated><Contents><Key>k</Key><Size>1x</Size></Contents>",
        "<EncodingType>url</EncodingType><IsTruncated>false</"
        "IsTruncated><CommonPrefixes><Prefix>%</Prefix></CommonPrefixes>"}) {
    EXPECT_THROW(static_cast<void>(parse_list(list_of(inner))), CorruptError) << inner;
  }
}

TEST(S3XmlTest, MalformedXmlSaysWhere) {
  EXPECT_THAT(message_of([] { static_cast<void>(parse_list("<ListBucketResult><a></b>")); }),
              HasSubstr("not well-formed XML"));
  EXPECT_THROW(static_cast<void>(parse_list("")), CorruptError);
  EXPECT_THROW(static_cast<void>(parse_list("<html></html>")), CorruptError);
  EXPECT_THROW(static_cast<void>(parse_upload_id("<InitiateMultipartUploadResult/>")),
               CorruptError);
}

TEST(S3XmlTest, NeitherSizeNorDepthIsATrap) {
  EXPECT_THAT(
      message_of([] { static_cast<void>(parse_list(std::string(kMostXmlBytes + 1, ' '))); }),
      HasSubstr("too large"));
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "<a>";
  EXPECT_THROW(static_cast<void>(parse_list(deep)), CorruptError);
  std::string closed = "<ListBucketResult>" + deep;
  for (int i = 0; i < 200'000; ++i) closed += "</a>";
  EXPECT_THROW(static_cast<void>(parse_list(closed + "</ListBucketResult>")), CorruptError);
}

TEST(S3XmlTest, EntitiesAreNotExpanded) {
  const std::string bomb =
      "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>"
      "<ListBucketResult><IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>&b;</Prefix></"
      "CommonPrefixes>"
      "</ListBucketResult>";
  EXPECT_THAT(parse_list(bomb).prefixes, ElementsAre("&b;"));
}

TEST(S3XmlTest, Errors) {
  const auto error = parse_error(
      "<?xml "
      "version=\"1.0\"?><Error><Code>PermanentRedirect</Code><Message>m</Message><Endpoint>e</"
      "Endpoint>"
      "<Region>r</Region><RequestId>id</RequestId></Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "PermanentRedirect");
  EXPECT_EQ(error->message, "m");
  EXPECT_EQ(error->endpoint, "e");
  EXPECT_EQ(error->region, "r");
  EXPECT_EQ(error->request_id, "id");
  EXPECT_FALSE(parse_error(""));
  EXPECT_FALSE(parse_error("<html>502</html>"));
  EXPECT_FALSE(parse_error("<DeleteResult><Error><Code>x</Code></Error></DeleteResult>"));
  EXPECT_FALSE(parse_error("<Error><Code>cut"));
}

TEST(S3XmlTest, Uploads) {
  EXPECT_EQ(parse_upload_id("<InitiateMultipartUploadResult><UploadId>2~x</UploadId></"
                            "InitiateMultipartUploadResult>"),
            "2~x");
  EXPECT_EQ(
      parse_completed(
          "<CompleteMultipartUploadResult><ETag>\"a-2\"</ETag></CompleteMultipartUploadResult>"),
      "a-2");
  EXPECT_EQ(parse_completed(
                "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>"),
            "");
  const std::vector<std::string> etags = {"a", "b"};
  EXPECT_THAT(complete_request(etags),
              HasSubstr("<Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag></Part>"
                        "<Part><PartNumber>2</PartNumber><ETag>\"b\"</ETag></Part>"));
}

TEST(S3XmlTest, Deletes) {
  const std::vector<std::string> keys = {"a&<b>\"", " ", "\xc3\xbc"};
  const std::string request = delete_request(keys);
  EXPECT_THAT(request, HasSubstr("<Key>a&amp;&lt;b&gt;\"</Key>"));
  EXPECT_THAT(request, HasSubstr("<Key> </Key>"));
  EXPECT_THAT(request, HasSubstr("<Key>\xc3\xbc</Key>"));
  const auto errors = parse_deleted(
      "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>AccessDenied</Code>"
      "<Message>no</Message></Error></DeleteResult>");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].key, "b");
  EXPECT_EQ(errors[0].code, "AccessDenied");
  EXPECT_TRUE(fits_xml("a b\xc3\xbc"));
  EXPECT_FALSE(fits_xml("a\x01"));
  EXPECT_FALSE(fits_xml("a\n"));
}

}  // namespace
}  // namespace functionfuse::io::s3
