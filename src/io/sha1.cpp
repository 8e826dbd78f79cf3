#include "io/sha1.hpp"

#include <openssl/evp.h>

#include "functionfuse/error.hpp"

namespace functionfuse::io {
namespace {

[[noreturn]] void fail_openssl() {
  throw Error(Errc::unsupported,
              "OpenSSL refuses SHA-1, which task files end with: allow it in OpenSSL's "
              "configuration (openssl.cnf)");
}

// Fetching costs more than hashing a small task, so it is done once. Never freed: threads may hash
// until the very end of the program.
const EVP_MD* algorithm() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  if (md == nullptr) fail_openssl();
  return md;
}

}  // namespace

void Sha1::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Sha1::Sha1() : context_(EVP_MD_CTX_new()) { begin(); }
Sha1::~Sha1() = default;
Sha1::Sha1(Sha1&&) noexcept = default;
Sha1& Sha1::operator=(Sha1&&) noexcept = default;

void Sha1::begin() {
  if (!context_ || EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr) != 1) fail_openssl();
}

void Sha1::update(const void* data, std::size_t size) {
  if (EVP_DigestUpdate(context_.get(), data, size) != 1) fail_openssl();
}

Sha1Digest Sha1::digest() {
  Sha1Digest digest;
  auto out = reinterpret_cast<unsigned char*>(digest.data());
  if (EVP_DigestFinal_ex(context_.get(), out, nullptr) != 1) fail_openssl();
  begin();
  return digest;
}

Sha1Digest sha1(const void* data, std::size_t size) {
  thread_local Sha1 hash;
  hash.update(data, size);
  return hash.digest();
}

}  // namespace functionfuse::io
