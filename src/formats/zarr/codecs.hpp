#pragma once

#include <cstddef>
#include <span>
#include <string>

/// \file
/// The compressors of numcodecs, by its names.

namespace functionfuse::formats::zarr {

/// What a `.zarray` says about its compressor. Which members have a meaning depends on the id; the
/// others keep their values.
struct Codec {
  enum class Id { none, blosc, zlib, gzip, zstd, lz4, bz2, lzma };
  Id id = Id::none;
  int level = 0;           ///< blosc's clevel, lz4's acceleration, lzma's preset (-1: its own)
  std::string cname = {};  ///< blosc: what it compresses with
  int shuffle = 1;         ///< blosc: 0 no, 1 bytes, 2 bits, -1 bits where elements are bytes
  int blocksize = 0;       ///< blosc: 0 is its own choice
  int format = 1;          ///< lzma: 0 either (read only), 1 .xz, 2 .lzma
  int check = -1;          ///< lzma: of an .xz; -1 is CRC64

  friend bool operator==(const Codec&, const Codec&) = default;
};

/// The most bytes of a chunk that every codec can hold: lz4 has the lowest limit.
inline constexpr std::size_t kMostChunkBytes = 0x7e000000;

[[nodiscard]] const char* name_of(Codec::Id id) noexcept;
/// "blosc lz4 5, shuffle 1", "zstd 3", "": for people.
[[nodiscard]] std::string describe(const Codec& codec);

/// \error invalid_argument  a parameter that the codec does not have
/// \error unsupported       one that the library here lacks
void check(const Codec& codec);

/// The most bytes that encode() makes of `size`.
[[nodiscard]] std::size_t most_encoded(std::size_t size) noexcept;

/// \param itemsize  of an element, for blosc's shuffle
/// \param to        room for most_encoded(from.size())
/// \pre  check(codec), 0 < from.size() <= kMostChunkBytes, and not Id::none
/// \return  how many bytes it are
[[nodiscard]] std::size_t encode(const Codec& codec, std::span<const std::byte> from,
                                 std::size_t itemsize, std::span<std::byte> to);

/// Fills `to` exactly. Nothing is written beyond it, whatever `from` says, and no memory is taken
/// that depends on what it says, but up to 128 MiB for lzma.
///
/// \error corrupt      it is not such a stream of `to.size()` bytes; the text says why
/// \error unsupported  a form of it that the library here lacks
void decode(const Codec& codec, std::span<const std::byte> from, std::span<std::byte> to);

}  // namespace functionfuse::formats::zarr
