#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace functionfuse::detail {

/// Appends a code point as UTF-8. What is not a code point of Unicode (a surrogate, or beyond
/// 0x10ffff) is encoded in the same pattern, so that nothing is lost; false is returned for it.
bool append_utf8(std::string& out, char32_t code);

/// Python's repr of a str: 'ab', "it's", '\n', '\xad'. What Python escapes for not being printable
/// is escaped, except for unassigned code points; bytes that are not UTF-8 appear as \xNN.
std::string python_repr(std::string_view utf8);

/// Python's repr of a str that is given as code points, valid or not.
std::string python_repr(std::u32string_view text);

/// Python's repr of bytes: b'ab\x00'.
std::string python_bytes_repr(std::span<const std::byte> bytes);

/// Numpy's str of raw void bytes: b'\x61\xFF', every byte escaped.
std::string numpy_void_repr(std::span<const std::byte> bytes);

/// Number of code points, as Python's len() counts them; for columns of text.
std::size_t text_width(std::string_view utf8);

}  // namespace functionfuse::detail
