#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace functionfuse::formats::hdf5 {

/// How many bytes a file's addresses and lengths have; its superblock says so.
struct Widths {
  unsigned address = 8;
  unsigned length = 8;
};

/// The address of what is not there.
inline constexpr std::uint64_t kNowhere = ~std::uint64_t{0};

/// Reads a structure of a file from its begin to its end, and never beyond it.
///
/// Every function but left() and at(): \error corrupt  "damaged at byte <at>: <what>: <why>"
class Cursor {
 public:
  /// \param at    where the bytes are in the file
  /// \param what  the structure, for errors
  Cursor(std::span<const std::byte> bytes, std::uint64_t at, const Widths& widths,
         const char* what) noexcept
      : bytes_(bytes), at_(at), widths_(&widths), what_(what) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  /// Of 1 to 8 bytes, the lowest first.
  std::uint64_t number(std::size_t size);
  std::uint64_t address();
  void addresses(unsigned count) { skip(std::uint64_t{count} * widths_->address); }
  std::uint64_t length() { return number(widths_->length); }
  /// Up to its NUL, which is skipped too.
  std::string_view text();
  void skip(std::uint64_t size);
  /// The next `size` bytes, as a structure of its own.
  Cursor part(std::uint64_t size, const char* what);

  [[nodiscard]] std::size_t left() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::uint64_t at() const noexcept { return at_; }
  void require(bool fits, const char* why) const {
    if (!fits) fail(why);
  }
  [[noreturn]] void fail(const std::string& why) const;

 private:
  std::span<const std::byte> bytes_;
  std::uint64_t at_;
  const Widths* widths_;
  const char* what_;
};

}  // namespace functionfuse::formats::hdf5
