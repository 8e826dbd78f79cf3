#include <functionfuse/arrays/chunk_source.hpp>

namespace functionfuse {

ChunkSource::~ChunkSource() = default;

bool ChunkSource::view(std::size_t, NdArray&) const { return false; }

std::size_t ChunkSource::extra_bytes() const { return 0; }

ChunkSink::~ChunkSink() = default;

bool ChunkSink::has(std::size_t) const { return false; }

std::size_t ChunkSink::extra_bytes() const { return 0; }

}  // namespace functionfuse
