#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "formats/hdf5/chunk_index.hpp"

namespace functionfuse::formats::hdf5 {

/// Which chunks are in a file that is being written: their checksums, and where compressed ones
/// lie.
///
/// Of large chunks it is written into the file at once; of small ones a page at a time, when it is
/// full, and all that there is once a second, so that each of a million does not cost a call.
///
/// \threads safe
class Progress {
 public:
  /// \param sums_at  where the checksums go; 0: nowhere, they only say which chunks are there
  /// \param index    of compressed chunks, else null
  Progress(int fd, std::uint64_t sums_at, const ChunkIndex* index, std::vector<std::uint64_t> sums,
           std::vector<ChunkPlace> places, bool at_once);

  void set(std::size_t number, std::uint64_t sum, const ChunkPlace& place, const std::string& path);
  /// 0: it is not there.
  [[nodiscard]] std::uint64_t sum(std::size_t number) const;
  [[nodiscard]] ChunkPlace place(std::size_t number) const;
  /// Wanted again.
  void forget(std::size_t number);
  void flush(const std::string& path);
  /// The first chunk that is not there; how many there are if all are.
  [[nodiscard]] std::size_t first_missing() const;
  /// \pre no other thread
  [[nodiscard]] const std::vector<ChunkPlace>& places() const noexcept { return places_; }

 private:
  struct Page {
    std::size_t missing = 0;
    bool changed = false;  // against the file
  };
  void write(std::size_t first, std::size_t count, const std::string& path);
  void write_page(std::size_t page, const std::string& path);
  void write_changed(const std::string& path);

  const int fd_;
  const std::uint64_t sums_at_;
  const ChunkIndex* index_;
  const bool at_once_;
  mutable std::mutex mutex_;
  std::vector<std::uint64_t> sums_;
  std::vector<ChunkPlace> places_;
  std::vector<Page> pages_;
  std::chrono::steady_clock::time_point flushed_ = std::chrono::steady_clock::now();
};

}  // namespace functionfuse::formats::hdf5
