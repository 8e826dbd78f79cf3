#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <functionfuse/arrays/chunks.hpp>

namespace functionfuse::formats::zarr {

/// A key of ours beside an array: what Zarr has no place for. Other programs do not look at it.
/// docs/formats/zarr.md has its bytes.
inline constexpr const char* kRecordKey = ".functionfuse";

struct ChunkRecord {
  Chunks logical;                        ///< the chunks that the array had when it was saved
  std::vector<std::uint64_t> checksums;  ///< of every stored chunk, in C order; empty: no bytes
};

/// \param zarray  the text that it is to lie beside
/// \param stored  the chunks of the keys
[[nodiscard]] std::vector<std::byte> write_record(const ChunkRecord& record,
                                                  std::string_view zarray, const Chunks& stored);
/// How many bytes such a record can have at most.
[[nodiscard]] std::size_t most_record_bytes(const Chunks& stored) noexcept;
/// \param place  its URL
/// \error corrupt      damaged, or it belongs to another `.zarray`; says what to do
/// \error unsupported  of another version
[[nodiscard]] ChunkRecord parse_record(std::span<const std::byte> bytes, std::string_view zarray,
                                       const Chunks& stored, bool has_bytes,
                                       const std::string& place);

}  // namespace functionfuse::formats::zarr
