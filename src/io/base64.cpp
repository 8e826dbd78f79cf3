#include "io/base64.hpp"

#include <limits>

#include <openssl/evp.h>

namespace functionfuse::io {

std::string to_base64(std::span<const std::byte> bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL adds a NUL
  const int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::vector<std::byte>> from_base64(std::string_view text) {
  // OpenSSL leaves out blanks around it, ends at a "-", counts in int, and gives a byte for each
  // '='.
  if (text.size() % 4 != 0 || text.size() > std::numeric_limits<int>::max() ||
      text.find_first_of(" \t\r\n-") != text.npos) {
    return std::nullopt;
  }
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  if (text.find('=') < text.size() - padding) return std::nullopt;  // to OpenSSL a digit of 0
  std::vector<std::byte> bytes(text.size() / 4 * 3);
  const int size = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  if (size != static_cast<int>(bytes.size())) return std::nullopt;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace functionfuse::io
