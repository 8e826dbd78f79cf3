#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <functionfuse/arrays/chunks.hpp>
#include <functionfuse/arrays/nd_array.hpp>

#include "arrays/buffer_pool.hpp"
#include "formats/hdf5/library.hpp"
#include "formats/hdf5_file.hpp"
#include "io/file.hpp"

namespace functionfuse::formats::hdf5 {

/// How a dataset's bytes are read.
///
/// 1. `direct`: they are one run in the file whose place the library was asked for once: contiguous
///    data, or chunks one behind the other. They are read with pread, the library's file is closed.
/// 2. `chunks`: the library finds a chunk and reads its bytes as they are; checking, inflating and
///    unshuffling is done in the calling thread. Types that need a conversion get it from the
///    library.
/// 3. `library`: all else, in the library, one thread at a time.
class Reader {
 public:
  enum class Mode { no_bytes, direct, chunks, library };

  /// \error  as Hdf5Source::open
  Reader(std::string path, std::string dataset);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void read(std::size_t number, NdArray& block) const;
  [[nodiscard]] std::size_t extra_bytes() const;
  /// Of a chunk; 0: not written, or there are no checksums.
  [[nodiscard]] std::uint64_t checksum(std::size_t number) const;

  [[nodiscard]] std::string place() const;
  [[nodiscard]] std::string place(std::size_t number) const;

  std::string path, dataset;
  DType dtype;
  Chunks chunks;
  Chunks logical;
  Hdf5Info info;

  Mode mode = Mode::library;
  bool is_contiguous = false;
  bool shuffle = false;
  int deflate = 0;
  std::size_t itemsize = 0;        ///< of an element of the file
  Shape stored_shape;              ///< of a chunk, with the axes of an element that is an array
  std::size_t stored_bytes = 0;    ///< of such a chunk
  std::uint64_t base = 0;          ///< direct: where the run begins
  std::uint64_t checksums_at = 0;  ///< 0: there are none
  std::uint64_t file_size = 0;
  io::Fd fd;
  File file;  ///< modes chunks and library
  Dataset set;

 private:
  void open_file();
  void find_dataset();
  void open_owner();
  void open_dataset();
  void read_filters(hid_t properties);
  void choose_mode(hid_t properties, const Shape& shape, bool raw);
  void check_chunk_size(hid_t properties) const;
  bool find_run(hid_t properties, const Shape& shape);
  void make_grid(const Shape& shape, Shape piece, const Shape& more);
  void open_checksums(std::size_t rank);
  void scan_checksums();
  void open_logical();
  std::vector<std::int64_t> read_lengths(std::size_t axis);
  [[nodiscard]] std::vector<std::string> names_near(const std::string& group) const;
  [[nodiscard]] std::uint64_t most_pieces() const;
  [[nodiscard]] bool has_edges() const;

  void read_direct(std::size_t number, NdArray& block) const;
  void read_bytes(std::size_t number, std::uint64_t at, std::byte* to, std::size_t size) const;
  void read_chunk(std::size_t number, NdArray& block) const;
  void read_in_library(std::size_t number, NdArray& block) const;
  void check_packed(std::size_t number, const NdArray& block) const;
  struct Stored {
    std::shared_ptr<std::byte> data;
    std::size_t size = 0;  // 0: not found
    std::uint32_t skipped = 0;
    std::string failure;  // why not
  };
  void convert_chunk(std::size_t number, const Stored& stored, NdArray& block) const;
  [[nodiscard]] bool may_unpack(Stored stored) const;
  [[nodiscard]] Stored stored_chunk(std::size_t number) const;
  [[nodiscard]] std::vector<hsize_t> origin(std::size_t number) const;
  [[nodiscard]] std::uint64_t place_in_run(std::size_t number) const;
  void decode(std::size_t number, const Stored& stored, std::byte* to) const;
  void check(std::size_t number, const std::byte* data, std::size_t size) const;
  void copy_part(const std::byte* stored, NdArray& block) const;
  [[noreturn]] void fail_changed(std::size_t number, std::uint64_t found,
                                 std::uint64_t expected) const;
  [[noreturn]] void fail_not_written(std::size_t number, const std::string& failure) const;

  std::string name_in_file_;       // behind all links
  std::size_t rank_ = 0;           // of the dataset
  std::size_t file_itemsize_ = 0;  // before a conversion
  struct Filter {
    int id = 0;
    std::vector<unsigned> values;
  };
  std::vector<Filter> filters_;  // in the order in which they were applied
  unsigned filter_count_ = 0;
  bool edges_are_plain_ = false;  // chunks at the edge are not filtered
  int shuffle_at_ = -1;           // place in the pipeline, -1: not there
  int deflate_at_ = -1;
  int fletcher_at_ = -1;
  std::size_t shuffle_size_ = 0;
  bool own_filters_ = true;  // those that decode() knows
  bool has_userblock_ = false;
  bool raw_ = true;                  // elements are the same in the file and in memory
  std::size_t file_bytes_ = 0;       // of a chunk in the file, not compressed
  Type memory_;                      // modes chunks and library
  std::vector<std::uint64_t> sums_;  // all checksums, where they are not too many
  std::shared_ptr<functionfuse::detail::BufferPool> pool_ =
      std::make_shared<functionfuse::detail::BufferPool>();
};

}  // namespace functionfuse::formats::hdf5
