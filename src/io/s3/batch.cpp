#include "io/s3/batch.hpp"

#include <algorithm>
#include <utility>

namespace functionfuse::io::s3 {

Batch::Batch(Client& client, std::size_t at_most)
    : requests_(client.requests()),
      at_most_(std::max<std::size_t>(1, at_most)),
      transfers_(requests_.lease()) {}

Batch::~Batch() = default;

void Batch::move(std::size_t in_flight) {
  if (!error_ && !in_done_) {
    try {
      transfers_->run_until(in_flight);
    } catch (...) {
      fail();
    }
  }
  if (error_) std::rethrow_exception(error_);
}

/// Keeps the exception that is being handled, for the next call.
void Batch::fail() noexcept {
  error_ = std::current_exception();
  transfers_->cancel();
}

void Batch::start(Call call, std::function<void(const Answer&)> done) {
  move(at_most_ - 1);
  requests_.start(*transfers_, std::move(call),
                  [this, done = std::move(done)](const Answer& answer) {
                    in_done_ = true;
                    try {
                      answer.throw_error();
                      done(answer);
                    } catch (...) {
                      fail();
                    }
                    in_done_ = false;
                  });
  move(at_most_);  // sends it, as far as that goes without waiting
}

void Batch::get(const std::string& key, std::span<std::byte> buffer,
                std::function<void(std::optional<std::size_t>)> done,
                std::optional<ByteRange> range) {
  check_key(key);
  Call call{.what = "read", .key = key};
  call.target.buffer = buffer;
  call.range = range;
  start(std::move(call), [done = std::move(done)](const Answer& answer) {
    const bool absent = answer.verdict == Verdict::absent;
    done(absent ? std::nullopt : std::optional(answer.reply.received));
  });
}

void Batch::put(const std::string& key, std::span<const std::byte> data,
                std::function<void(const std::string&)> done) {
  check_key(key);
  Call call{.what = "write", .method = "PUT", .key = key};
  call.body = data;
  start(std::move(call), [done = std::move(done)](const Answer& answer) {
    if (done) done(without_quotes(answer.reply.header("etag")));
  });
}

void Batch::finish() { move(0); }

}  // namespace functionfuse::io::s3
