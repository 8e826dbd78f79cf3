#include "io/new_file.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>

namespace functionfuse::io {
namespace {

/// Gives a file without a name one. 0 or errno.
int link_unnamed(int fd, int folder, const std::string& name) {
  // The short way needs Linux 6.10 or a capability, the long way /proc.
  static std::atomic<bool> short_way = true;
  if (short_way.load(std::memory_order_relaxed)) {
    if (::linkat(fd, "", folder, name.c_str(), AT_EMPTY_PATH) == 0) return 0;
    if (errno != ENOENT && errno != EPERM && errno != EINVAL) return errno;
  }
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  if (::linkat(AT_FDCWD, link.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW) != 0) return errno;
  short_way.store(false, std::memory_order_relaxed);
  return 0;
}

/// Renames where nothing has the new name. 0 or errno.
int rename_new(int folder, const std::string& from, const std::string& to) {
  if (::renameat2(folder, from.c_str(), folder, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system without that flag (NFS): a hard link is refused too where the name is taken.
  if (::linkat(folder, from.c_str(), folder, to.c_str(), 0) != 0) return errno;
  (void)::unlinkat(folder, from.c_str(), 0);  // committed all the same; gc finds the other name
  return 0;
}

}  // namespace

std::string temporary_name() {
  static std::atomic<unsigned> counter = 0;
  std::string name(kTemporary);
  name += std::to_string(::getpid());
  name += '-';
  name += std::to_string(counter.fetch_add(1, std::memory_order_relaxed));
  return name;
}

NewFile::NewFile(const Folder& folder) : folder_(&folder) {
  fd_.reset(::openat(folder.fd(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
  if (fd_) return;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
    fail("create a file in", folder.path(), errno);
  }
  do {  // another computer may have a process of our number
    temporary_ = temporary_name();
    fd_.reset(::openat(folder.fd(), temporary_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
                       0666));
  } while (!fd_ && errno == EEXIST);
  if (!fd_) {
    const int error = errno;
    temporary_.clear();
    fail("create a file in", folder.path(), error);
  }
}

NewFile::NewFile(NewFile&& other) noexcept
    : folder_(other.folder_),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::move(other.fd_)) {}

NewFile::~NewFile() {
  if (!temporary_.empty()) ::unlinkat(folder_->fd(), temporary_.c_str(), 0);
}

void NewFile::close(const std::string& name) {
  if (fd_) close_checked(fd_, where(name));
}

FileInfo NewFile::info() {
  FileInfo result;
  if (temporary_.empty()) {
    result = io::info(fd_.get(), folder_->path());
  } else {
    close(temporary_);  // a file server only now knows the time
    if (!folder_->info_if_there(temporary_, result)) fail("look at", where(temporary_), ENOENT);
  }
  return result;
}

bool NewFile::commit_new(const std::string& name) {
  int error;
  if (temporary_.empty()) {
    error = link_unnamed(fd_.get(), folder_->fd(), name);
  } else {
    close(name);  // a file server reports a full disk here
    error = rename_new(folder_->fd(), temporary_, name);
    if (error == 0) temporary_.clear();
  }
  if (error == EEXIST) return false;
  if (error != 0) fail("create", where(name), error);
  return true;
}

void NewFile::take_temporary_name(const std::string& name) {
  int error;
  do {
    temporary_ = temporary_name();
    error = link_unnamed(fd_.get(), folder_->fd(), temporary_);
  } while (error == EEXIST);
  if (error != 0) {
    temporary_.clear();
    fail("create", where(name), error);
  }
}

void NewFile::commit_over(const std::string& name) {
  if (!fd_) {  // closed by commit_new
    fd_.reset(::openat(folder_->fd(), temporary_.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd_) fail("open", where(temporary_), errno);
  }
  sync_data(fd_.get(), where(name));
  if (temporary_.empty()) take_temporary_name(name);
  close(name);
  if (::renameat(folder_->fd(), temporary_.c_str(), folder_->fd(), name.c_str()) != 0) {
    fail("replace", where(name), errno);
  }
  temporary_.clear();
}

}  // namespace functionfuse::io
