#include <gtest/gtest.h>

#include "io/s3/retry.hpp"

namespace functionfuse::io::s3 {
namespace {

using http::Failure;
using std::chrono::milliseconds;

Verdict of(int status, std::string_view code = {}, Failure failure = Failure::none) {
  http::Reply reply;
  reply.status = status;
  reply.failure = failure;
  return judge(reply, code);
}

TEST(S3RetryTest, WhatMayPassIsTriedAgain) {
  for (int status : {500, 502, 503, 504, 599, 429}) EXPECT_EQ(of(status), Verdict::retry) << status;
  EXPECT_EQ(of(503, "SlowDown"), Verdict::retry);
  EXPECT_EQ(of(400, "RequestTimeout"), Verdict::retry);
  EXPECT_EQ(of(409, "ConditionalRequestConflict"), Verdict::retry);
  EXPECT_EQ(of(200, "InternalError"), Verdict::retry);
  for (Failure failure : {Failure::no_host, Failure::unreachable, Failure::timed_out,
                          Failure::no_tls, Failure::broken}) {
    EXPECT_EQ(of(0, {}, failure), Verdict::retry);
    EXPECT_EQ(of(200, {}, failure), Verdict::retry);
  }
}

TEST(S3RetryTest, WhatStaysIsNot) {
  for (int status : {301, 307, 400, 401, 403, 404, 405, 409, 411, 413, 416, 501, 505}) {
    EXPECT_EQ(of(status), Verdict::fail) << status;
  }
  EXPECT_EQ(of(403, "RequestTimeTooSkewed"), Verdict::fail);
  EXPECT_EQ(of(404, "NoSuchBucket"), Verdict::fail);
  EXPECT_EQ(of(404, "NoSuchUpload"), Verdict::fail);
  EXPECT_EQ(of(200, "AccessDenied"), Verdict::fail);
  EXPECT_EQ(of(200, {}, Failure::too_large), Verdict::fail);
  EXPECT_EQ(of(0, {}, Failure::refused), Verdict::fail);
  EXPECT_EQ(of(0, {}, Failure::untrusted), Verdict::fail);
  // A server may refuse before it has read the whole body.
  EXPECT_EQ(of(403, "AccessDenied", Failure::broken), Verdict::fail);
}

TEST(S3RetryTest, Others) {
  for (int status : {200, 204, 206}) EXPECT_EQ(of(status), Verdict::done);
  EXPECT_EQ(of(404, "NoSuchKey"), Verdict::absent);
  EXPECT_EQ(of(412, "PreconditionFailed"), Verdict::conflict);
  EXPECT_EQ(of(400, "ExpiredToken"), Verdict::renew);
}

TEST(S3RetryTest, DelaysDoubleUpToTheLongest) {
  const RetryOptions options{.first_delay = milliseconds(100), .longest_delay = milliseconds(1000)};
  EXPECT_EQ(delay_before(2, options, 1, ""), milliseconds(100));
  EXPECT_EQ(delay_before(3, options, 1, ""), milliseconds(200));
  EXPECT_EQ(delay_before(5, options, 1, ""), milliseconds(800));
  EXPECT_EQ(delay_before(6, options, 1, ""), milliseconds(1000));
  EXPECT_EQ(delay_before(4'000'000'000, options, 1, ""), milliseconds(1000));
  EXPECT_EQ(delay_before(3, options, 0.5, ""), milliseconds(100));
  EXPECT_EQ(delay_before(3, options, 0, ""), milliseconds(0));
}

TEST(S3RetryTest, TheServerMayAskForMore) {
  const RetryOptions options{.first_delay = milliseconds(100), .longest_delay = milliseconds(5000)};
  EXPECT_EQ(delay_before(2, options, 1, "2"), milliseconds(2000));
  EXPECT_EQ(delay_before(2, options, 1, "4000000"), milliseconds(5000));
  EXPECT_EQ(delay_before(2, options, 1, "99999999999999"), milliseconds(100));
  EXPECT_EQ(delay_before(2, options, 1, "Fri, 24 May 2013 00:00:00 GMT"), milliseconds(100));
  EXPECT_EQ(delay_before(2, options, 1, "0"), milliseconds(100));
}

}  // namespace
}  // namespace functionfuse::io::s3
