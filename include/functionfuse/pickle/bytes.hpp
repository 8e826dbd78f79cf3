#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace functionfuse {

/// Bytes that are not text: Python's `bytes`. (A std::string is Python's `str` and must be UTF-8.)
class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::vector<std::byte> data) : data_(std::move(data)) {}
  explicit Bytes(std::span<const std::byte> data) : data_(data.begin(), data.end()) {}
  /// The characters of `text`, whatever they are.
  explicit Bytes(std::string_view text)
      : Bytes(std::as_bytes(std::span(text.data(), text.size()))) {}

  [[nodiscard]] const std::byte* data() const noexcept { return data_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return data_.size(); }
  [[nodiscard]] bool empty() const noexcept { return data_.empty(); }
  [[nodiscard]] std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(data_.data()), data_.size()};
  }
  [[nodiscard]] std::vector<std::byte>& vector() noexcept { return data_; }
  [[nodiscard]] const std::vector<std::byte>& vector() const noexcept { return data_; }
  operator std::span<const std::byte>() const noexcept { return data_; }
  friend bool operator==(const Bytes&, const Bytes&) = default;

 private:
  std::vector<std::byte> data_;
};

}  // namespace functionfuse
