#include "formats/hdf5/cursor.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <functionfuse/error.hpp>

namespace functionfuse::formats::hdf5 {

void Cursor::fail(const std::string& why) const {
  throw CorruptError(fmt::format("damaged at byte {}: {}: {}", at_, what_, why), at_);
}

std::uint64_t Cursor::number(std::size_t size) {
  if (size > left()) fail("it ends too early");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value |= std::to_integer<std::uint64_t>(bytes_[i]) << 8 * i;
  }
  skip(size);
  return value;
}

std::uint64_t Cursor::address() {
  const std::uint64_t value = number(widths_->address);
  return value == kNowhere >> (64 - 8 * widths_->address) ? kNowhere : value;
}

std::string_view Cursor::text() {
  const auto end = std::find(bytes_.begin(), bytes_.end(), std::byte{0});
  if (end == bytes_.end()) fail("a text has no end");
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data()),
                              static_cast<std::size_t>(end - bytes_.begin()));
  skip(text.size() + 1);
  return text;
}

void Cursor::skip(std::uint64_t size) {
  if (size > left()) fail("it ends too early");
  bytes_ = bytes_.subspan(static_cast<std::size_t>(size));
  at_ += size;
}

Cursor Cursor::part(std::uint64_t size, const char* what) {
  Cursor whole = *this;
  skip(size);
  return {whole.bytes_.first(static_cast<std::size_t>(size)), whole.at_, *widths_, what};
}

}  // namespace functionfuse::formats::hdf5
