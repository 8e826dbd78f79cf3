#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <functionfuse/arrays/chunk_source.hpp>

#include "arrays/buffer_pool.hpp"
#include "formats/zarr/chunk_record.hpp"
#include "formats/zarr/metadata.hpp"
#include "formats/zarr/store.hpp"

namespace functionfuse::formats {

/// A Zarr array, as chunks. How one is read:
///
/// 1. Its key is fetched: into the block, where the block is what is stored; else into memory that
///    is bounded by what a chunk can have.
/// 2. The checksum of these bytes is compared.
/// 3. They are unpacked, and the filters undone, last one first: into the block, where that is a
///    whole chunk in C order; otherwise into a buffer, from which the part inside the array is
///    copied.
class ZarrSource final : public ChunkSource {
 public:
  /// \param array  its path in the store; empty: at the root
  /// \param sparse  chunks that are not there hold the fill value
  /// \error  as open_zarr
  static std::shared_ptr<ZarrSource> open(std::shared_ptr<const zarr::Store> store,
                                          const std::string& array = {}, bool sparse = false);

  /// The chunks that the array had when it was saved; chunks() are those of the keys.
  [[nodiscard]] const Chunks& logical() const noexcept { return record_.logical; }
  [[nodiscard]] const zarr::ArrayMetadata& metadata() const noexcept { return metadata_; }
  [[nodiscard]] bool has_checksums() const noexcept { return has_record_; }

  /// \error corrupt  names array, chunk and key
  void read(std::size_t number, NdArray& block) const override;
  [[nodiscard]] std::size_t extra_bytes() const override;
  /// Not on S3: there a chunk costs more than a temporary file.
  [[nodiscard]] bool is_stored() const override { return !zarr::is_s3(store_->location()); }

  [[nodiscard]] unsigned concurrent_reads() const override { return store_->concurrent_calls(); }

 private:
  ZarrSource(std::shared_ptr<const zarr::Store> store, std::string path,
             zarr::ArrayMetadata metadata, Chunks chunks);
  void open_record(std::string_view zarray);
  void read_key(std::size_t number, const std::string& key, NdArray& block) const;
  void check(std::size_t number, std::span<const std::byte> stored) const;
  void unpack(std::span<const std::byte> stored, std::span<std::byte> chunk) const;
  void copy_part(const std::byte* chunk, NdArray& block) const;
  void fill(NdArray& block) const;

  std::shared_ptr<const zarr::Store> store_;
  std::string path_;  // of the array in the store, with a slash at its end
  zarr::ArrayMetadata metadata_;
  std::vector<std::size_t> sizes_;  // of a chunk, and after each filter
  bool has_bytes_ = false;
  bool has_record_ = false;
  bool sparse_ = false;
  zarr::ChunkRecord record_;
  std::shared_ptr<functionfuse::detail::BufferPool> pool_ =
      std::make_shared<functionfuse::detail::BufferPool>();
};

}  // namespace functionfuse::formats
