#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace functionfuse {

/// Index of the first byte that is not part of valid UTF-8, text.size() where there is none.
/// \param surrogates  three-byte forms of lone surrogates count as valid (Python's "surrogatepass")
std::size_t find_invalid_utf8_slow(std::string_view text, std::size_t from, bool surrogates);

inline std::size_t find_invalid_utf8(std::string_view text, bool surrogates = false) {
  std::size_t i = 0;
  std::uint64_t word;
  for (; i + 8 <= text.size(); i += 8) {
    std::memcpy(&word, text.data() + i, 8);
    if (word & 0x8080808080808080u) return find_invalid_utf8_slow(text, i, surrogates);
  }
  for (; i < text.size(); ++i) {
    if (text[i] & 0x80) return find_invalid_utf8_slow(text, i, surrogates);
  }
  return i;
}

/// Appends a code point; surrogates in their three-byte form.
void append_utf8(std::string& text, std::uint32_t code_point);

}  // namespace functionfuse
