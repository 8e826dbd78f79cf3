#include "io/hashing_writer.hpp"

#include <algorithm>
#include <memory>

namespace functionfuse::io {

BackgroundFileSha1::BackgroundFileSha1(int fd, std::uint64_t size, const Where& where)
    : fd_(fd), size_(size), where_(where), thread_([this] { run(); }) {}

BackgroundFileSha1::~BackgroundFileSha1() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

Sha1Digest BackgroundFileSha1::digest() {
  thread_.join();
  if (error_) std::rethrow_exception(error_);
  return digest_;
}

void BackgroundFileSha1::run() {
  try {
    // Read, not mapped: a mapped file that somebody cuts short ends the program (SIGBUS). A buffer
    // that stays in the cache costs little.
    constexpr std::size_t kBuffer = std::size_t{256} << 10;
    auto buffer = std::make_unique_for_overwrite<char[]>(kBuffer);
    Sha1 hash;
    for (std::uint64_t done = 0; done < size_ && !stop_;) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(size_ - done, kBuffer));
      read_all(fd_, done, buffer.get(), n, where_);
      hash.update(buffer.get(), n);
      done += n;
    }
    digest_ = hash.digest();
  } catch (...) {
    error_ = std::current_exception();  // for digest(), which rethrows it
  }
}

}  // namespace functionfuse::io
