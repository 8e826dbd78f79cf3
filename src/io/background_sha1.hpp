#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "io/sha1.hpp"

namespace functionfuse::io {

/// A SHA-1 that a thread of its own computes while the caller does something else with the same
/// bytes. The thread starts with the first piece.
/// \threads one caller
class BackgroundSha1 {
 public:
  BackgroundSha1() = default;
  ~BackgroundSha1() { stop(); }
  BackgroundSha1(const BackgroundSha1&) = delete;
  BackgroundSha1& operator=(const BackgroundSha1&) = delete;

  /// `data` must stay as it is until wait() or digest() returns, or this is destroyed.
  void update(const void* data, std::size_t size);
  /// Until all pieces are done.
  void wait();
  /// Drops what is not done yet: the pieces may go. Nothing may follow.
  void stop() noexcept;
  [[nodiscard]] Sha1Digest digest();

 private:
  struct Piece {
    const char* data;
    std::size_t size;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> pieces_;  // the first is being worked on
  bool stop_ = false;
  std::exception_ptr error_;
  Sha1 hash_;
  std::thread thread_;
};

}  // namespace functionfuse::io
