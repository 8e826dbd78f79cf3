#include "pickle/utf8.hpp"

namespace functionfuse {

std::size_t find_invalid_utf8_slow(std::string_view text, std::size_t from, bool surrogates) {
  std::size_t i = from;
  auto continuation = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
  };
  while (i < text.size()) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      ++i;
      continue;
    }
    std::size_t more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
    if (c < 0xC2 || c > 0xF4) return i;
    for (std::size_t k = 1; k <= more; ++k) {
      if (!continuation(i + k)) return i;
    }
    auto second = static_cast<unsigned char>(text[i + 1]);
    if ((c == 0xE0 && second < 0xA0) || (c == 0xF0 && second < 0x90) ||
        (c == 0xF4 && second > 0x8F) || (c == 0xED && second > 0x9F && !surrogates)) {
      return i;
    }
    i += more + 1;
  }
  return text.size();
}

void append_utf8(std::string& text, std::uint32_t c) {
  auto put = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

}  // namespace functionfuse
