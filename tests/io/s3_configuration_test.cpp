#include <map>

#include <gmock/gmock.h>
#include <unistd.h>

#include "functionfuse/error.hpp"

#include "io/s3/configuration.hpp"
#include "io/s3/profile_file.hpp"
#include "io/temp_folder.hpp"

namespace functionfuse::io::s3 {
namespace {

using test::TempFolder;
using testing::HasSubstr;
using testing::Not;

class S3ConfigurationTest : public testing::Test {
 protected:
  S3ConfigurationTest() {
    environment_["HOME"] = home_.path();
    options_.bucket = "bucket";
  }

  Configuration resolved() const {
    return resolve(options_, [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    });
  }
  std::string message(Errc code = Errc::invalid_argument) const {
    try {
      static_cast<void>(resolved());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      EXPECT_THAT(error.what(), Not(HasSubstr("S3CR3T")));
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return {};
  }
  void write_credentials(const std::string& text) {
    test::write_bytes(home_ / ".aws/credentials", text);
  }
  void write_config(const std::string& text) { test::write_bytes(home_ / ".aws/config", text); }

  TempFolder home_;
  std::map<std::string, std::string> environment_;
  Options options_;
};

const char* const kCredentials = R"(
# two profiles
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key=S3CR3T/default+==

[other]
aws_access_key_id=AKIAOTHER
aws_secret_access_key=S3CR3Tother
aws_session_token = TOKENother
)";

TEST_F(S3ConfigurationTest, OptionsComeFirst) {
  environment_["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  environment_["AWS_SECRET_ACCESS_KEY"] = "S3CR3Tenv";
  environment_["AWS_ENDPOINT_URL_S3"] = "http://env:1";
  environment_["AWS_REGION"] = "env-1";
  write_credentials(kCredentials);
  options_.endpoint = "https://Option.example:9000/s3/";
  options_.region = "option-1";
  options_.access_key_id = "AKIAOPTION";
  options_.secret_access_key = "S3CR3Toption";
  const Configuration found = resolved();
  EXPECT_EQ(found.endpoint.value.url(), "https://option.example:9000/s3");
  EXPECT_EQ(found.region.value, "option-1");
  EXPECT_EQ(found.credentials.value, (Credentials{"AKIAOPTION", "S3CR3Toption", ""}));
  EXPECT_EQ(found.credentials.from, "options");
}

TEST_F(S3ConfigurationTest, ThenTheEnvironment) {
  environment_["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  environment_["AWS_SECRET_ACCESS_KEY"] = "S3CR3Tenv";
  environment_["AWS_SESSION_TOKEN"] = "TOKENenv";
  environment_["AWS_ENDPOINT_URL"] = "http://general:80";
  environment_["AWS_DEFAULT_REGION"] = "default-1";
  environment_["AWS_CA_BUNDLE"] = "/ca.pem";
  write_credentials(kCredentials);
  Configuration found = resolved();
  EXPECT_EQ(found.endpoint.value.url(), "http://general");  // as in the header Host
  EXPECT_EQ(found.endpoint.from, "AWS_ENDPOINT_URL");
  EXPECT_EQ(found.region.value, "default-1");
  EXPECT_EQ(found.credentials.value, (Credentials{"AKIAENV", "S3CR3Tenv", "TOKENenv"}));
  EXPECT_EQ(found.ca_bundle.value, "/ca.pem");
  environment_["AWS_ENDPOINT_URL_S3"] = "http://special:81";
  environment_["AWS_REGION"] = "region-1";
  found = resolved();
  EXPECT_EQ(found.endpoint.value.url(), "http://special:81");
  EXPECT_EQ(found.region.from, "AWS_REGION");
  environment_["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(resolved().endpoint.value.url(), "https://s3.region-1.amazonaws.com");
}

TEST_F(S3ConfigurationTest, ThenTheFiles) {
  write_credentials(kCredentials);
  write_config(R"([default]
region = file-1
[profile other]
region = file-2
services = local
s3 =
  addressing_style = virtual
  max_concurrent_requests = 20
endpoint_url = http://general
[services local]
s3 =
  endpoint_url = http://special
dynamodb =
  endpoint_url = http://wrong
)");
  Configuration found = resolved();
  EXPECT_EQ(found.credentials.value, (Credentials{"AKIADEFAULT", "S3CR3T/default+==", ""}));
  EXPECT_THAT(found.credentials.from, HasSubstr(".aws/credentials"));
  EXPECT_EQ(found.region.value, "file-1");
  EXPECT_TRUE(found.virtual_host.value);
  environment_["AWS_PROFILE"] = "other";
  found = resolved();
  EXPECT_EQ(found.credentials.value, (Credentials{"AKIAOTHER", "S3CR3Tother", "TOKENother"}));
  EXPECT_EQ(found.region.value, "file-2");
  EXPECT_EQ(found.endpoint.value.url(), "http://special");
  EXPECT_TRUE(found.virtual_host.value);
  options_.profile = "default";
  EXPECT_EQ(resolved().credentials.value.access_key_id, "AKIADEFAULT");
}

TEST_F(S3ConfigurationTest, AProfileAsOptionIsMeantMoreThanTheEnvironment) {
  environment_["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  environment_["AWS_SECRET_ACCESS_KEY"] = "S3CR3Tenv";
  write_credentials(kCredentials);
  environment_["AWS_PROFILE"] = "other";
  EXPECT_EQ(resolved().credentials.value.access_key_id, "AKIAENV");
  options_.profile = "other";
  EXPECT_EQ(resolved().credentials.value.access_key_id, "AKIAOTHER");
}

TEST_F(S3ConfigurationTest, FilesMayBeElsewhere) {
  test::write_bytes(home_ / "c", kCredentials);
  test::write_bytes(home_ / "d", "[default]\nregion=elsewhere-1\n");
  environment_["AWS_SHARED_CREDENTIALS_FILE"] = "~/c";
  environment_["AWS_CONFIG_FILE"] = home_ / "d";
  EXPECT_EQ(resolved().credentials.value.access_key_id, "AKIADEFAULT");
  EXPECT_EQ(resolved().region.value, "elsewhere-1");
}

TEST_F(S3ConfigurationTest, KeysMayBeInTheConfigFile) {
  write_config("[profile x]\naws_access_key_id=AKIACONFIG\naws_secret_access_key=S3CR3T\n");
  environment_["AWS_PROFILE"] = "x";
  EXPECT_EQ(resolved().credentials.value.access_key_id, "AKIACONFIG");
}

TEST_F(S3ConfigurationTest, NoCredentialsSaysWhatToDo) {
  EXPECT_THAT(message(), HasSubstr("AWS_ACCESS_KEY_ID"));
  options_.anonymous = true;
  EXPECT_TRUE(resolved().credentials.value.anonymous());
  EXPECT_THAT(resolved().describe(), HasSubstr("anonymous"));
}

TEST_F(S3ConfigurationTest, HalfOfAPairIsAnError) {
  environment_["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  EXPECT_THAT(message(), HasSubstr("set both or none"));
  environment_.erase("AWS_ACCESS_KEY_ID");
  write_credentials("[default]\naws_secret_access_key=S3CR3T\n");
  EXPECT_THAT(message(), HasSubstr("only one of"));
}

TEST_F(S3ConfigurationTest, AMissingProfileIsAnError) {
  write_credentials(kCredentials);
  environment_["AWS_PROFILE"] = "typo";
  EXPECT_THAT(message(), HasSubstr("\"typo\""));
}

TEST_F(S3ConfigurationTest, WhatOtherProgramsGetIsNotSupported) {
  write_config("[default]\ncredential_process = /bin/S3CR3T\n");
  EXPECT_THAT(message(Errc::unsupported), HasSubstr("export-credentials"));
}

TEST_F(S3ConfigurationTest, AMalformedLineIsNamedAndNotShown) {
  write_credentials("[default]\naws_access_key_id = x\nS3CR3T without a name\n");
  EXPECT_THAT(message(), HasSubstr("credentials, line 3"));
  write_credentials("key = before any section S3CR3T\n");
  EXPECT_THAT(message(), HasSubstr("line 1"));
}

TEST_F(S3ConfigurationTest, MalformedEndpointsAreErrorsThatShowNothing) {
  options_.anonymous = true;
  for (const char* wrong :
       {"localhost:9000", "ftp://host", "http://", "http://user:S3CR3T@host", "http://host?S3CR3T",
        "http://host/a b", "http://host\r\nx", "https:///path"}) {
    options_.endpoint = wrong;
    EXPECT_THAT(message(), HasSubstr("http[s]://")) << wrong;
  }
}

TEST_F(S3ConfigurationTest, LineBreaksWouldForgeHeaders) {
  options_.access_key_id = "AKIA\r\nx: y";
  options_.secret_access_key = "S3CR3T";
  EXPECT_THAT(message(), HasSubstr("printable"));
}

TEST_F(S3ConfigurationTest, Style) {
  options_.anonymous = true;
  EXPECT_TRUE(resolved().virtual_host.value);
  options_.bucket = "with.dots";
  EXPECT_FALSE(resolved().virtual_host.value);
  options_.bucket = "bucket";
  options_.endpoint = "http://localhost:9000";
  EXPECT_FALSE(resolved().virtual_host.value);
  options_.address_style = AddressStyle::virtual_host;
  EXPECT_TRUE(resolved().virtual_host.value);
}

TEST_F(S3ConfigurationTest, DescriptionHasNoSecrets) {
  options_.access_key_id = "AKIAIOSFODNN7EXAMPLE";
  options_.secret_access_key = "S3CR3T";
  options_.session_token = "TOKEN";
  const std::string text = resolved().describe();
  EXPECT_THAT(text, HasSubstr("AKIA...MPLE"));
  EXPECT_THAT(text, HasSubstr("us-east-1 (default)"));
  EXPECT_THAT(text, HasSubstr("https://s3.us-east-1.amazonaws.com"));
  for (const char* secret : {"S3CR3T", "TOKEN", "IOSFODNN"})
    EXPECT_THAT(text, Not(HasSubstr(secret)));
}

TEST(ProfileFileTest, WindowsLinesAndComments) {
  const Sections sections =
      parse_profile_file("; c\r\n[ a ] # c\r\nx = 1 = 2\r\n\r\ny=\r\n# c\r\n  z = 3\r\n", "f");
  EXPECT_EQ(find(sections, "a", "x"), "1 = 2");
  EXPECT_EQ(find(sections, "a", "y.z"), "3");
  EXPECT_EQ(find(sections, "a", "y"), std::nullopt);
  EXPECT_EQ(find(sections, "b", "x"), std::nullopt);
}

TEST(ProfileFileTest, NoFileIsEmpty) {
  TempFolder folder;
  EXPECT_TRUE(read_profile_file(folder / "none").empty());
}

TEST(ProfileFileTest, AFolderIsAnError) {
  TempFolder folder;
  EXPECT_THROW(static_cast<void>(read_profile_file(folder.path())), Error);
}

}  // namespace
}  // namespace functionfuse::io::s3
