#include "formats/zarr/source.hpp"

#include <algorithm>
#include <cstring>

#include <functionfuse/error.hpp>

#include "arrays/strided.hpp"
#include "formats/stored_chunks.hpp"

namespace functionfuse::formats {
namespace {

using zarr::Store;

/// Of one axis or all together: each takes 16 bytes of memory.
constexpr std::size_t kMostPieces = std::size_t{1} << 24;
constexpr std::size_t kMostListed = 10'000;  // keys that an error is worth
constexpr std::size_t kMostNames = 10;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<std::string> get_text(const Store& store, const std::string& key) {
  const auto bytes = store.get(key, zarr::kMostMetadataBytes);
  if (!bytes) return std::nullopt;
  return text_of(*bytes);
}

std::vector<std::string> arrays_in(const Store& store) {
  if (const auto text = get_text(store, zarr::kConsolidatedKey)) {
    return zarr::consolidated_arrays(*text, store.url(zarr::kConsolidatedKey));
  }
  std::vector<std::string> arrays;
  const std::string end = std::string("/") + zarr::kArrayKey;
  std::size_t listed = 0;
  store.list([&](const std::string& key) {
    if (key.ends_with(end)) arrays.push_back(key.substr(0, key.size() - end.size()));
    return ++listed < kMostListed && arrays.size() < kMostNames;
  });
  std::sort(arrays.begin(), arrays.end());
  return arrays;
}

[[noreturn]] void fail_not_found(const Store& store, const std::string& path) {
  if (store.get(path + zarr::kVersion3Key, zarr::kMostMetadataBytes)) {
    throw UnsupportedError(store.url(path) + " is Zarr version 3; only version 2 is read here");
  }
  std::string text = "there is no Zarr array at " + store.url(path);
  const auto arrays = arrays_in(store);
  for (std::size_t i = 0; i < arrays.size() && i < kMostNames; ++i) {
    text += (i == 0 ? "; there are: " : ", ") + arrays[i];
  }
  if (arrays.size() > kMostNames) text += ", ...";
  throw NotFoundError(text);
}

std::string zarray_of(const Store& store, const std::string& path) {
  if (auto text = get_text(store, path + zarr::kArrayKey)) return *std::move(text);
  if (const auto all = get_text(store, zarr::kConsolidatedKey)) {
    const std::string array = path.empty() ? path : path.substr(0, path.size() - 1);
    auto text = zarr::consolidated_array(*all, array, store.url(zarr::kConsolidatedKey));
    if (text) return *std::move(text);
  }
  fail_not_found(store, path);
}

Chunks chunks_of(const zarr::ArrayMetadata& metadata, const std::string& place) {
  std::size_t pieces = 0;
  for (std::size_t axis = 0; axis < metadata.shape.size(); ++axis) {
    pieces += static_cast<std::size_t>(metadata.shape[axis] / metadata.chunks[axis]);
    if (pieces > kMostPieces) break;
  }
  try {
    if (pieces <= kMostPieces) return Chunks::regular(metadata.shape, metadata.chunks);
  } catch (const Error&) {
    // Too many as well: of all axes together.
  }
  throw UnsupportedError(place + ": shape " + shape_text(metadata.shape) + " in chunks of " +
                         shape_text(metadata.chunks) + " are too many chunks");
}

}  // namespace

std::shared_ptr<ZarrSource> ZarrSource::open(std::shared_ptr<const Store> store,
                                             const std::string& array, bool sparse) {
  const std::string path = array.empty() ? "" : array + "/";
  const std::string text = zarray_of(*store, path);
  const std::string place = store->url(path + zarr::kArrayKey);
  zarr::ArrayMetadata metadata = zarr::parse_array(text, place);
  Chunks chunks = chunks_of(metadata, place);
  std::shared_ptr<ZarrSource> source(
      new ZarrSource(std::move(store), path, std::move(metadata), std::move(chunks)));
  source->sparse_ = sparse;
  source->open_record(text);
  return source;
}

ZarrSource::ZarrSource(std::shared_ptr<const Store> store, std::string path,
                       zarr::ArrayMetadata metadata, Chunks chunks)
    : ChunkSource(metadata.dtype, std::move(chunks)),
      store_(std::move(store)),
      path_(std::move(path)),
      metadata_(std::move(metadata)) {
  const Shape& shape = metadata_.shape;
  has_bytes_ = dtype().itemsize() > 0 && std::find(shape.begin(), shape.end(), 0) == shape.end();
  sizes_.push_back(metadata_.chunk_bytes());
  for (const zarr::Filter& filter : metadata_.filters) {
    sizes_.push_back(filter.encoded_size(sizes_.back()));
  }
}

void ZarrSource::open_record(std::string_view zarray) {
  const std::string key = path_ + zarr::kRecordKey;
  const auto bytes = store_->get(key, zarr::most_record_bytes(chunks()));
  record_.logical = chunks();
  if (!bytes) return;
  record_ = zarr::parse_record(*bytes, zarray, chunks(), has_bytes_, store_->url(key));
  has_record_ = true;
}

std::size_t ZarrSource::extra_bytes() const {
  if (!has_bytes_) return 0;
  const std::size_t most = *std::max_element(sizes_.begin(), sizes_.end());
  return zarr::most_encoded(sizes_.back()) + (metadata_.filters.empty() ? 1 : 4) * most;
}

void ZarrSource::read(std::size_t number, NdArray& block) const {
  if (!has_bytes_) return;
  const Shape index = chunks().index(number);
  const std::string key = path_ + metadata_.chunk_key(index);
  const auto place = [&] {
    return "Zarr array " + store_->url(path_) + ", chunk " + shape_text(index) + ", key " + key +
           ": ";
  };
  try {
    read_key(number, key, block);
  } catch (const CorruptError& e) {
    throw CorruptError(place() + e.what());
  } catch (const UnsupportedError& e) {
    throw UnsupportedError(place() + e.what());
  }
}

void ZarrSource::read_key(std::size_t number, const std::string& key, NdArray& block) const {
  const bool is_c = metadata_.order == 'C' || metadata_.shape.size() < 2;
  const bool is_whole = is_c && block.nbytes() == sizes_[0];
  if (is_whole && metadata_.compressor.id == zarr::Codec::Id::none && sizes_.size() == 1) {
    const std::span<std::byte> room(block.mutable_data(), block.nbytes());
    const auto size = store_->get(key, room);
    if (!size) return fill(block);
    check(number, room.first(*size));
    if (*size != room.size())
      throw CorruptError("it has " + std::to_string(*size) + " bytes, not " +
                         std::to_string(room.size()));
    return;
  }
  const bool is_plain = metadata_.compressor.id == zarr::Codec::Id::none;
  const auto stored =
      store_->get(key, is_plain ? sizes_.back() : zarr::most_encoded(sizes_.back()));
  if (!stored) return fill(block);
  check(number, *stored);
  if (is_whole) return unpack(*stored, {block.mutable_data(), block.nbytes()});
  const std::shared_ptr<std::byte> chunk = pool_->take(sizes_[0]);
  unpack(*stored, {chunk.get(), sizes_[0]});
  copy_part(chunk.get(), block);
}

void ZarrSource::check(std::size_t number, std::span<const std::byte> stored) const {
  if (record_.checksums.empty() ||
      chunk_checksum(stored.data(), stored.size(), number) == record_.checksums[number]) {
    return;
  }
  throw CorruptError(
      "its bytes are not those that were written: they are damaged; make the array again. Only if "
      "another program has written to it on purpose, remove " +
      store_->url(path_ + zarr::kRecordKey) + ", and it is read as it is now");
}

void ZarrSource::unpack(std::span<const std::byte> stored, std::span<std::byte> chunk) const {
  if (sizes_.size() == 1) return zarr::decode(metadata_.compressor, stored, chunk);
  std::shared_ptr<std::byte> from = pool_->take(sizes_.back());
  zarr::decode(metadata_.compressor, stored, {from.get(), sizes_.back()});
  for (std::size_t i = metadata_.filters.size(); i-- > 0;) {
    const bool is_last = i == 0;
    std::shared_ptr<std::byte> to = is_last ? nullptr : pool_->take(sizes_[i]);
    metadata_.filters[i].decode({from.get(), sizes_[i + 1]},
                                {is_last ? chunk.data() : to.get(), sizes_[i]});
    from = std::move(to);
  }
}

/// What of a chunk lies inside the array.
void ZarrSource::copy_part(const std::byte* chunk, NdArray& block) const {
  namespace arrays = functionfuse::detail;
  const std::size_t itemsize = dtype().itemsize();
  arrays::copy_elements(block.shape(), itemsize, chunk,
                        arrays::contiguous_strides(metadata_.chunks, itemsize, metadata_.order),
                        block.mutable_data(), block.strides());
}

void ZarrSource::fill(NdArray& block) const {
  if (!record_.checksums.empty()) {
    throw CorruptError("it was written and is gone: make the array again");
  }
  if (!sparse_) {
    throw CorruptError(
        "it is not there. If it was left out on purpose, open the array as a sparse one "
        "(ZarrOpenOptions::sparse): missing "
        "chunks then hold its fill value");
  }
  if (!metadata_.fill_value) {
    throw CorruptError("it is not there, and fill_value is null: nobody knows what it holds");
  }
  const std::vector<std::byte>& element = *metadata_.fill_value;
  std::byte* to = block.mutable_data();
  std::memset(to, 0, block.nbytes());
  for (std::size_t at = 0; !element.empty() && at < block.nbytes(); at += dtype().itemsize()) {
    std::copy(element.begin(), element.end(), to + at);
  }
}

}  // namespace functionfuse::formats
