#pragma once

#include <array>
#include <cstddef>
#include <memory>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace functionfuse::io {

using Sha1Digest = std::array<std::byte, 20>;

/// The SHA-1 of bytes that come in pieces.
class Sha1 {
 public:
  Sha1();
  ~Sha1();
  Sha1(Sha1&&) noexcept;
  Sha1& operator=(Sha1&&) noexcept;
  void update(const void* data, std::size_t size);
  /// Of all so far; then it begins anew.
  [[nodiscard]] Sha1Digest digest();

 private:
  void begin();
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// Of one piece. Cheaper for small ones than an object made for it.
[[nodiscard]] Sha1Digest sha1(const void* data, std::size_t size);

}  // namespace functionfuse::io
