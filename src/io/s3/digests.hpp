#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace functionfuse::io::s3 {

using Sha256Digest = std::array<std::uint8_t, 32>;
using Md5Digest = std::array<std::uint8_t, 16>;

[[nodiscard]] Sha256Digest sha256(std::span<const std::byte> bytes);
[[nodiscard]] Sha256Digest hmac_sha256(std::span<const std::uint8_t> key, std::string_view text);
/// \error unsupported  where OpenSSL is configured not to know MD5
[[nodiscard]] Md5Digest md5(std::span<const std::byte> bytes);

[[nodiscard]] std::string hex(std::span<const std::uint8_t> bytes);

[[nodiscard]] inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace functionfuse::io::s3
