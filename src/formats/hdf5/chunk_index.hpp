#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

/// \file
/// The metadata of HDF5 that is written here and not by the library: where compressed chunks lie,
/// and where the file ends. So chunks are compressed and written by many threads at a time, the
/// library is not needed while they are, and what a kill leaves can be gone on with.
///
/// The library makes the index, with the first chunk of one byte in it; here its entries are filled
/// in.
///
/// 1. An entry is written as soon as its chunk is in the file.
/// 2. At the end all entries are, each page of them with its checksum.
///
/// HDF5 File Format Specification 3.0, "Fixed Array Index" (III.I) and "Superblock" (II.A).

namespace functionfuse::formats::hdf5 {

struct ChunkPlace {
  std::uint64_t address = 0;
  std::uint32_t size = 0;
  std::uint32_t skipped = 0;  ///< filters that were not applied, a bit for each
};

class ChunkIndex {
 public:
  ChunkIndex() = default;
  /// Finds the index in a file that the library has just written, or that was gone on with from
  /// there.
  ///
  /// \param end    no metadata lies behind it
  /// \error corrupt  it is not there
  static ChunkIndex find(int fd, std::uint64_t end, std::size_t count, const std::string& path);

  [[nodiscard]] ChunkPlace read(int fd, std::size_t number, const std::string& path) const;
  /// Their entries, without the checksums: the file cannot be read yet.
  void write(int fd, std::size_t first, std::span<const ChunkPlace> places,
             const std::string& path) const;
  /// All entries and checksums.
  void finish(int fd, std::span<const ChunkPlace> places, const std::string& path) const;

 private:
  [[nodiscard]] std::uint64_t place_of(std::size_t number) const;
  void encode(const ChunkPlace& place, std::byte* to) const;

  std::uint64_t header_at_ = 0;
  std::uint64_t block_at_ = 0;
  std::uint64_t entries_at_ = 0;
  std::size_t count_ = 0;
  std::size_t entry_size_ = 0;
  std::size_t page_ = 0;  // entries on a page
  bool has_pages_ = false;
};

/// Where the file ends, for the library: it reads nothing behind that.
void set_end_of_file(int fd, std::uint64_t end, const std::string& path);

/// HDF5's checksum of metadata: Bob Jenkins' lookup3.
[[nodiscard]] std::uint32_t metadata_checksum(const std::byte* data, std::size_t size);

}  // namespace functionfuse::formats::hdf5
