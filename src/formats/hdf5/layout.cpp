#include "formats/hdf5/layout.hpp"

#include <algorithm>
#include <new>

#include <xxhash.h>

#include <functionfuse/arrays/nd_array.hpp>

#include "formats/hdf5_file.hpp"

namespace functionfuse::formats {

Chunks stored_chunks(const Chunks& chunks, const DType& dtype) {
  return regular_chunks(chunks, dtype.itemsize(), hdf5::kMaxChunk);
}

namespace hdf5 {

ChunkChecksum::ChunkChecksum(std::size_t number) : state_(XXH3_createState()) {
  if (!state_) throw std::bad_alloc();
  XXH3_64bits_reset_withSeed(state_.get(), number);
}

void ChunkChecksum::add(const std::byte* data, std::size_t size) {
  XXH3_64bits_update(state_.get(), data, size);
}

std::uint64_t ChunkChecksum::digest() const {
  const std::uint64_t hash = XXH3_64bits_digest(state_.get());
  return hash == 0 ? 1 : hash;
}

void ChunkChecksum::Free::operator()(XXH3_state_s* state) const noexcept { XXH3_freeState(state); }

std::uint64_t plain_checksum(const void* data, std::size_t size) { return XXH3_64bits(data, size); }

std::string stored_as(const Shape& chunk_shape, bool shuffle, int deflate) {
  std::string text = chunk_shape.empty() ? "contiguous" : "chunks " + shape_text(chunk_shape);
  if (shuffle) text += ", shuffle";
  if (deflate > 0) text += ", deflate " + std::to_string(deflate);
  return text;
}

std::string place_of(const std::string& path, const std::string& dataset) {
  return "file " + path + ", dataset " + dataset;
}

std::string place_of(const std::string& path, const std::string& dataset, const Chunks& chunks,
                     std::size_t number) {
  return place_of(path, dataset) + ", chunk " + shape_text(chunks.index(number));
}

bool has_bytes(const DType& dtype, const Shape& shape) {
  return dtype.itemsize() > 0 && std::find(shape.begin(), shape.end(), 0) == shape.end();
}

Chunks one_chunk(const Shape& shape) { return Chunks::regular(shape, Shape(shape.size(), -1)); }

}  // namespace hdf5
}  // namespace functionfuse::formats
