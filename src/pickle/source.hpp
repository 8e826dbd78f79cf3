#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/io.hpp"

namespace functionfuse {

/// The bytes of a pickle from first to last: straight from memory where the input lies there,
/// otherwise through a window.
class Source {
 public:
  explicit Source(Input& input);

  [[nodiscard]] std::uint64_t offset() const noexcept {
    return window_offset_ + static_cast<std::uint64_t>(next_ - window_);
  }
  [[nodiscard]] std::uint64_t remaining() const noexcept { return size_ - offset(); }

  /// The next `size` bytes, valid until the next call. \error corrupt  cut short
  const char* take(std::uint64_t size) {
    if (size > static_cast<std::uint64_t>(end_ - next_)) refill(size);
    const char* p = next_;
    next_ += size;
    return p;
  }
  /// The next bytes without taking them; null where they don't lie together.
  [[nodiscard]] const char* peek(std::size_t size) const noexcept {
    return size <= static_cast<std::size_t>(end_ - next_) ? next_ : nullptr;
  }
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof(T)), sizeof(T));
    return value;
  }
  /// Up to a newline, which is taken too.
  std::string_view line();
  /// The next bytes into `data`, without going through the window.
  void read(void* data, std::uint64_t size);
  void skip(std::uint64_t size);
  /// \error corrupt  fewer than `size` bytes are left
  void check(std::uint64_t size) const;

 private:
  void refill(std::uint64_t size);

  Input& input_;
  std::uint64_t size_;
  std::uint64_t window_offset_ = 0;
  const char* window_;
  const char* next_;
  const char* end_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
};

}  // namespace functionfuse
