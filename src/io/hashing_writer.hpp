#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <thread>

#include "io/background_sha1.hpp"
#include "io/file.hpp"

namespace functionfuse::io {

/// Writes large pieces to a file while another thread computes their SHA-1 from the same memory.
/// \threads one caller
class HashingWriter {
 public:
  /// Both must outlive it.
  HashingWriter(int fd, const Where& where) : fd_(fd), where_(where) {}

  /// Written when it returns, but `data` is still being read: until wait() or finish().
  void write(const void* data, std::size_t size) {
    hash_.update(data, size);
    write_all(fd_, data, size, where_);
  }
  /// The same for data that may go as soon as this returns or throws.
  void write_and_wait(const void* data, std::size_t size) {
    try {
      write(data, size);
      hash_.wait();
    } catch (...) {
      hash_.stop();
      throw;
    }
  }
  void wait() { hash_.wait(); }
  /// Writes the digest of all that was written, and returns it.
  Sha1Digest finish() {
    const Sha1Digest digest = hash_.digest();
    write_all(fd_, digest.data(), digest.size(), where_);
    return digest;
  }

 private:
  int fd_;
  Where where_;
  BackgroundSha1 hash_;
};

/// The SHA-1 of the first `size` bytes of a file, from a thread of its own.
class BackgroundFileSha1 {
 public:
  /// Both must outlive it.
  BackgroundFileSha1(int fd, std::uint64_t size, const Where& where);
  ~BackgroundFileSha1();
  BackgroundFileSha1(const BackgroundFileSha1&) = delete;
  BackgroundFileSha1& operator=(const BackgroundFileSha1&) = delete;
  /// Waits for it. Once only.
  [[nodiscard]] Sha1Digest digest();

 private:
  void run();

  int fd_;
  std::uint64_t size_;
  Where where_;
  std::atomic<bool> stop_ = false;
  std::exception_ptr error_;
  Sha1Digest digest_{};
  std::thread thread_;
};

}  // namespace functionfuse::io
