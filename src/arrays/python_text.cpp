#include "python_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

namespace functionfuse::detail {
namespace {

constexpr std::string_view kLowerHex = "0123456789abcdef";
constexpr std::string_view kUpperHex = "0123456789ABCDEF";

struct Range {
  char32_t first, last;
};

// Assigned code points for which Python's str.isprintable() is false: controls (Cc), formats (Cf),
// surrogates (Cs), private use (Co), separators other than the space (Zl, Zp, Zs).
constexpr Range kNotPrintable[] = {
    {0x0, 0x1f},        {0x7f, 0xa0},       {0xad, 0xad},       {0x600, 0x605},
    {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},
    {0x8e2, 0x8e2},     {0x1680, 0x1680},   {0x180e, 0x180e},   {0x2000, 0x200f},
    {0x2028, 0x202f},   {0x205f, 0x2064},   {0x2066, 0x206f},   {0x3000, 0x3000},
    {0xd800, 0xf8ff},   {0xfeff, 0xfeff},   {0xfff9, 0xfffb},   {0xfffe, 0xffff},
    {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f}, {0xf0000, 0xffffffff},
};

bool is_printable(char32_t code) {
  const auto* range = std::lower_bound(std::begin(kNotPrintable), std::end(kNotPrintable), code,
                                       [](const Range& r, char32_t c) { return r.last < c; });
  return range == std::end(kNotPrintable) || code < range->first;
}

void append_hex(std::string& out, char32_t value, int digits, std::string_view alphabet) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += alphabet[(value >> shift) & 0xf];
  }
}

// The short escapes that Python's repr uses in str and bytes alike.
bool append_short_escape(std::string& out, char32_t code, char quote) {
  switch (code) {
    case '\t':
      out += "\\t";
      return true;
    case '\n':
      out += "\\n";
      return true;
    case '\r':
      out += "\\r";
      return true;
    case '\\':
      out += "\\\\";
      return true;
    default:
      break;
  }
  if (code != static_cast<char32_t>(quote)) return false;
  out += '\\';
  out += quote;
  return true;
}

void append_char(std::string& out, char32_t code, char quote) {
  if (append_short_escape(out, code, quote)) return;
  if (is_printable(code)) {
    append_utf8(out, code);
  } else if (code <= 0xff) {
    out += "\\x";
    append_hex(out, code, 2, kLowerHex);
  } else if (code <= 0xffff) {
    out += "\\u";
    append_hex(out, code, 4, kLowerHex);
  } else {
    out += "\\U";
    append_hex(out, code, 8, kLowerHex);
  }
}

// Python prefers '...', and takes "..." where that saves escaping.
template <class Text>
char choose_quote(const Text& text) {
  using Char = typename Text::value_type;
  const bool single = std::find(text.begin(), text.end(), Char('\'')) != text.end();
  const bool twofold = std::find(text.begin(), text.end(), Char('"')) != text.end();
  return single && !twofold ? '"' : '\'';
}

// The code point at the start of the text and its length in bytes; length 0 if it is not UTF-8.
struct Decoded {
  char32_t code;
  std::size_t length;
};

Decoded decode_utf8(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {0, 0};
  char32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return {0, 0};
    code = (code << 6) | (next & 0x3f);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10ffff) return {0, 0};
  return {code, length};
}

}  // namespace

bool append_utf8(std::string& out, char32_t code) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | ((code >> 18) & 0x7));
    tail(12);
    tail(6);
    tail(0);
  }
  return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

std::string python_repr(std::string_view utf8) {
  const char quote = choose_quote(utf8);
  std::string out(1, quote);
  while (!utf8.empty()) {
    const Decoded next = decode_utf8(utf8);
    if (next.length == 0) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(utf8[0]), 2, kLowerHex);
    } else {
      append_char(out, next.code, quote);
    }
    utf8.remove_prefix(std::max<std::size_t>(next.length, 1));
  }
  return out += quote;
}

std::string python_repr(std::u32string_view text) {
  const char quote = choose_quote(text);
  std::string out(1, quote);
  for (const char32_t code : text) append_char(out, code, quote);
  return out += quote;
}

std::string python_bytes_repr(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const char quote = choose_quote(text);
  std::string out = {'b', quote};
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (append_short_escape(out, code, quote)) continue;
    if (code >= 0x20 && code < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      append_hex(out, code, 2, kLowerHex);
    }
  }
  return out += quote;
}

std::string numpy_void_repr(std::span<const std::byte> bytes) {
  std::string out = "b'";
  for (const std::byte byte : bytes) {
    out += "\\x";
    append_hex(out, std::to_integer<std::uint8_t>(byte), 2, kUpperHex);
  }
  return out += '\'';
}

std::size_t text_width(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace functionfuse::detail
