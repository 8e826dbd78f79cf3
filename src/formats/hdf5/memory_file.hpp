#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "formats/hdf5/library.hpp"

namespace functionfuse::formats::hdf5 {

/// A file of the library in memory, of which only the parts that were written take any: the run of
/// terabytes that it makes room for costs nothing.
///
/// (Its own driver "core" has the whole of a file in memory.)
class MemoryFile {
 public:
  MemoryFile() = default;
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// With these properties the library creates this file, of whatever name. It must be closed
  /// before this is destroyed.
  void use_for(const Properties& access);

  /// Where the closed file ends.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// All of it into an empty file.
  void write_to(int fd, const std::string& path) const;

 private:
  struct Driver;
  static constexpr std::size_t kPage = 4096;
  using Page = std::array<std::byte, kPage>;

  void write(std::uint64_t at, const std::byte* data, std::size_t size);
  void read(std::uint64_t at, std::byte* to, std::size_t size) const;

  std::map<std::uint64_t, std::unique_ptr<Page>> pages_;  // by number
  std::uint64_t size_ = 0;
  Handle<H5FDunregister> driver_;
};

}  // namespace functionfuse::formats::hdf5
