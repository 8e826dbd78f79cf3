#include "io/background_sha1.hpp"

#include <algorithm>

namespace functionfuse::io {

void BackgroundSha1::stop() noexcept {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundSha1::update(const void* data, std::size_t size) {
  if (size == 0) return;
  {
    std::lock_guard lock(mutex_);
    pieces_.push_back({static_cast<const char*>(data), size});
  }
  if (thread_.joinable()) {
    changed_.notify_all();
  } else {
    thread_ = std::thread([this] { run(); });
  }
}

void BackgroundSha1::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pieces_.empty() || error_; });
  if (error_) std::rethrow_exception(error_);
}

Sha1Digest BackgroundSha1::digest() {
  wait();
  return hash_.digest();
}

void BackgroundSha1::run() {
  // A stop need not wait for a whole array.
  constexpr std::size_t kSlice = std::size_t{1} << 20;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || !pieces_.empty(); });
    if (stop_) return;
    Piece& piece = pieces_.front();
    const char* data = piece.data;
    const std::size_t size = std::min(piece.size, kSlice);
    lock.unlock();
    std::exception_ptr error;
    try {
      hash_.update(data, size);
    } catch (...) {
      error = std::current_exception();  // for wait(), which rethrows it
    }
    lock.lock();
    error_ = error;
    piece.data += size;
    piece.size -= size;
    if (piece.size == 0) pieces_.pop_front();
    if (pieces_.empty() || error_) changed_.notify_all();
    if (error_) return;
  }
}

}  // namespace functionfuse::io
