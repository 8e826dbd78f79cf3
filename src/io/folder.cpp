#include "io/folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

namespace functionfuse::io {
namespace {

constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

/// What getdents64 fills in; glibc has no struct for it under a portable name.
struct KernelEntry {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[1];
};

Entries::What to_what(unsigned char type) {
  switch (type) {
    case DT_REG:
      return Entries::What::file;
    case DT_DIR:
      return Entries::What::folder;
    case DT_UNKNOWN:
    case DT_LNK:
      return Entries::What::unknown;
    default:
      return Entries::What::other;
  }
}

}  // namespace

Folder::Folder(std::string path) : fd_(::open(path.c_str(), kOpenFolder)), path_(std::move(path)) {
  if (!fd_) fail("open the folder", path_, errno);
}

std::optional<Folder> Folder::open_if_there(std::string path) {
  Fd fd(::open(path.c_str(), kOpenFolder));
  if (fd) return Folder(std::move(fd), std::move(path));
  if (errno != ENOENT && errno != ENOTDIR) fail("open the folder", path, errno);
  return {};
}

Fd Folder::open_if_there(const std::string& name, int flags) const {
  Fd file(::openat(fd(), name.c_str(), flags | O_CLOEXEC));
  if (!file && errno != ENOENT) fail("open", where(name), errno);
  return file;
}

bool Folder::info_if_there(const std::string& name, FileInfo& result) const {
  struct stat st;
  if (::fstatat(fd(), name.c_str(), &st, 0) != 0) {
    if (errno == ENOENT) return false;
    fail("look at", where(name), errno);
  }
  result = to_info(st);
  return true;
}

bool Folder::remove(const std::string& name) const {
  if (::unlinkat(fd(), name.c_str(), 0) == 0) return true;
  if (errno != ENOENT) fail("remove", where(name), errno);
  return false;
}

Entries::Entries(const Folder& folder) {
  constexpr std::size_t kBlock = 256 * 1024;
  constexpr std::size_t kLongest = sizeof(KernelEntry) + 256;
  // A second pass over one descriptor would begin at the end of the first.
  if (::lseek(folder.fd(), 0, SEEK_SET) < 0) fail("read the folder", folder.path(), errno);
  std::size_t used = 0, capacity = 0;
  for (;;) {
    if (capacity - used < kLongest) {
      // The first block is small: most folders are.
      capacity = blocks_.empty() ? kBlock / 8 : kBlock;
      used = 0;
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(capacity));
    }
    char* block = blocks_.back().get();
    const long n = ::syscall(SYS_getdents64, folder.fd(), block + used, capacity - used);
    if (n < 0) fail("read the folder", folder.path(), errno);
    if (n == 0) return;
    for (const std::size_t end = used + static_cast<std::size_t>(n); used < end;) {
      auto entry = reinterpret_cast<const KernelEntry*>(block + used);
      used += entry->length;
      const char* name = reinterpret_cast<const char*>(entry) + offsetof(KernelEntry, name);
      std::string_view view(name);
      if (view != "." && view != "..") {
        entries_.push_back({view, entry->inode, to_what(entry->type)});
      }
    }
  }
}

Entries Entries::of(const std::string& path) {
  auto folder = Folder::open_if_there(path);
  return folder ? Entries(*folder) : Entries();
}

}  // namespace functionfuse::io
