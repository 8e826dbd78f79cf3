// What a real server will not do on request: a server in this process does it.

#include <atomic>
#include <mutex>
#include <numeric>
#include <thread>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "functionfuse/error.hpp"

#include "io/s3/batch.hpp"
#include "io/s3/client.hpp"
#include "io/s3/digests.hpp"
#include "io/s3/multipart_upload.hpp"
#include "io/scripted_server.hpp"
#include "io/temp_folder.hpp"

namespace functionfuse::io::s3 {
namespace {

using std::chrono::milliseconds;
using test::ScriptedReply;
using test::ScriptedRequest;
using test::ScriptedServer;
using test::TempFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kId = "AKIAIOSFODNN7EXAMPLE";
constexpr const char* kSecret = "the-secret-access-key";
constexpr const char* kToken = "the-session-token";

Options options_for(const ScriptedServer& server) {
  Options options;
  options.bucket = "bucket";
  options.endpoint = server.endpoint();
  options.access_key_id = kId;
  options.secret_access_key = kSecret;
  options.session_token = kToken;
  options.retry.first_delay = milliseconds(1);
  options.retry.longest_delay = milliseconds(4);
  options.connect_timeout = milliseconds(10'000);
  options.stall_timeout = std::chrono::seconds(20);
  return options;
}

Environment no_environment() {
  return [](const std::string&) { return std::nullopt; };
}

std::vector<std::byte> bytes(std::string_view text) {
  const auto span = bytes_of(text);
  return {span.begin(), span.end()};
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ScriptedReply error_reply(int status, const std::string& code, const std::string& message = "m") {
  return {status, "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>" + message +
                      "</Message><RequestId>id-1</RequestId></Error>"};
}

ScriptedReply etag_of(const ScriptedRequest& request) {
  return {200, "", {{"ETag", '"' + hex(md5(bytes_of(request.body))) + '"'}}};
}

/// The S3Error of a call. None has a secret in it.
S3Error error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const S3Error& error) {
    EXPECT_EQ(error.code(), Errc::io);
    for (const char* secret : {kSecret, kToken, kId, "AWS4-HMAC", "Signature=", "Credential="}) {
      EXPECT_THAT(error.what(), Not(HasSubstr(secret)));
    }
    return error;
  }
  ADD_FAILURE() << "no error";
  return {"", 0, "", ""};
}

class S3ClientTest : public testing::Test {
 protected:
  void serve(ScriptedServer::Answer answer, ScriptedServer::Cut cut = {}) {
    server_ = std::make_unique<ScriptedServer>(std::move(answer), std::move(cut));
    options_ = options_for(*server_);
    client_ = std::make_unique<Client>(options_, no_environment());
  }
  void TearDown() override { server_.reset(); }  // it may be at work on a request that was given up
  Client& client() { return *client_; }
  std::unique_ptr<ScriptedServer> server_;
  Options options_;
  std::unique_ptr<Client> client_;
};

TEST_F(S3ClientTest, WhatIsSent) {
  serve([](const ScriptedRequest& request, std::size_t) { return etag_of(request); });
  client().put("a b/\xc3\xbc+%20/../c", bytes("abc"));
  const ScriptedRequest request = server_->requests().at(0);
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.target, "/bucket/a%20b/%C3%BC%2B%2520/../c");
  EXPECT_EQ(request.body, "abc");
  EXPECT_THAT(request.headers.at("authorization"),
              HasSubstr("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token"));
  EXPECT_EQ(request.headers.at("x-amz-content-sha256"), hex(sha256(bytes_of("abc"))));
  EXPECT_EQ(request.headers.at("x-amz-security-token"), kToken);
  EXPECT_EQ(request.headers.at("content-length"), "3");
  EXPECT_FALSE(request.headers.contains("expect"));
  EXPECT_FALSE(request.headers.contains("content-type"));
}

TEST_F(S3ClientTest, TheOtherPayloadCheckIsASignedContentMd5) {
  serve([](const ScriptedRequest& request, std::size_t) { return etag_of(request); });
  options_.payload_check = PayloadCheck::md5;
  Client(options_, no_environment()).put("key", bytes("abc"));
  const ScriptedRequest request = server_->requests().at(0);
  EXPECT_EQ(request.headers.at("content-md5"), "kAFQmDzST7DWlj99KOF/cg==");
  EXPECT_EQ(request.headers.at("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  EXPECT_THAT(request.headers.at("authorization"), HasSubstr("SignedHeaders=content-md5;host;"));
}

TEST_F(S3ClientTest, AnonymousIsNotSignedButChecked) {
  serve([](const ScriptedRequest& request, std::size_t) { return etag_of(request); });
  Options options;
  options.bucket = "bucket";
  options.endpoint = server_->endpoint() + "/s3";
  options.anonymous = true;
  Client(options, no_environment()).put("key", bytes("abc"));
  const ScriptedRequest request = server_->requests().at(0);
  EXPECT_EQ(request.target, "/s3/bucket/key");
  EXPECT_FALSE(request.headers.contains("authorization"));
  EXPECT_FALSE(request.headers.contains("x-amz-date"));
  EXPECT_TRUE(request.headers.contains("content-md5"));
}

TEST_F(S3ClientTest, ABurstOfErrorsIsWaitedFor) {
  serve([](const ScriptedRequest& request, std::size_t count) {
    if (count == 0) return error_reply(500, "InternalError");
    if (count == 1) return error_reply(503, "SlowDown");
    if (count == 2) return ScriptedReply{502, "<html>no S3</html>"};
    if (count == 3) return error_reply(400, "RequestTimeout");
    if (count == 4) return error_reply(429, "TooManyRequests");
    return etag_of(request);
  });
  EXPECT_EQ(client().put("key", bytes("abc")), hex(md5(bytes_of("abc"))));
  EXPECT_EQ(server_->count(), 6u);
  for (const ScriptedRequest& request : server_->requests()) EXPECT_EQ(request.body, "abc");
}

TEST_F(S3ClientTest, ButNotForEver) {
  serve([](const ScriptedRequest&, std::size_t) {
    return error_reply(503, "SlowDown", "Reduce\x1b[31m your rate");
  });
  const S3Error error = error_of([&] { client().put("key", bytes("abc")); });
  EXPECT_EQ(server_->count(), 8u);
  EXPECT_EQ(error.status(), 503);
  EXPECT_EQ(error.s3_code(), "SlowDown");
  EXPECT_EQ(error.request_id(), "id-1");
  EXPECT_EQ(error.what(),
            "cannot write " + server_->endpoint() +
                "/bucket/key: the server answered 503 SlowDown \"Reduce [31m your rate\" "
                "(request id id-1, 8 attempts); try again later");
}

TEST_F(S3ClientTest, TheWholeTimeHasABoundToo) {
  serve([](const ScriptedRequest&, std::size_t) { return error_reply(503, "SlowDown"); });
  options_.retry.total = milliseconds(0);
  options_.retry.first_delay = options_.retry.longest_delay = milliseconds(10'000);
  Client client(options_, no_environment());
  error_of([&] { client.put("key", bytes("abc")); });
  EXPECT_LE(server_->count(), 2u);  // two where the random delay was none
}

TEST_F(S3ClientTest, AClientErrorIsNotRepeated) {
  serve([](const ScriptedRequest&, std::size_t) { return error_reply(403, "AccessDenied"); });
  const S3Error error = error_of([&] { static_cast<void>(client().get("key", 10)); });
  EXPECT_EQ(server_->count(), 1u);
  EXPECT_EQ(error.s3_code(), "AccessDenied");
  EXPECT_THAT(error.what(), HasSubstr("check the credentials (from options)"));
}

TEST_F(S3ClientTest, OnlyAMissingKeyIsAbsence) {
  serve([](const ScriptedRequest& request, std::size_t) -> ScriptedReply {
    if (request.target.ends_with("/bucket")) return {404, "<html>not S3</html>"};
    return error_reply(404, request.target.ends_with("/key") ? "NoSuchKey" : "NoSuchBucket");
  });
  std::vector<std::byte> buffer(10);
  EXPECT_EQ(client().get("key", 10), std::nullopt);
  EXPECT_EQ(client().get("key", buffer), std::nullopt);
  client().remove("key");
  EXPECT_EQ(error_of([&] { static_cast<void>(client().get("other", 10)); }).s3_code(),
            "NoSuchBucket");
  EXPECT_THAT(error_of([&] { static_cast<void>(client().get("a/bucket", 10)); }).what(),
              HasSubstr("answered 404"));
}

TEST_F(S3ClientTest, AHeadWithoutABodyMayMeanTheBucket) {
  serve([](const ScriptedRequest&, std::size_t) { return ScriptedReply{404, ""}; });
  EXPECT_EQ(error_of([&] { static_cast<void>(client().head("key")); }).s3_code(), "NoSuchBucket");
  serve([](const ScriptedRequest& request, std::size_t) {
    return ScriptedReply{request.target == "/bucket/" ? 200 : 404, ""};
  });
  EXPECT_EQ(client().head("key"), std::nullopt);
  EXPECT_EQ(client().head("other"), std::nullopt);
  EXPECT_EQ(server_->count(), 3u);  // the bucket only once
}

TEST_F(S3ClientTest, Head) {
  serve([](const ScriptedRequest&, std::size_t) {
    return ScriptedReply{
        200, "", {{"ETag", "\"abc-2\""}, {"Last-Modified", "then"}}, 5'000'000'000};
  });
  const auto info = client().head("key");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size, 5'000'000'000u);
  EXPECT_EQ(info->etag, "abc-2");
  EXPECT_EQ(info->last_modified, "then");
}

TEST_F(S3ClientTest, MetadataIsSignedAndComesBack) {
  serve([](const ScriptedRequest& request, std::size_t) {
    ScriptedReply reply = etag_of(request);
    reply.headers.emplace_back("X-Amz-Meta-One", "1%20");
    reply.headers.emplace_back("Content-Language", "de");
    return reply;
  });
  client().put("key", bytes("abc"), {{"one", "1%20"}, {"two", "2"}});
  const ScriptedRequest request = server_->requests().at(0);
  EXPECT_EQ(request.headers.at("x-amz-meta-one"), "1%20");
  EXPECT_EQ(request.headers.at("x-amz-meta-two"), "2");
  EXPECT_THAT(request.headers.at("authorization"), HasSubstr("x-amz-meta-one;x-amz-meta-two"));
  ObjectInfo got;
  ASSERT_TRUE(client().get("key", 10, {}, &got));
  for (const ObjectInfo& info : {got, client().head("key").value()}) {
    ASSERT_EQ(info.metadata.size(), 1u);
    EXPECT_EQ(info.metadata[0].name + "=" + info.metadata[0].value, "one=1%20");
  }
}

TEST_F(S3ClientTest, ABodyCutShortIsReadAgain) {
  serve([](const ScriptedRequest&, std::size_t count) {
    ScriptedReply reply{200, "0123456789"};
    if (count < 3) {
      reply.body = "xxxxxxxx";
      reply.body.resize(2 * count + 1);
      reply.content_length = 10;
      reply.close = true;
    }
    return reply;
  });
  EXPECT_EQ(text_of(client().get("key", 10).value()), "0123456789");
  EXPECT_EQ(server_->count(), 4u);
  serve([](const ScriptedRequest&, std::size_t) {
    return ScriptedReply{200, "01234", {}, 10, true};
  });
  std::vector<std::byte> buffer(10);
  const S3Error error = error_of([&] { static_cast<void>(client().get("key", buffer)); });
  EXPECT_THAT(error.what(), HasSubstr("the connection broke"));
  EXPECT_EQ(server_->count(), 8u);
}

TEST_F(S3ClientTest, AnUploadCutShortIsSentAgain) {
  std::string text(3'000'000, '\0');
  std::iota(text.begin(), text.end(), '\0');
  serve([](const ScriptedRequest& request, std::size_t) { return etag_of(request); },
        [](std::size_t count) { return count * 1'000'000; });
  EXPECT_EQ(client().put("key", bytes_of(text)), hex(md5(bytes_of(text))));
  EXPECT_GE(server_->count(), 4u);
  EXPECT_TRUE(server_->requests().back().body == text);
}

TEST_F(S3ClientTest, AnEarlyRefusalOfALargeBodyIsNotRepeated) {
  serve([](const ScriptedRequest&, std::size_t) {
    ScriptedReply reply = error_reply(403, "QuotaExceeded");
    reply.close = true;
    return reply;
  });
  const std::string text(3'000'000, 'x');
  EXPECT_EQ(error_of([&] { client().put("key", bytes_of(text)); }).s3_code(), "QuotaExceeded");
}

TEST_F(S3ClientTest, NoReplyAtAll) {
  serve([](const ScriptedRequest&, std::size_t) {
    ScriptedReply reply;
    reply.silent = true;
    return reply;
  });
  options_.retry.attempts = 3;
  Client client(options_, no_environment());
  const S3Error error = error_of([&] { client.remove("key"); });
  EXPECT_EQ(error.status(), 0);
  EXPECT_THAT(error.what(), HasSubstr("3 attempts"));
  EXPECT_EQ(server_->count(), 3u);
}

TEST_F(S3ClientTest, NobodyThere) {
  serve([](const ScriptedRequest&, std::size_t) { return ScriptedReply{}; });
  server_.reset();
  options_.retry.attempts = 2;
  Client client(options_, no_environment());
  const S3Error error = error_of([&] { client.put("key", bytes("abc")); });
  EXPECT_THAT(error.what(), HasSubstr("can't be reached"));
  EXPECT_THAT(error.what(), HasSubstr("check the endpoint"));
}

TEST_F(S3ClientTest, AServerThatHangsIsGivenUp) {
  serve([](const ScriptedRequest&, std::size_t count) {
    ScriptedReply reply{200, "late"};
    if (count == 0) reply.delay = std::chrono::minutes(10);
    return reply;
  });
  options_.stall_timeout = std::chrono::seconds(1);
  Client client(options_, no_environment());
  EXPECT_EQ(text_of(client.get("key", 10).value()), "late");
  EXPECT_EQ(server_->count(), 2u);
}

TEST_F(S3ClientTest, ASlowServerIsNot) {
  serve([](const ScriptedRequest&, std::size_t) {
    ScriptedReply reply{200, "slow"};
    reply.delay = milliseconds(300);
    return reply;
  });
  EXPECT_EQ(text_of(client().get("key", 10).value()), "slow");
  EXPECT_EQ(server_->count(), 1u);
}

TEST_F(S3ClientTest, WhatHasNoPlaceIsAnErrorAndTakesNoMemory) {
  serve([](const ScriptedRequest&, std::size_t) {
    return ScriptedReply{200, std::string(1000, 'x')};
  });
  std::vector<std::byte> buffer(1100, std::byte{7});
  const std::span small = std::span(buffer).first(999);
  EXPECT_THAT(error_of([&] { static_cast<void>(client().get("key", small)); }).what(),
              HasSubstr("larger than"));
  EXPECT_EQ(buffer[999], std::byte{7});
  EXPECT_THAT(error_of([&] { static_cast<void>(client().get("key", 999)); }).what(),
              HasSubstr("larger than"));
  EXPECT_EQ(server_->count(), 2u);
  EXPECT_EQ(client().get("key", buffer), 1000u);
  EXPECT_EQ(client().get("key", 1000)->size(), 1000u);
}

TEST_F(S3ClientTest, ABodyLongerThanItsLengthIsCutThere) {
  serve([](const ScriptedRequest&, std::size_t) {
    return ScriptedReply{200, "0123456789", {}, 4};
  });
  EXPECT_EQ(text_of(client().get("key", 100).value()), "0123");
  EXPECT_EQ(text_of(client().get("key", 100).value()), "0123");  // not the rest of the first
}

TEST_F(S3ClientTest, Ranges) {
  serve([](const ScriptedRequest&, std::size_t) {
    return ScriptedReply{206, "2345", {{"Content-Range", "bytes 2-5/10"}}};
  });
  EXPECT_EQ(text_of(client().get("key", 10, ByteRange{2, 4}).value()), "2345");
  EXPECT_EQ(server_->requests().at(0).headers.at("range"), "bytes=2-5");
  EXPECT_THROW(static_cast<void>(client().get("key", 10, ByteRange{2, 0})), Error);
  EXPECT_THROW(static_cast<void>(client().get("key", 10, ByteRange{2, ~std::uint64_t{0}})), Error);
  // Another range than the one that was asked for.
  error_of([&] { static_cast<void>(client().get("key", 10, ByteRange{3, 4})); });
}

TEST_F(S3ClientTest, AServerThatIgnoresRangesIsNotBelieved) {
  serve([](const ScriptedRequest&, std::size_t) { return ScriptedReply{200, "0123456789"}; });
  error_of([&] { static_cast<void>(client().get("key", 10, ByteRange{2, 4})); });
  std::vector<std::byte> buffer(4);
  error_of([&] { static_cast<void>(client().get("key", buffer, ByteRange{2, 4})); });
}

class S3CredentialsTest : public S3ClientTest {
 protected:
  void write(const std::string& id) {
    const TempFolder beside(folder_.path());
    test::write_bytes(beside / "credentials", "[default]\naws_access_key_id=" + id +
                                                  "\naws_secret_access_key=" + kSecret +
                                                  "\naws_session_token=" + kToken + "\n");
    std::filesystem::rename(beside / "credentials", folder_ / "credentials");
  }
  /// Accepts only the id "new".
  void serve_new(std::function<void()> on_old) {
    write("old");
    serve([on_old](const ScriptedRequest& request, std::size_t) -> ScriptedReply {
      if (request.headers.at("authorization").find("Credential=new/") != std::string::npos)
        return {200, "ok"};
      on_old();
      if (request.method == "HEAD") return {400, ""};
      return error_reply(400, "ExpiredToken");
    });
    Options options = options_;
    options.access_key_id = options.secret_access_key = options.session_token = "";
    client_ = std::make_unique<Client>(
        options, [this](const std::string& name) -> std::optional<std::string> {
          if (name == "AWS_SHARED_CREDENTIALS_FILE") return folder_ / "credentials";
          return {};
        });
  }
  TempFolder folder_;
};

TEST_F(S3CredentialsTest, ExpiredOnesAreReadAgain) {
  serve_new([this] { write("new"); });
  EXPECT_EQ(text_of(client().get("key", 10).value()), "ok");
  EXPECT_EQ(server_->count(), 2u);
  EXPECT_EQ(text_of(client().get("key", 10).value()), "ok");
  EXPECT_EQ(server_->count(), 3u);
  EXPECT_EQ(client().configuration().credentials.value.access_key_id, "new");
}

TEST_F(S3CredentialsTest, AHeadCannotSaySoButMayMeanIt) {
  serve_new([this] { write("new"); });
  EXPECT_TRUE(client().head("key"));
}

TEST_F(S3CredentialsTest, OnceOnly) {
  int number = 0;
  serve_new([&] { write("old" + std::to_string(++number)); });
  const S3Error error = error_of([&] { static_cast<void>(client().get("key", 10)); });
  EXPECT_EQ(error.s3_code(), "ExpiredToken");
  EXPECT_THAT(error.what(), HasSubstr("get new credentials (from profile \"default\" of "));
  EXPECT_EQ(server_->count(), 2u);
}

TEST_F(S3CredentialsTest, TheSameAreNotTriedAgain) {
  serve_new([] {});
  error_of([&] { static_cast<void>(client().get("key", 10)); });
  EXPECT_EQ(server_->count(), 1u);
}

TEST_F(S3CredentialsTest, ThatTheyCannotBeReadIsTheError) {
  serve_new([this] { test::write_bytes(folder_ / "credentials", "[default]\nno setting\n"); });
  try {
    Batch batch(client(), 2);
    std::vector<std::byte> buffer(10);
    batch.get("key", buffer, [](auto) { ADD_FAILURE() << "done"; });
    batch.finish();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::invalid_argument);
    EXPECT_THAT(error.what(), HasSubstr("line 2"));
  }
  EXPECT_EQ(server_->count(), 1u);
}

TEST_F(S3CredentialsTest, ManyThreadsAtATime) {
  serve_new([this] { write("new"); });
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 20; ++k) good += client().get("key", 10) ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(good, 160);
}

TEST_F(S3ClientTest, AWrongClockIsNamed) {
  serve([](const ScriptedRequest&, std::size_t) {
    ScriptedReply reply = error_reply(403, "RequestTimeTooSkewed");
    reply.headers.emplace_back("Date", "Mon, 23 Nov 2020 02:20:55 GMT");
    return reply;
  });
  const S3Error error = error_of([&] { static_cast<void>(client().get("key", 10)); });
  EXPECT_THAT(error.what(), HasSubstr("23 Nov 2020"));
  EXPECT_THAT(error.what(), HasSubstr("set the clock"));
  EXPECT_EQ(server_->count(), 1u);
}

TEST_F(S3ClientTest, ARedirectSaysWhereTo) {
  serve([](const ScriptedRequest& request, std::size_t) -> ScriptedReply {
    if (request.method == "HEAD") {
      return {301, "", {{"x-amz-bucket-region", "eu-west-2"}, {"Location", "http://127.0.0.1:1/"}}};
    }
    if (request.target.ends_with("/malformed")) {
      return {400,
              "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-4</Region></Error>"};
    }
    return {301,
            "<Error><Code>PermanentRedirect</Code><Endpoint>bucket.s3-eu-west-3.amazonaws.com</"
            "Endpoint></Error>",
            {{"x-amz-bucket-region", "eu-west-3"}}};
  });
  const S3Error error = error_of([&] { client().put("key", bytes("abc")); });
  EXPECT_THAT(error.what(), HasSubstr("region eu-west-3"));
  EXPECT_THAT(error.what(), HasSubstr("bucket.s3-eu-west-3.amazonaws.com"));
  EXPECT_THAT(error_of([&] { static_cast<void>(client().head("key")); }).what(),
              HasSubstr("region eu-west-2"));
  EXPECT_THAT(error_of([&] { client().put("malformed", bytes("abc")); }).what(),
              HasSubstr("region eu-west-4"));
  EXPECT_EQ(server_->count(), 3u);
}

TEST_F(S3ClientTest, WhatIsNotHttpIsABrokenConnection) {
  serve([](const ScriptedRequest&, std::size_t) { return ScriptedReply{99999, ""}; });
  options_.retry.attempts = 2;
  Client client(options_, no_environment());
  error_of([&] { static_cast<void>(client.get("key", 10)); });
}

std::string page_of(const std::string& key, const std::string& next) {
  return "<ListBucketResult><IsTruncated>" + std::string(next.empty() ? "false" : "true") +
         "</IsTruncated><Contents><Key>" + key +
         "</Key><Size>1</Size></Contents><NextContinuationToken>" + next +
         "</NextContinuationToken></ListBucketResult>";
}

std::vector<std::string> keys_of(Client& client) {
  std::vector<std::string> keys;
  client.list("p/", "", [&](const ListPage& page) {
    for (const ListedObject& object : page.objects) keys.push_back(object.key);
    return true;
  });
  return keys;
}

TEST_F(S3ClientTest, AListGoesOverAllPages) {
  serve([](const ScriptedRequest&, std::size_t count) -> ScriptedReply {
    if (count == 1) return error_reply(200, "InternalError");  // an error may come with a 200
    if (count == 2) return {200, "<ListBucketResult><IsTruncated>fal", {}, 500, true};
    return {200, page_of("p/k" + std::to_string(count),
                         count < 4 ? "t&amp;" + std::to_string(count) : "")};
  });
  EXPECT_THAT(keys_of(client()), ElementsAre("p/k0", "p/k3", "p/k4"));
  const auto requests = server_->requests();
  EXPECT_EQ(requests.at(0).target,
            "/bucket/?encoding-type=url&list-type=2&max-keys=1000&prefix=p%2F");
  EXPECT_EQ(
      requests.at(3).target,
      "/bucket/?continuation-token=t%260&encoding-type=url&list-type=2&max-keys=1000&prefix=p%2F");
}

TEST_F(S3ClientTest, AListThatGoesInCirclesEnds) {
  serve([](const ScriptedRequest&, std::size_t count) -> ScriptedReply {
    return {200, page_of("p/k", count % 2 == 0 ? "even" : "odd")};
  });
  EXPECT_THAT(error_of([&] { keys_of(client()); }).what(), HasSubstr("where it has been before"));
  EXPECT_EQ(server_->count(), 3u);
}

TEST_F(S3ClientTest, AListWithoutEndOrContentEnds) {
  serve([](const ScriptedRequest&, std::size_t count) -> ScriptedReply {
    return {200, "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>" +
                     std::to_string(count) + "</NextContinuationToken></ListBucketResult>"};
  });
  error_of([&] { keys_of(client()); });
}

TEST_F(S3ClientTest, AListIsCutWhereTheCallerWants) {
  serve([](const ScriptedRequest&, std::size_t) -> ScriptedReply {
    return {200, page_of("k", "t")};
  });
  client().list("", "", [](const ListPage&) { return false; });
  EXPECT_EQ(server_->count(), 1u);
}

TEST_F(S3ClientTest, RepliesThatMakeNoSenseNameTheUrl) {
  std::string body;
  serve([&](const ScriptedRequest&, std::size_t) -> ScriptedReply { return {200, body}; });
  const std::vector<std::string> keys = {"a"};
  for (const char* wrong : {"", "<a", "<html/>", "<ListBucketResult/>"}) {
    body = wrong;
    EXPECT_THAT(error_of([&] { keys_of(client()); }).what(),
                HasSubstr(server_->endpoint() + "/bucket/"))
        << wrong;
    EXPECT_THAT(error_of([&] { client().remove(keys); }).what(), HasSubstr("makes no sense"));
    error_of([&] { MultipartUpload upload(client(), "key"); });
  }
}

TEST_F(S3ClientTest, ManyAreRemovedAThousandAtATime) {
  serve([](const ScriptedRequest& request, std::size_t) -> ScriptedReply {
    if (request.method == "DELETE") return {204, ""};
    if (request.body.find("<Key>k1</Key>") == std::string::npos) return {200, "<DeleteResult/>"};
    return {200,
            "<DeleteResult><Error><Key>k1</Key><Code>InternalError</Code></Error>"
            "<Error><Key>k2</Key><Code>NoSuchKey</Code></Error></DeleteResult>"};
  });
  std::vector<std::string> keys;
  for (int i = 0; i < 1500; ++i) keys.push_back("k" + std::to_string(i));
  keys.push_back("not XML: \x01");
  client().remove(keys);
  std::vector<std::string> asked;
  for (const auto& request : server_->requests())
    asked.push_back(request.method + ' ' + request.target);
  EXPECT_THAT(asked, ElementsAre("POST /bucket/?delete=", "DELETE /bucket/k1",
                                 "DELETE /bucket/not%20XML%3A%20%01", "POST /bucket/?delete="));
  EXPECT_TRUE(server_->requests().at(0).headers.contains("content-md5"));
}

TEST_F(S3ClientTest, OneThatCannotBeRemovedIsAnErrorOfItsOwn) {
  serve([](const ScriptedRequest& request, std::size_t) -> ScriptedReply {
    if (request.method == "DELETE") return error_reply(403, "AccessDenied");
    return {200,
            "<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>"};
  });
  const std::vector<std::string> keys = {"a", "b"};
  EXPECT_THAT(error_of([&] { client().remove(keys); }).what(), HasSubstr("/bucket/b"));
}

TEST_F(S3ClientTest, PutNewFindsItsOwnFirstAttempt) {
  std::mutex mutex;  // each connection has a thread of its own
  std::string stored;
  serve([&](const ScriptedRequest& request, std::size_t) -> ScriptedReply {
    std::lock_guard lock(mutex);
    if (request.method == "HEAD") {
      return {200, "", {{"ETag", '"' + hex(md5(bytes_of(stored))) + '"'}}, stored.size()};
    }
    EXPECT_EQ(request.headers.at("if-none-match"), "*");
    if (!stored.empty()) return error_reply(412, "PreconditionFailed");
    stored = request.body;
    ScriptedReply reply;
    reply.silent = true;  // stored, and nobody is told
    return reply;
  });
  EXPECT_TRUE(client().put_new("key", bytes("mine")));
  EXPECT_FALSE(client().put_new("key", bytes("other")));
  EXPECT_FALSE(client().put_new("key", bytes("none")));  // of the same size
}

/// A server that puts parts together.
class Parts {
 public:
  ScriptedReply operator()(const ScriptedRequest& request, std::size_t) {
    std::lock_guard lock(mutex_);
    if (request.target.ends_with("?uploads=")) {
      return {200,
              "<InitiateMultipartUploadResult><UploadId>the+id</UploadId></"
              "InitiateMultipartUploadResult>"};
    }
    EXPECT_THAT(request.target, HasSubstr("uploadId=the%2Bid"));
    if (request.method == "DELETE") {
      ++aborted;
      return {204, ""};
    }
    if (request.method == "PUT") {
      const auto number =
          std::stoul(request.target.substr(request.target.find("partNumber=") + 11));
      if (number == fail_part) return error_reply(403, "AccessDenied");
      parts[number] = request.body;
      return etag_of(request);
    }
    ++completed;
    return complete(request);
  }
  [[nodiscard]] std::string whole() const {
    std::string text;
    for (const auto& [number, part] : parts) text += part;
    return text;
  }

  std::function<ScriptedReply(const ScriptedRequest&)> complete = [](const ScriptedRequest&) {
    return ScriptedReply{
        200,
        "  \n<CompleteMultipartUploadResult><ETag>\"e-3\"</ETag></CompleteMultipartUploadResult>"};
  };
  std::map<unsigned long, std::string> parts;
  unsigned long fail_part = 0;
  int aborted = 0, completed = 0;

 private:
  std::mutex mutex_;
};

class S3PartsTest : public S3ClientTest {
 protected:
  void serve_parts() {
    serve([this](const ScriptedRequest& request, std::size_t count) -> ScriptedReply {
      if (request.method == "HEAD") return {200, "", {{"ETag", '"' + head_etag_ + '"'}}, 250};
      return parts_(request, count);
    });
    options_.multipart_from = 200;
    options_.part_bytes = 100;
    client_ = std::make_unique<Client>(options_, no_environment());
    for (int i = 0; i < 250; ++i) text_ += static_cast<char>('a' + i % 26);
  }
  std::string put() { return client().put("key", bytes_of(text_)); }
  /// What S3 makes of the parts' MD5s.
  [[nodiscard]] std::string expected() const {
    std::string digests;
    for (std::size_t at = 0; at < text_.size(); at += 100) {
      const auto digest = md5(bytes_of(text_.substr(at, 100)));
      digests.append(digest.begin(), digest.end());
    }
    return hex(md5(bytes_of(digests))) + "-3";
  }
  Parts parts_;
  std::string head_etag_, text_;
};

TEST_F(S3PartsTest, LargeOnesGoUpInParts) {
  serve_parts();
  EXPECT_EQ(put(), "e-3");
  EXPECT_EQ(parts_.parts.size(), 3u);
  EXPECT_EQ(parts_.whole(), text_);
  EXPECT_EQ(parts_.aborted, 0);
}

TEST_F(S3PartsTest, AFailureAborts) {
  serve_parts();
  parts_.fail_part = 2;
  EXPECT_EQ(error_of([&] { put(); }).s3_code(), "AccessDenied");
  EXPECT_EQ(parts_.aborted, 1);
  EXPECT_EQ(parts_.completed, 0);
}

TEST_F(S3PartsTest, AnErrorInA200IsAnError) {
  serve_parts();
  parts_.complete = [](const ScriptedRequest&) { return error_reply(200, "InvalidPart"); };
  EXPECT_EQ(error_of([&] { put(); }).s3_code(), "InvalidPart");
  EXPECT_EQ(parts_.completed, 1);
  EXPECT_EQ(parts_.aborted, 1);
}

TEST_F(S3PartsTest, ATransientErrorInA200IsTriedAgain) {
  serve_parts();
  const auto good = parts_.complete;
  parts_.complete = [&, good](const ScriptedRequest& request) {
    return parts_.completed < 3 ? error_reply(200, "InternalError") : good(request);
  };
  EXPECT_EQ(put(), "e-3");
  EXPECT_EQ(parts_.completed, 3);
}

TEST_F(S3PartsTest, AnEmptyETagIsLookedUp) {
  serve_parts();
  head_etag_ = "looked-up-3";
  parts_.complete = [](const ScriptedRequest&) {
    return ScriptedReply{
        200, "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>"};
  };
  EXPECT_EQ(put(), "looked-up-3");
}

TEST_F(S3PartsTest, ALostReplyIsNoFailure) {
  serve_parts();
  parts_.complete = [&](const ScriptedRequest&) {
    if (parts_.completed > 1) return error_reply(404, "NoSuchUpload");
    ScriptedReply reply;
    reply.silent = true;
    return reply;
  };
  head_etag_ = expected();
  EXPECT_EQ(put(), expected());
  EXPECT_EQ(parts_.aborted, 0);
}

TEST_F(S3PartsTest, AnUploadThatSomebodyAbortedIs) {
  serve_parts();
  parts_.complete = [](const ScriptedRequest&) { return error_reply(404, "NoSuchUpload"); };
  head_etag_ = "of-another-object-3";
  EXPECT_EQ(error_of([&] { put(); }).s3_code(), "NoSuchUpload");
}

TEST_F(S3PartsTest, AGapIsAnError) {
  serve_parts();
  MultipartUpload upload(client(), "key");
  upload.put_part(1, bytes("a"));
  upload.put_part(3, bytes("c"));
  EXPECT_THROW(upload.complete(), Error);
}

TEST_F(S3PartsTest, ADestructorDoesNotThrow) {
  serve([](const ScriptedRequest& request, std::size_t) -> ScriptedReply {
    if (request.method == "DELETE") return error_reply(500, "InternalError");
    return {
        200,
        "<InitiateMultipartUploadResult><UploadId>x</UploadId></InitiateMultipartUploadResult>"};
  });
  { MultipartUpload upload(client(), "key"); }
  EXPECT_EQ(server_->count(), 3u);
}

TEST_F(S3ClientTest, ABatchKeepsManyInFlight) {
  std::atomic<int> now = 0, most = 0;
  serve([&](const ScriptedRequest& request, std::size_t) -> ScriptedReply {
    const int here = ++now;
    for (int seen = most; seen < here && !most.compare_exchange_weak(seen, here);) {
    }
    std::this_thread::sleep_for(milliseconds(5));
    --now;
    if (request.target.ends_with("/7")) return error_reply(404, "NoSuchKey");
    return {200, request.target};
  });
  std::vector<std::vector<std::byte>> buffers(40, std::vector<std::byte>(100));
  std::vector<std::optional<std::size_t>> received(40);
  Batch batch(client(), 4);
  for (std::size_t i = 0; i < 40; ++i) {
    batch.get(std::to_string(i), buffers[i], [&received, i](auto n) { received[i] = n; });
  }
  batch.finish();
  for (std::size_t i = 0; i < 40; ++i) {
    ASSERT_EQ(received[i].has_value(), i != 7);
    if (i == 7) continue;
    EXPECT_EQ(text_of(std::span(buffers[i]).first(*received[i])), "/bucket/" + std::to_string(i));
  }
  EXPECT_LE(most, 4);
}

TEST_F(S3ClientTest, ABatchTriesAgainWithoutHoldingUpOthers) {
  serve([](const ScriptedRequest& request, std::size_t count) {
    return count % 3 == 0 ? error_reply(503, "SlowDown") : etag_of(request);
  });
  const std::vector<std::byte> data = bytes("abc");
  int done = 0;
  Batch batch(client(), 4);
  for (int i = 0; i < 30; ++i)
    batch.put(std::to_string(i), data, [&](const std::string&) { ++done; });
  batch.finish();
  EXPECT_EQ(done, 30);
}

TEST_F(S3ClientTest, AnErrorEndsABatch) {
  serve([](const ScriptedRequest& request, std::size_t) {
    return request.target.ends_with("/3") ? error_reply(403, "AccessDenied") : etag_of(request);
  });
  const std::vector<std::byte> data = bytes("abc");
  Batch batch(client(), 2);
  EXPECT_EQ(error_of([&] {
              for (int i = 0; i < 1000; ++i) batch.put(std::to_string(i), data);
              batch.finish();
            }).s3_code(),
            "AccessDenied");
  EXPECT_LT(server_->count(), 20u);
  error_of([&] { batch.finish(); });
}

TEST_F(S3ClientTest, SoDoesWhatDoneThrows) {
  serve([](const ScriptedRequest& request, std::size_t) { return etag_of(request); });
  const std::vector<std::byte> data = bytes("abc");
  Batch batch(client(), 2);
  EXPECT_THROW(
      {
        batch.put("a", data, [](const std::string&) { throw std::out_of_range("x"); });
        batch.put("b", data);
        batch.finish();
      },
      std::out_of_range);
}

TEST_F(S3ClientTest, DoneMayStartOthers) {
  serve([](const ScriptedRequest& request, std::size_t) { return etag_of(request); });
  const std::vector<std::byte> data = bytes("abc");
  int left = 10;
  Batch batch(client(), 1);
  std::function<void(const std::string&)> next = [&](const std::string&) {
    if (--left > 0) batch.put("key", data, next);
  };
  batch.put("key", data, next);
  batch.finish();
  EXPECT_EQ(left, 0);
  EXPECT_EQ(server_->count(), 10u);
}

TEST_F(S3ClientTest, AnAbandonedBatchLeavesTheConnectionsUsable) {
  serve([](const ScriptedRequest&, std::size_t) { return ScriptedReply{200, "0123456789"}; });
  {
    std::vector<std::byte> buffer(10);
    Batch batch(client(), 4);
    for (int i = 0; i < 4; ++i) batch.get("key", buffer, [](auto) {});
  }
  EXPECT_EQ(text_of(client().get("key", 10).value()), "0123456789");
}

TEST_F(S3ClientTest, AReplyToAPutMayHaveABody) {
  serve([](const ScriptedRequest& request, std::size_t) -> ScriptedReply {
    if (request.target.ends_with("/error")) return error_reply(200, "AccessDenied");
    if (request.target.ends_with("/absent")) return error_reply(404, "NoSuchKey");
    return {200, "<Whatever/>"};
  });
  client().put("key", bytes("abc"));
  EXPECT_EQ(error_of([&] { client().put("error", bytes("abc")); }).s3_code(), "AccessDenied");
  EXPECT_EQ(error_of([&] { client().put("absent", bytes("abc")); }).s3_code(), "NoSuchKey");
}

TEST_F(S3ClientTest, AForkedProcessHasConnectionsOfItsOwn) {
  serve([](const ScriptedRequest& request, std::size_t) -> ScriptedReply {
    return {200, request.target};
  });
  const auto ask = [&](const std::string& key) {
    for (int i = 0; i < 50; ++i) {
      if (text_of(client().get(key, 100).value()) != "/bucket/" + key) return false;
    }
    return true;
  };
  EXPECT_TRUE(ask("before"));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(ask("child") ? 0 : 1);
  EXPECT_TRUE(ask("parent"));
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(S3ClientTest, KeysThatNoServerTakes) {
  serve([](const ScriptedRequest&, std::size_t) { return ScriptedReply{}; });
  for (const std::string& key : {std::string(), std::string(1025, 'x')}) {
    EXPECT_THROW(client().put(key, {}), Error);
    EXPECT_THROW(static_cast<void>(client().get(key, 1)), Error);
    EXPECT_THROW(client().remove(key), Error);
    EXPECT_THROW(MultipartUpload(client(), key), Error);
  }
  EXPECT_EQ(server_->count(), 0u);
  for (const char* bucket : {"", "a/b", "a b", "..", "a?b"}) {
    options_.bucket = bucket;
    EXPECT_THROW(Client(options_, no_environment()), Error);
  }
}

TEST_F(S3ClientTest, AReplyThatAnnouncesMoreThanThereIsMemoryDoesNoHarm) {
  serve([](const ScriptedRequest&, std::size_t count) {
    ScriptedReply reply{.body = "hello"};
    if (count > 0) return reply;
    reply.content_length = std::size_t{1} << 62;
    reply.close = true;
    return reply;
  });
  EXPECT_EQ(text_of(client().get("key", std::size_t{1} << 63).value()), "hello") << "at last";
  EXPECT_EQ(text_of(client().get("key", 100).value()), "hello");
  EXPECT_EQ(server_->count(), 3u);
}

TEST_F(S3ClientTest, AListOfWhatWasNotAskedForIsAnError) {
  for (const char* body :
       {"<ListBucketResult><Contents><Key>x</Key><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><CommonPrefixes><Prefix>w/</Prefix></CommonPrefixes></ListBucketResult>",
        "<ListBucketResult><CommonPrefixes><Prefix>w/a</Prefix></CommonPrefixes></"
        "ListBucketResult>"}) {
    ScriptedServer server(
        [&](const ScriptedRequest&, std::size_t) { return ScriptedReply{.body = body}; });
    Client client(options_for(server), no_environment());
    EXPECT_THROW((void)client.list_page("w/", "/"), Error) << body;
  }
}

/// A PUT whose reply is lost, and what a HEAD then finds.
std::vector<std::string> puts_after(const std::string& found_etag, const std::string& before) {
  ScriptedServer server([&](const ScriptedRequest& request, std::size_t count) {
    if (request.method == "HEAD")
      return ScriptedReply{.headers = {{"ETag", '"' + found_etag + '"'}}};
    return count == 0 ? ScriptedReply{.silent = true}
                      : ScriptedReply{.headers = {{"ETag", "\"new\""}}};
  });
  Client client(options_for(server), no_environment());
  client.put_over("key", bytes_of("text"), {}, before);
  std::vector<std::string> methods;
  for (const ScriptedRequest& request : server.requests()) methods.push_back(request.method);
  return methods;
}

TEST_F(S3ClientTest, WhatAnotherHasPutMeanwhileIsNotPutOver) {
  const std::string own = hex(md5(bytes_of("text")));
  // A connection that breaks before the reply: libcurl itself sends nothing again on a new one.
  EXPECT_EQ(puts_after(own, "old").back(), "HEAD") << "it was stored";
  EXPECT_EQ(puts_after("another", "old").back(), "HEAD") << "overtaken";
  EXPECT_EQ(puts_after("old", "old").back(), "PUT") << "it was not stored";
}

}  // namespace
}  // namespace functionfuse::io::s3
