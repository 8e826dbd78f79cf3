#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <functionfuse/arrays/chunks.hpp>

#include "formats/stored_chunks.hpp"

struct XXH3_state_s;

/// \file
/// What the writer and the reader have to agree about. docs/formats/hdf5.md has the whole of it.

namespace functionfuse::formats::hdf5 {

inline constexpr const char* kAlgorithm = "algorithm";  ///< attributes of the checksums
inline constexpr const char* kStoredAs = "stored_as";
inline constexpr const char* kLengthsChecksum = "xxh3_64";  ///< of the lengths of chunks
inline constexpr const char* kDType = "dtype";              ///< of a dataset without bytes

inline constexpr std::string_view kXxh3 = "xxh3_64, seeded with the chunk's number, 0 as 1";

/// The most bytes a chunk may have.
inline constexpr std::size_t kMaxChunk = 0xffffffff;

[[nodiscard]] inline std::string checksums_name(const std::string& dataset) {
  return dataset + ".checksums";
}
[[nodiscard]] inline std::string lengths_name(const std::string& dataset, std::size_t axis) {
  return dataset + ".chunks." + std::to_string(axis);
}

using formats::chunk_checksum;
/// The same, of bytes that come in pieces: a large chunk is read or written and added piece by
/// piece while that is in the cache.
class ChunkChecksum {
 public:
  static constexpr std::size_t kPiece = std::size_t{512} << 10;

  explicit ChunkChecksum(std::size_t number);
  void add(const std::byte* data, std::size_t size);
  [[nodiscard]] std::uint64_t digest() const;

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const noexcept;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};
/// Of plain bytes, at any size.
[[nodiscard]] std::uint64_t plain_checksum(const void* data, std::size_t size);

/// What bytes the checksums are of: "(256, 500), shuffle, deflate 4", "contiguous". Another program
/// may have changed how the data is stored, and copied checksums that are of no use then.
[[nodiscard]] std::string stored_as(const Shape& chunk_shape, bool shuffle, int deflate);

/// "file x.h5, dataset dask_arrays"
[[nodiscard]] std::string place_of(const std::string& path, const std::string& dataset);
/// "file x.h5, dataset dask_arrays, chunk (1, 0)"
[[nodiscard]] std::string place_of(const std::string& path, const std::string& dataset,
                                   const Chunks& chunks, std::size_t number);

/// Whether there is anything to write: elements, and bytes in them.
[[nodiscard]] bool has_bytes(const DType& dtype, const Shape& shape);
/// One chunk: how data without bytes, or of rank 0, is kept.
[[nodiscard]] Chunks one_chunk(const Shape& shape);

}  // namespace functionfuse::formats::hdf5
