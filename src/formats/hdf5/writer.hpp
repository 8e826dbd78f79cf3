#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "arrays/buffer_pool.hpp"
#include "formats/hdf5/chunk_index.hpp"
#include "formats/hdf5/library.hpp"
#include "formats/hdf5/progress.hpp"
#include "formats/hdf5/reader.hpp"
#include "formats/hdf5_file.hpp"
#include "io/file.hpp"

namespace functionfuse::formats::hdf5 {

class MemoryFile;

/// Writes a file in three steps:
///
/// 1. The library makes it, with all its metadata, in memory; that is copied to the disk. The
///    library never writes to a disk itself: if that is full it cannot close its file, and the
///    process crashes when it ends (1.10.8).
/// 2. Any number of threads write chunks, with plain calls: where they are not compressed into the
///    one run that the library has left room for, otherwise behind all that is there.
/// 3. Of compressed chunks the index is completed. The file is one that any HDF5 library reads.
class Writer {
 public:
  Writer(std::string path, std::string dataset, DType dtype, Chunks chunks, const Chunks& logical,
         const Hdf5Options& options);
  /// Goes on with a file that a reader has seen to be one of those arguments.
  Writer(const Reader& old, Chunks chunks, const Hdf5Options& options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void write(std::size_t number, const NdArray& block);
  [[nodiscard]] bool has(std::size_t number) const;
  [[nodiscard]] std::size_t extra_bytes() const;
  void finish();

 private:
  /// A chunk as it is to be stored.
  struct Packed {
    const std::byte* data = nullptr;
    std::size_t size = 0;
    std::uint32_t skipped = 0;
    std::shared_ptr<const std::byte> owner;
  };

  [[nodiscard]] std::string place() const;
  [[nodiscard]] std::string place(std::size_t number) const;
  void check_arguments() const;
  void create(const Packed* only);
  void create_in(MemoryFile& memory, const Packed* only);
  [[nodiscard]] Dataset create_dataset(hid_t file, const std::string& name, hid_t type, hid_t space,
                                       hid_t properties) const;
  void create_lengths(hid_t file) const;
  void create_checksums(hid_t file);
  [[nodiscard]] Dataset create_main(hid_t file) const;
  void find_run(const Dataset& set);

  [[nodiscard]] std::shared_ptr<const std::byte> whole_chunk(const NdArray& block) const;
  [[nodiscard]] std::uint64_t write_bytes(std::size_t number, std::uint64_t at,
                                          const Packed& packed);
  void start_sync(std::size_t more);
  [[nodiscard]] Packed pack(std::shared_ptr<const std::byte> chunk) const;

  std::string path_, dataset_;
  DType dtype_;
  Chunks chunks_;
  Chunks logical_;
  Hdf5Options options_;
  bool has_bytes_;
  bool is_compressed_;
  bool finished_ = false;
  Shape stored_shape_;
  std::size_t stored_bytes_ = 0;
  std::uint64_t base_ = 0;              // of the run of chunks
  std::uint64_t sums_at_ = 0;           // 0: without checksums
  std::atomic<std::uint64_t> end_ = 0;  // compressed: where the next chunk goes
  std::atomic<std::uint64_t> written_ = 0;
  io::Fd fd_;
  ChunkIndex index_;  // of more than one compressed chunk
  std::unique_ptr<Progress> progress_;
  std::shared_ptr<functionfuse::detail::BufferPool> pool_ =
      std::make_shared<functionfuse::detail::BufferPool>();
};

}  // namespace functionfuse::formats::hdf5
