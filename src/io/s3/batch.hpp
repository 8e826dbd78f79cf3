#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "io/s3/client.hpp"

namespace functionfuse::io::s3 {

/// Many requests in flight from one thread. They move on while that thread is in one of these
/// calls, which all call the `done` of what has finished meanwhile; `done` may start others.
///
/// After an error the others are given up, and it is thrown by the next call, finish() at the
/// latest. What a `done` throws counts as such an error.
///
/// \threads one
class Batch {
 public:
  /// The client must outlive it.
  explicit Batch(Client& client, std::size_t at_most = kRequestsInFlight);
  ~Batch();  ///< gives up what is in flight
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  /// As Client::get; empty: there is no such object. The buffer must stay until `done`.
  void get(const std::string& key, std::span<std::byte> buffer,
           std::function<void(std::optional<std::size_t> received)> done,
           std::optional<ByteRange> range = {});
  /// In one request, whatever its size. The data must stay until `done`.
  void put(const std::string& key, std::span<const std::byte> data,
           std::function<void(const std::string& etag)> done = {});
  /// Any other call; `done` gets only answers that are no errors.
  void start(Call call, std::function<void(const Answer&)> done);
  /// Returns when all are done.
  void finish();

 private:
  void move(std::size_t in_flight);
  void fail() noexcept;

  Requests& requests_;
  std::size_t at_most_;
  bool in_done_ = false;
  std::exception_ptr error_;
  Requests::Lease transfers_;
};

}  // namespace functionfuse::io::s3
