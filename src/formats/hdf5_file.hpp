#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <functionfuse/arrays/chunk_source.hpp>

namespace functionfuse::formats {

struct Hdf5Options {
  int deflate = 0;       ///< zlib's level, 1 to 9; 0: not compressed
  bool shuffle = false;  ///< HDF5's shuffle filter before deflate
  bool checksums = true;
};

/// The chunk shape on disk for an array of these chunks: the longest piece of each axis, halved along the
/// longest axes until it is below HDF5's limit of 4 GiB a chunk.
[[nodiscard]] Chunks stored_chunks(const Chunks& chunks, const DType& dtype);

/// Writes one array into a new HDF5 file, chunk by chunk. docs/formats/hdf5.md has the layout.
class Hdf5Writer final : public ChunkSink {
 public:
  /// Creates the file with all its metadata, its space allocated.
  ///
  /// \param chunks   regular: the chunks that write() gets
  /// \param logical  the array's own chunks, kept beside the dataset where they are not `chunks`
  /// \error io           also where the file is there already
  /// \error unsupported  a dtype that HDF5 and h5py can't keep
  Hdf5Writer(std::string path, std::string dataset, DType dtype, Chunks chunks, const Chunks& logical,
             const Hdf5Options& options);
  /// Goes on with a file that such a writer, with the same arguments, did not complete: chunks whose data
  /// and checksum are there and fit are not wanted again (has()). Nothing where the file is not such a one.
  static std::unique_ptr<Hdf5Writer> resume(const std::string& path, const std::string& dataset,
                                            const DType& dtype, const Chunks& chunks,
                                            const Chunks& logical, const Hdf5Options& options);
  ~Hdf5Writer() override;

  void write(std::size_t number, const NdArray& block) override;
  [[nodiscard]] bool has(std::size_t number) const override;
  [[nodiscard]] std::size_t extra_bytes() const override;
  /// Once, after all chunks. Without it the file is not complete.
  void finish();

 private:
  class Impl;
  explicit Hdf5Writer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What an HDF5 dataset is, besides dtype and chunks.
struct Hdf5Info {
  enum class Checksums { none, complete, incomplete };
  Checksums checksums = Checksums::none;
  std::vector<std::string> filters;  ///< "shuffle", "deflate 4", ...
  bool chunked = true;
  std::uint64_t stored_bytes = 0;
};

/// A dataset of an HDF5 file, as chunks. Holds the file open as long as it lives.
class Hdf5Source final : public ChunkSource {
 public:
  /// \error not_found    no such file, or no such dataset; names those that there are
  /// \error corrupt      not HDF5, cut short, damaged
  /// \error unsupported  a dtype without a counterpart in numpy (references, variable length), a filter
  ///                     that this HDF5 library does not have
  static std::shared_ptr<Hdf5Source> open(const std::string& path, const std::string& dataset);
  ~Hdf5Source() override;

  /// The chunks that the array had when it was saved; chunks() are those on disk.
  [[nodiscard]] const Chunks& logical() const noexcept;
  [[nodiscard]] const Hdf5Info& info() const noexcept;
  [[nodiscard]] const std::string& path() const noexcept;

  /// \error corrupt  names file, dataset and chunk
  void read(std::size_t number, NdArray& block) const override;
  [[nodiscard]] std::size_t extra_bytes() const override;
  [[nodiscard]] bool is_stored() const override { return true; }

 private:
  class Impl;
  explicit Hdf5Source(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace functionfuse::formats
