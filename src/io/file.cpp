#include "io/file.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "functionfuse/error.hpp"

namespace functionfuse::io {

FileInfo to_info(const struct stat& st) {
  FileInfo info;
  info.device = st.st_dev;
  info.inode = st.st_ino;
  info.size = static_cast<std::uint64_t>(st.st_size);
  info.links = st.st_nlink;
  info.modified = st.st_mtim.tv_sec * std::int64_t{1'000'000'000} + st.st_mtim.tv_nsec;
  info.regular = S_ISREG(st.st_mode);
  info.folder = S_ISDIR(st.st_mode);
  return info;
}

namespace {

// Linux moves at most 0x7ffff000 bytes a call; smaller pieces let other threads follow closely.
constexpr std::size_t kPiece = std::size_t{4} << 20;


template <class F>
auto retry(F call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

/// Raises this process's limit of open files to what it may raise it to. Arrays keep their files open, so
/// a result with thousands of them needs thousands.
bool allow_more_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return false;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

int open_retrying(const std::string& path, int flags, unsigned mode) {
  auto open = [&] { return retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); }); };
  const int fd = open();
  return fd < 0 && errno == EMFILE && allow_more_files() ? open() : fd;
}

}  // namespace

Fd open_file(const std::string& path, int flags, unsigned mode) {
  Fd fd(open_retrying(path, flags, mode));
  if (!fd) fail((flags & O_CREAT) ? "create" : "open", path, errno);
  return fd;
}

Fd open_if_there(const std::string& path, int flags) {
  Fd fd(open_retrying(path, flags, 0));
  if (!fd && errno != ENOENT && errno != ENOTDIR) fail("open", path, errno);
  return fd;
}

FileInfo info(int fd, const Where& where) {
  struct stat st;
  if (::fstat(fd, &st) != 0) fail("look at", where, errno);
  return to_info(st);
}

bool info_if_there(const std::string& path, FileInfo& result) {
  struct stat st;
  if (::stat(path.c_str(), &st) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    fail("look at", path, errno);
  }
  result = to_info(st);
  return true;
}

void write_all(int fd, const void* data, std::size_t size, const Where& where) {
  auto p = static_cast<const char*>(data);
  while (size > 0) {
    ssize_t n = retry([&] { return ::write(fd, p, std::min(size, kPiece)); });
    if (n < 0) fail("write", where, errno);
    p += n;
    size -= static_cast<std::size_t>(n);
  }
}

void pwrite_all(int fd, std::uint64_t offset, const void* data, std::size_t size,
                const Where& where) {
  auto p = static_cast<const char*>(data);
  while (size > 0) {
    ssize_t n =
        retry([&] { return ::pwrite(fd, p, std::min(size, kPiece), static_cast<off_t>(offset)); });
    if (n < 0) fail("write", where, errno);
    p += n;
    offset += static_cast<std::uint64_t>(n);
    size -= static_cast<std::size_t>(n);
  }
}

void read_all(int fd, std::uint64_t offset, void* data, std::size_t size, const Where& where) {
  auto p = static_cast<char*>(data);
  while (size > 0) {
    ssize_t n =
        retry([&] { return ::pread(fd, p, std::min(size, kPiece), static_cast<off_t>(offset)); });
    if (n < 0) fail("read", where, errno);
    if (n == 0) {
      throw CorruptError(where.path() + " ends before byte " + std::to_string(offset + size) +
                             ": it became shorter while it was read",
                         offset);
    }
    p += n;
    offset += static_cast<std::uint64_t>(n);
    size -= static_cast<std::size_t>(n);
  }
}

void sync_data(int fd, const Where& where) {
  if (retry([&] { return ::fdatasync(fd); }) != 0) fail("write to the disk", where, errno);
}

void start_sync(int fd) noexcept { (void)::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); }

void sync_file(int fd, const Where& where) {
  if (retry([&] { return ::fsync(fd); }) != 0) fail("write to the disk", where, errno);
}

void close_checked(Fd& fd, const Where& where) {
  // Linux has closed it whatever close() says; EINTR is no loss of data.
  if (::close(fd.release()) != 0 && errno != EINTR) fail("write", where, errno);
}

namespace {

/// True where the kernel has copied all of it.
bool copy_in_kernel(int from, int to, const Where& to_where) {
  bool started = false;
  for (;;) {
    ssize_t n = retry([&] {
      return ::copy_file_range(from, nullptr, to, nullptr, std::size_t{1} << 30, 0);
    });
    if (n == 0) return true;
    if (n > 0) {
      started = true;
    } else if (!started && (errno == EXDEV || errno == EINVAL || errno == ENOSYS ||
                            errno == EOPNOTSUPP || errno == EPERM)) {
      return false;
    } else {
      fail("write", to_where, errno);
    }
  }
}

}  // namespace

void copy_file(int from, const Where& from_where, int to, const Where& to_where) {
  const std::uint64_t size = info(from, from_where).size;
  // Some file systems claim an empty file where they can't copy: believe the size only.
  if (copy_in_kernel(from, to, to_where) && info(to, to_where).size == size) return;
  auto buffer = std::make_unique_for_overwrite<char[]>(std::size_t{1} << 20);
  for (std::uint64_t done = info(to, to_where).size; done < size;) {
    auto n = static_cast<std::size_t>(std::min<std::uint64_t>(size - done, 1 << 20));
    read_all(from, done, buffer.get(), n, from_where);
    write_all(to, buffer.get(), n, to_where);
    done += n;
  }
}

void make_folders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) fail("create the folder", path, error.value());
}

bool remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno != ENOENT && errno != ENOTDIR) fail("remove", path, errno);
  return false;
}

}  // namespace functionfuse::io
