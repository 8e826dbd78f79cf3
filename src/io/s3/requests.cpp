#include "io/s3/requests.hpp"

#include <algorithm>
#include <limits>
#include <random>

#include <unistd.h>

#include "functionfuse/error.hpp"

#include "io/base64.hpp"
#include "io/s3/digests.hpp"
#include "io/s3/failure.hpp"
#include "io/s3/signing.hpp"

namespace functionfuse::io::s3 {
namespace {

constexpr std::size_t kMostIdle = 64;
constexpr std::size_t kMostKeyBytes = 1024;
constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

double random_chance() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

void check_bucket(const std::string& bucket) {
  const bool fits = !bucket.empty() && std::all_of(bucket.begin(), bucket.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
  if (!fits || bucket == "." || bucket == "..") {
    throw Error(Errc::invalid_argument, "\"" + bucket + "\" is not the name of an S3 bucket");
  }
}

void check_call(const Call& call) {
  if (call.key.size() > kMostKeyBytes) {
    throw Error(Errc::invalid_argument, "an S3 key has at most 1024 bytes; this one has " +
                                            std::to_string(call.key.size()) + ": " + call.key);
  }
  if (call.range) {
    const auto [offset, length] = *call.range;
    if (length == 0 || length - 1 > std::numeric_limits<std::uint64_t>::max() - offset) {
      throw Error(Errc::invalid_argument,
                  "the byte range to read of " + call.key + " is empty, or too large");
    }
  }
}

std::string range_header(const ByteRange& range) {
  return "bytes=" + std::to_string(range.offset) + '-' +
         std::to_string(range.offset + range.length - 1);
}

/// Whether the reply has the bytes that were asked for, and not others.
bool has_range(const http::Reply& reply, const ByteRange& range) {
  return reply.status == 206 &&
         reply.header("content-range").starts_with("bytes " + std::to_string(range.offset) + '-');
}

bool is_head(const Call& call) { return std::string_view(call.method) == "HEAD"; }

/// What the reply says of an error. The body of a 200 may be one too; a HEAD has only its status.
ErrorReply error_in(const Call& call, const Answer& answer) {
  const http::Reply& reply = answer.reply;
  const bool xml = call.xml && reply.good();
  ErrorReply error = parse_error(xml ? answer.xml : reply.other_body).value_or(ErrorReply{});
  if (is_head(call) && error.code.empty()) {
    if (reply.status == 404) error.code = call.key.empty() ? "NoSuchBucket" : "NoSuchKey";
    if (reply.status == 301) error.code = "PermanentRedirect";
  }
  return error;
}

Verdict verdict_of(const Call& call, const Answer& answer) {
  const Verdict verdict = judge(answer.reply, answer.s3_code);
  const int status = answer.reply.status;
  const bool sends = call.method[0] == 'P';  // then nothing can be absent
  if (verdict == Verdict::absent && sends) return Verdict::fail;
  if (verdict == Verdict::done && call.range && !has_range(answer.reply, *call.range)) {
    return Verdict::fail;
  }
  // It may be expired credentials that such a reply is about.
  if (verdict == Verdict::fail && is_head(call) && (status == 400 || status == 403)) {
    return Verdict::renew;
  }
  return verdict;
}

}  // namespace

void check_key(const std::string& key) {
  if (key.empty()) throw Error(Errc::invalid_argument, "the key of an S3 object is empty");
}

/// A call with what its attempts have in common.
struct Requests::Exchange {
  Call call;
  Done done;
  std::vector<std::byte> xml;
  std::string payload;      // as Signable::payload
  std::string content_md5;  // the header, if any
  Credentials credentials;  // of the last attempt
  unsigned attempt = 0;
  unsigned most_attempts = 1;
  bool renewed = false;
  http::Transfers::Clock::time_point begin = http::Transfers::Clock::now();
};

Requests::Requests(Options options, Environment environment)
    : options_(std::move(options)), environment_(std::move(environment)), process_(::getpid()) {
  check_bucket(options_.bucket);
  configuration_ = resolve(options_, environment_);
  const Endpoint& endpoint = configuration_.endpoint.value;
  host_ = (configuration_.virtual_host.value ? options_.bucket + '.' : "") + endpoint.host;
  base_ = (endpoint.https ? "https://" : "http://") + host_;
}

Requests::~Requests() = default;

Configuration Requests::configuration() const {
  std::lock_guard lock(mutex_);
  return configuration_;
}

std::string Requests::path_of(const std::string& key) const {
  std::string path = configuration_.endpoint.value.path + '/';
  if (!configuration_.virtual_host.value) path += options_.bucket + '/';
  return path + encode_path(key);
}

std::string Requests::url(const std::string& key) const { return base_ + path_of(key); }

PayloadCheck Requests::payload_check() const noexcept {
  if (options_.payload_check != PayloadCheck::automatic) return options_.payload_check;
  return configuration_.endpoint.value.https ? PayloadCheck::md5 : PayloadCheck::sha256;
}

Requests::Lease Requests::lease() {
  const auto take_back = [this](http::Transfers* transfers) {
    std::unique_ptr<http::Transfers> owned(transfers);
    owned->cancel();
    std::lock_guard lock(mutex_);
    if (process_ == ::getpid() && idle_.size() < kMostIdle) idle_.push_back(std::move(owned));
  };
  {
    std::lock_guard lock(mutex_);
    if (process_ != ::getpid()) {
      // After a fork() the connections are the parent's. Not even closed here: that would tell the
      // server.
      for (auto& transfers : idle_) static_cast<void>(transfers.release());
      idle_.clear();
      process_ = ::getpid();
    }
    idle_.reserve(kMostIdle);  // taking back does not throw
    if (!idle_.empty()) {
      http::Transfers* transfers = idle_.back().release();
      idle_.pop_back();
      return {transfers, take_back};
    }
  }
  http::Options options;
  options.connect_timeout = options_.connect_timeout;
  options.stall_timeout = options_.stall_timeout;
  options.ca_bundle = configuration_.ca_bundle.value;
  return {new http::Transfers(options), take_back};
}

bool Requests::renew_credentials(const Credentials& old) {
  std::lock_guard lock(mutex_);
  // Another thread may have done it already.
  if (configuration_.credentials.value != old) return true;
  configuration_.credentials = resolve(options_, environment_).credentials;
  return configuration_.credentials.value != old;
}

http::Request Requests::signed_request(Exchange& exchange) const {
  const Call& call = exchange.call;
  const std::string path = path_of(call.key), query = encode_query(call.query);
  http::Request request{call.method, base_ + path + (query.empty() ? "" : '?' + query),
                        call.headers, call.body, call.target};
  if (call.range) request.headers.push_back({"range", range_header(*call.range)});
  if (!exchange.content_md5.empty())
    request.headers.push_back({"content-md5", exchange.content_md5});
  if (exchange.credentials.anonymous()) return request;
  const Scope scope{amz_date(std::chrono::system_clock::now()), configuration_.region.value};
  request.headers.push_back({"x-amz-content-sha256", exchange.payload});
  request.headers.push_back({"x-amz-date", scope.time});
  if (!exchange.credentials.session_token.empty()) {
    request.headers.push_back({"x-amz-security-token", exchange.credentials.session_token});
  }
  Signable signable{call.method, path, query, request.headers, exchange.payload};
  signable.headers.push_back({"host", host_});
  request.headers.push_back(
      {"authorization", authorization(signable, scope, exchange.credentials)});
  return request;
}

void Requests::start(http::Transfers& transfers, Call call, Done done) {
  check_call(call);
  auto exchange = std::make_shared<Exchange>();
  exchange->most_attempts =
      std::max(1u, call.attempts != 0 ? call.attempts : options_.retry.attempts);
  const bool anonymous = options_.anonymous;
  const bool hashed = payload_check() == PayloadCheck::sha256 && !anonymous;
  if (call.body.empty()) {
    exchange->payload = kEmptySha256;
  } else {
    exchange->payload = hashed ? hex(sha256(call.body)) : std::string(kUnsignedPayload);
    if (!hashed || call.content_md5) {
      const Md5Digest digest = md5(call.body);
      exchange->content_md5 = to_base64(std::as_bytes(std::span(digest)));
    }
  }
  if (call.xml) call.target = {{}, &exchange->xml, kMostXmlBytes};
  exchange->call = std::move(call);
  exchange->done = std::move(done);
  send(transfers, std::move(exchange), std::chrono::milliseconds{0});
}

void Requests::send(http::Transfers& transfers, std::shared_ptr<Exchange> exchange,
                    std::chrono::milliseconds delay) {
  ++exchange->attempt;
  {
    std::lock_guard lock(mutex_);
    exchange->credentials = configuration_.credentials.value;
  }
  http::Request request = signed_request(*exchange);
  transfers.start(
      std::move(request),
      [this, &transfers, exchange](http::Reply reply) {
        receive(transfers, exchange, std::move(reply));
      },
      delay);
}

void Requests::receive(http::Transfers& transfers, const std::shared_ptr<Exchange>& exchange,
                       http::Reply reply) {
  const Call& call = exchange->call;
  Answer answer;
  answer.reply = std::move(reply);
  if (call.xml) {
    answer.xml.assign(reinterpret_cast<const char*>(exchange->xml.data()), exchange->xml.size());
  }
  const ErrorReply error = error_in(call, answer);
  answer.s3_code = error.code;
  answer.verdict = verdict_of(call, answer);
  try {
    if (try_again(transfers, exchange, answer)) return;
  } catch (...) {
    answer.error = std::current_exception();  // no new credentials, for one
  }
  const bool good = answer.verdict == Verdict::done || answer.verdict == Verdict::absent;
  if (!good && answer.verdict != Verdict::conflict) answer.verdict = Verdict::fail;
  if (!good && !answer.error) {
    const Configuration used = configuration();
    answer.error = error_of({call.what, url(call.key), options().bucket, used.endpoint.from, used.credentials.from,
                             used.credentials.value.anonymous(), exchange->attempt},
                            answer.reply, error);
  }
  // Of a missing key a body says so; a HEAD has none, and may mean the bucket.
  if (answer.verdict == Verdict::done || (good && !answer.reply.other_body.empty())) {
    bucket_seen_ = true;
  }
  exchange->done(std::move(answer));
}

bool Requests::try_again(http::Transfers& transfers, const std::shared_ptr<Exchange>& exchange,
                         const Answer& answer) {
  if (answer.verdict == Verdict::renew && !exchange->renewed) {
    exchange->renewed = true;
    if (!renew_credentials(exchange->credentials)) return false;
    send(transfers, exchange, std::chrono::milliseconds{0});
    return true;
  }
  if (answer.verdict != Verdict::retry || exchange->attempt >= exchange->most_attempts)
    return false;
  const auto delay = delay_before(exchange->attempt + 1, options_.retry, random_chance(),
                                  answer.reply.header("retry-after"));
  const auto then = http::Transfers::Clock::now() + delay;
  if (then - exchange->begin > options_.retry.total) return false;
  send(transfers, exchange, delay);
  return true;
}

Answer Requests::run(Call call) {
  Answer answer = try_run(std::move(call));
  answer.throw_error();
  return answer;
}

Answer Requests::try_run(Call call) {
  const Lease transfers = lease();
  Answer result;
  start(*transfers, std::move(call), [&](Answer answer) { result = std::move(answer); });
  transfers->run_until(0);
  return result;
}

}  // namespace functionfuse::io::s3
