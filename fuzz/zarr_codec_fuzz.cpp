#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "functionfuse/error.hpp"

#include "formats/zarr/codecs.hpp"

// Any bytes as a compressed chunk: an Error, or a chunk. The first byte says of which codec, the
// next two how many bytes the chunk has; what is written beyond them the sanitizer sees.

namespace ff = functionfuse;
namespace zarr = functionfuse::formats::zarr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 3) return 0;
  zarr::Codec codec;
  codec.id = static_cast<zarr::Codec::Id>(bytes[0] % 8);
  codec.format = bytes[0] / 8 % 3;
  const std::size_t chunk_size = 1 + bytes[1] + std::size_t{256} * bytes[2];
  const std::vector<std::byte> stored(reinterpret_cast<const std::byte*>(bytes + 3),
                                      reinterpret_cast<const std::byte*>(bytes + size));
  std::vector<std::byte> chunk(chunk_size);
  try {
    zarr::decode(codec, stored, chunk);
  } catch (const ff::Error&) {
  }
  return 0;
}
