#include "formats/zarr/writer.hpp"

#include <algorithm>
#include <cstring>

#include <functionfuse/error.hpp>

#include "arrays/strided.hpp"
#include "formats/stored_chunks.hpp"

namespace functionfuse::formats {
namespace {

zarr::Codec codec_of(const ZarrOptions& options) {
  using Id = zarr::Codec::Id;
  for (const Id id :
       {Id::none, Id::blosc, Id::zlib, Id::gzip, Id::zstd, Id::lz4, Id::bz2, Id::lzma}) {
    if (options.codec != zarr::name_of(id)) continue;
    if (id == Id::none) return {};
    zarr::Codec codec{.id = id, .level = options.level};
    if (id == Id::blosc) {
      codec.cname = options.cname;
      codec.shuffle = options.shuffle;
    }
    check(codec);
    return codec;
  }
  throw Error(
      Errc::invalid_argument,
      "Zarr codec \"" + options.codec +
          "\": there are blosc, zlib, gzip, zstd, lz4, bz2 and lzma; \"\" does not compress");
}

/// Whether a fill value of zeros can be told.
bool has_zero(const DType& dtype) {
  // zarr-python cannot read a number as a datetime64 without a unit.
  if (dtype.kind() == 'M') return dtype.unit() != "generic";
  // In base64 it would be a very long text.
  return dtype.kind() != 'V' || dtype.itemsize() <= (std::size_t{1} << 20);
}

/// Zarr has no chunks of length 0, not even of an axis of length 0.
Shape chunk_shape(const Chunks& chunks) {
  Shape shape = chunks.chunksize();
  for (std::int64_t& length : shape) length = std::max<std::int64_t>(length, 1);
  return shape;
}

}  // namespace

Chunks ZarrWriter::stored_chunks(const Chunks& chunks, const DType& dtype) {
  return regular_chunks(chunks, dtype.itemsize(), zarr::kMostChunkBytes);
}

ZarrWriter::ZarrWriter(std::shared_ptr<zarr::Store> store, const std::string& array, DType dtype,
                       Chunks chunks, Chunks logical, const ZarrOptions& options)
    : store_(std::move(store)),
      path_(array.empty() ? "" : array + "/"),
      chunks_(std::move(chunks)) {
  const Shape& shape = chunks_.shape();
  metadata_ = {.shape = shape,
               .chunks = chunk_shape(chunks_),
               .dtype = std::move(dtype),
               // As zarr-python: one element is not compressed.
               .compressor = shape.empty() ? zarr::Codec() : codec_of(options),
               .filters = {},
               .fill_value = std::nullopt,
               .order = options.order,
               .separator = options.separator};
  if (has_zero(metadata_.dtype)) metadata_.fill_value.emplace();
  record_.logical = std::move(logical);
  check_arguments();
  zarray_ = zarr::write_array(metadata_);
  has_bytes_ =
      metadata_.dtype.itemsize() > 0 && std::find(shape.begin(), shape.end(), 0) == shape.end();
  chunk_bytes_ = has_bytes_ ? metadata_.chunk_bytes() : 0;
  if (has_bytes_) record_.checksums.resize(chunks_.count());
}

std::string ZarrWriter::place(std::size_t number) const {
  const Shape index = chunks_.index(number);
  return "Zarr array " + store_->url(path_) + ", chunk " + shape_text(index) + ", key " + path_ +
         metadata_.chunk_key(index);
}

void ZarrWriter::check_arguments() const {
  const auto fail = [&](const std::string& what) {
    throw Error(Errc::invalid_argument, "Zarr array " + store_->url(path_) + ": " + what);
  };
  if (!chunks_.is_regular()) {
    fail("chunks " + chunks_.to_string() + " of keys: these must be of one length along an axis");
  }
  if (record_.logical.shape() != chunks_.shape()) {
    fail("chunks " + record_.logical.to_string() + " for an array of shape " +
         shape_text(chunks_.shape()));
  }
  if (metadata_.dtype.is_subarray()) {
    fail("dtype " + metadata_.dtype.to_string() + ": a subarray is more axes of the array");
  }
  if (metadata_.order != 'C' && metadata_.order != 'F') fail("the order is 'C' or 'F'");
  if (metadata_.separator != '.' && metadata_.separator != '/') fail("the separator is '.' or '/'");
  if (metadata_.compressor.id != zarr::Codec::Id::none &&
      metadata_.chunk_bytes() > zarr::kMostChunkBytes) {
    fail("chunks of " + std::to_string(metadata_.chunk_bytes()) + " bytes can't be compressed: " +
         std::to_string(zarr::kMostChunkBytes) + " is the most; see stored_chunks()");
  }
}

std::size_t ZarrWriter::extra_bytes() const {
  return has_bytes_ ? chunk_bytes_ + zarr::most_encoded(chunk_bytes_) : 0;
}

/// The bytes of a chunk, padded with zeros: the block's own where they are just that.
std::shared_ptr<const std::byte> ZarrWriter::whole_chunk(const NdArray& block) const {
  const bool is_f = metadata_.order == 'F';
  if (block.nbytes() == chunk_bytes_) {
    if (is_f ? block.is_f_contiguous() : block.is_c_contiguous()) {
      return {std::shared_ptr<const void>(), block.data()};
    }
  }
  namespace arrays = functionfuse::detail;
  const std::size_t itemsize = metadata_.dtype.itemsize();
  std::shared_ptr<std::byte> chunk = pool_->take(chunk_bytes_);
  if (block.nbytes() < chunk_bytes_) std::memset(chunk.get(), 0, chunk_bytes_);
  arrays::copy_elements(block.shape(), itemsize, block.data(), block.strides(), chunk.get(),
                        arrays::contiguous_strides(metadata_.chunks, itemsize, metadata_.order));
  return chunk;
}

void ZarrWriter::write(std::size_t number, const NdArray& block) {
  const Shape index = chunks_.index(number);
  if (block.shape() != chunks_.shape_of(index) || !(block.dtype() == metadata_.dtype)) {
    throw Error(Errc::invalid_argument, place(number) + " was given elements of shape " +
                                            shape_text(block.shape()) + " and dtype " +
                                            block.dtype().to_string());
  }
  if (!has_bytes_) return;
  const std::shared_ptr<const std::byte> chunk = whole_chunk(block);
  std::span<const std::byte> stored(chunk.get(), chunk_bytes_);
  std::shared_ptr<std::byte> packed;
  if (metadata_.compressor.id != zarr::Codec::Id::none) {
    const std::size_t most = zarr::most_encoded(chunk_bytes_);
    packed = pool_->take(most);
    stored = {packed.get(), zarr::encode(metadata_.compressor, stored, metadata_.dtype.itemsize(),
                                         {packed.get(), most})};
  }
  store_->put(path_ + metadata_.chunk_key(index), stored);
  record_.checksums[number] = chunk_checksum(stored.data(), stored.size(), number);
}

void ZarrWriter::finish() {
  const auto missing = std::find(record_.checksums.begin(), record_.checksums.end(), 0);
  if (missing != record_.checksums.end()) {
    const auto number = static_cast<std::size_t>(missing - record_.checksums.begin());
    throw Error(Errc::invalid_argument, place(number) + " was not written");
  }
  store_->put(path_ + zarr::kRecordKey, zarr::write_record(record_, zarray_, chunks_));
  store_->put(path_ + zarr::kArrayKey, std::as_bytes(std::span(zarray_)));
}

}  // namespace functionfuse::formats
