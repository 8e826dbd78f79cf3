#include "io/s3/digests.hpp"

#include <memory>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "functionfuse/error.hpp"

namespace functionfuse::io::s3 {
namespace {

[[noreturn]] void fail_openssl(const char* algorithm) {
  throw Error(Errc::unsupported,
              std::string("OpenSSL refuses ") + algorithm +
                  ", which S3 needs: allow it in OpenSSL's configuration (openssl.cnf)");
}

/// Fetching costs more than hashing a small object. Never freed: threads may hash until the very
/// end.
const EVP_MD* fetch(const char* algorithm) {
  const EVP_MD* found = ::EVP_MD_fetch(nullptr, algorithm, nullptr);
  if (found == nullptr) fail_openssl(algorithm);
  return found;
}

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = fetch("SHA256");
  return algorithm;
}

template <class Digest>
Digest digest(std::span<const std::byte> bytes, const EVP_MD* algorithm) {
  Digest result;
  if (::EVP_Digest(bytes.data(), bytes.size(), result.data(), nullptr, algorithm, nullptr) != 1) {
    fail_openssl(::EVP_MD_get0_name(algorithm));
  }
  return result;
}

}  // namespace

Sha256Digest sha256(std::span<const std::byte> bytes) {
  return digest<Sha256Digest>(bytes, sha256_algorithm());
}

Md5Digest md5(std::span<const std::byte> bytes) {
  static const EVP_MD* const algorithm = fetch("MD5");
  return digest<Md5Digest>(bytes, algorithm);
}

Sha256Digest hmac_sha256(std::span<const std::uint8_t> key, std::string_view text) {
  Sha256Digest result;
  const auto data = reinterpret_cast<const unsigned char*>(text.data());
  if (::HMAC(sha256_algorithm(), key.data(), static_cast<int>(key.size()), data, text.size(),
             result.data(), nullptr) == nullptr) {
    fail_openssl("HMAC");
  }
  return result;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace functionfuse::io::s3
