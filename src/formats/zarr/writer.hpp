#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <functionfuse/arrays/chunk_source.hpp>
#include <functionfuse/formats/zarr.hpp>

#include "arrays/buffer_pool.hpp"
#include "formats/zarr/chunk_record.hpp"
#include "formats/zarr/metadata.hpp"
#include "formats/zarr/store.hpp"

namespace functionfuse::formats {

/// Writes a Zarr array:
///
/// 1. Every chunk, under its key, by any number of threads; those at the edge whole, padded with
///    zeros.
/// 2. At the end the checksums, and the array's own chunks where they are not those of the keys.
/// 3. Last `.zarray`: a write that was stopped leaves nothing that is an array.
class ZarrWriter final : public ChunkSink {
 public:
  /// The chunks of the keys for an array of these chunks: the longest piece of each axis, halved
  /// along the longest axes until every codec can hold one (2 GiB).
  [[nodiscard]] static Chunks stored_chunks(const Chunks& chunks, const DType& dtype);

  /// Writes nothing yet.
  ///
  /// \param array    its path in the store; empty: at the root
  /// \param chunks   regular: the chunks that write() gets
  /// \param logical  the array's own chunks
  /// \error invalid_argument  an option, or chunks that do not fit
  /// \error unsupported       a dtype or compressor
  ZarrWriter(std::shared_ptr<zarr::Store> store, const std::string& array, DType dtype,
             Chunks chunks, Chunks logical, const ZarrOptions& options);

  void write(std::size_t number, const NdArray& block) override;
  [[nodiscard]] std::size_t extra_bytes() const override;
  [[nodiscard]] unsigned concurrent_writes() const override { return store_->concurrent_calls(); }
  /// Once, after all chunks. Without it there is no array.
  void finish();

 private:
  [[nodiscard]] std::string place(std::size_t number) const;
  void check_arguments() const;
  [[nodiscard]] std::shared_ptr<const std::byte> whole_chunk(const NdArray& block) const;

  std::shared_ptr<zarr::Store> store_;
  std::string path_;  // of the array in the store, with a slash at its end
  Chunks chunks_;
  zarr::ArrayMetadata metadata_;
  std::string zarray_;
  bool has_bytes_ = false;
  std::size_t chunk_bytes_ = 0;
  zarr::ChunkRecord record_;  // checksums: each is set by the thread that writes the chunk
  std::shared_ptr<functionfuse::detail::BufferPool> pool_ =
      std::make_shared<functionfuse::detail::BufferPool>();
};

}  // namespace functionfuse::formats
