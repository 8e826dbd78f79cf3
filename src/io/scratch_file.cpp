#include "io/scratch_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "io/file.hpp"

namespace functionfuse::io {

void ScratchFile::open() {
  const char* wanted = std::getenv("TMPDIR");
  folder_ = wanted != nullptr && *wanted != '\0' ? wanted : "/var/tmp";
  fd_.reset(::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd_) return;
  std::string name = folder_ + "/functionfuse-XXXXXX";  // a file system without O_TMPFILE
  fd_.reset(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd_) fail("create a temporary file in", folder_, errno);
  ::unlink(name.c_str());
}

std::uint64_t ScratchFile::write(const void* data, std::size_t size) {
  std::uint64_t offset = 0;
  {
    std::lock_guard lock(mutex_);
    if (!fd_) open();
    offset = end_;
    end_ += (size + 4095) / 4096 * 4096;
  }
  pwrite_all(fd_.get(), offset, data, size, folder_);
  return offset;
}

void ScratchFile::read(std::uint64_t offset, void* data, std::size_t size) const {
  read_all(fd_.get(), offset, data, size, folder_);
}

void ScratchFile::free(std::uint64_t offset, std::size_t size) noexcept {
  // What a file system can't give back goes with the file.
  (void)::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                    static_cast<off_t>((size + 4095) / 4096 * 4096));
}

}  // namespace functionfuse::io
