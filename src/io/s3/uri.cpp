#include "io/s3/uri.hpp"

#include <algorithm>

#include "functionfuse/error.hpp"

namespace functionfuse::io::s3 {
namespace {

bool unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string encode(std::string_view text, bool slash_too) {
  std::string encoded;
  encoded.reserve(text.size() + 16);
  for (const char c : text) {
    if (unreserved(c) || (c == '/' && !slash_too)) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += "0123456789ABCDEF"[byte >> 4];
      encoded += "0123456789ABCDEF"[byte & 15];
    }
  }
  return encoded;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string encode_uri(std::string_view text) { return encode(text, true); }

std::string encode_path(std::string_view path) { return encode(path, false); }

std::string encode_query(const Query& query) {
  Query pairs;
  pairs.reserve(query.size());
  for (const auto& [name, value] : query) pairs.emplace_back(encode_uri(name), encode_uri(value));
  std::sort(pairs.begin(), pairs.end());
  std::string encoded;
  for (const auto& [name, value] : pairs) {
    if (!encoded.empty()) encoded += '&';
    encoded += name + '=' + value;
  }
  return encoded;
}

std::string decode_listed(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      throw CorruptError("\"" + std::string(text) + "\" is not percent-encoded text", i);
    }
    decoded += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return decoded;
}

}  // namespace functionfuse::io::s3
