#include "formats/stored_chunks.hpp"

#include <algorithm>

#include <xxhash.h>

namespace functionfuse::formats {

Chunks regular_chunks(const Chunks& chunks, std::size_t itemsize, std::size_t most_bytes) {
  Shape piece = chunks.chunksize();
  const auto fits = [&] {
    std::size_t bytes = std::max<std::size_t>(itemsize, 1);
    for (const std::int64_t length : piece) {
      const auto n = static_cast<std::size_t>(std::max<std::int64_t>(length, 1));
      if (__builtin_mul_overflow(bytes, n, &bytes) || bytes > most_bytes) return false;
    }
    return true;
  };
  while (!fits()) {
    const auto longest = std::max_element(piece.begin(), piece.end());
    if (longest == piece.end() || *longest <= 1) break;  // one element is larger
    *longest -= *longest / 2;
  }
  for (std::int64_t& length : piece) {
    if (length == 0) length = -1;
  }
  return Chunks::regular(chunks.shape(), piece);
}

std::uint64_t chunk_checksum(const std::byte* data, std::size_t size, std::size_t number) {
  const std::uint64_t hash = XXH3_64bits_withSeed(data, size, number);
  return hash == 0 ? 1 : hash;
}

}  // namespace functionfuse::formats
