#pragma once

#include <array>
#include <cstddef>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "functionfuse/pickle/io.hpp"

namespace functionfuse::detail {

/// XXH3, 128 bits, big endian.
using Digest = std::array<std::byte, 16>;

inline Digest to_digest(const XXH128_hash_t& hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  Digest digest;
  static_assert(sizeof(canonical) == sizeof(digest));
  std::memcpy(digest.data(), &canonical, sizeof(digest));
  return digest;
}

/// Keeps only the digest of what is written.
class DigestOutput : public Output {
 public:
  DigestOutput() { reset(); }
  void reset() { XXH3_128bits_reset(&state_); }
  void write(const void* data, std::size_t size) override {
    XXH3_128bits_update(&state_, data, size);
  }
  [[nodiscard]] Digest digest() const { return to_digest(XXH3_128bits_digest(&state_)); }

 private:
  XXH3_state_t state_;
};

}  // namespace functionfuse::detail
