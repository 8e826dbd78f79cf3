#pragma once

#include <cstddef>
#include <cstdint>

#include <functionfuse/arrays/chunks.hpp>

namespace functionfuse::formats {

/// Chunks as a format with chunks of one shape keeps them: the longest piece of each axis, halved
/// along the longest axes until a chunk has at most `most_bytes`.
[[nodiscard]] Chunks regular_chunks(const Chunks& chunks, std::size_t itemsize,
                                    std::size_t most_bytes);

/// XXH3 of a chunk's bytes as they are stored, seeded with the chunk's number, so that chunks that
/// changed places are found. Never 0: that is a chunk that was not written.
[[nodiscard]] std::uint64_t chunk_checksum(const std::byte* data, std::size_t size,
                                           std::size_t number);

}  // namespace functionfuse::formats
