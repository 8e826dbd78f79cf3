#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "io/fd.hpp"

namespace functionfuse::io {

/// A temporary file without a name, in $TMPDIR or else /var/tmp; made with the first write. Gone with
/// this object, and with the process however it ends.
///
/// \threads safe
class ScratchFile {
 public:
  /// \returns  where it was written
  /// \error io
  std::uint64_t write(const void* data, std::size_t size);
  void read(std::uint64_t offset, void* data, std::size_t size) const;
  /// What was written there is not needed any more.
  void free(std::uint64_t offset, std::size_t size) noexcept;

 private:
  void open();

  std::mutex mutex_;
  std::string folder_;
  Fd fd_;
  std::uint64_t end_ = 0;
};

}  // namespace functionfuse::io
