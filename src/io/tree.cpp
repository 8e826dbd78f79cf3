#include "io/tree.hpp"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "functionfuse/error.hpp"

#include "io/error.hpp"
#include "io/folder.hpp"

namespace functionfuse::io {

void remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) fail("remove", path, error.value());
}

void copy_tree(const std::string& from, const std::string& to) {
  const Fd in = open_file(from, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);  // a pipe would be waited for
  const FileInfo what = info(in.get(), from);
  if (what.folder) {
    if (::mkdir(to.c_str(), 0777) != 0) fail("create", to, errno);
    for (const Entries::Entry& entry : Entries::of(from)) {
      const std::string name = "/" + std::string(entry.name);
      copy_tree(from + name, to + name);
    }
    return;
  }
  if (!what.regular) throw UnsupportedError(from + " is neither a file nor a folder");
  Fd out = open_file(to, O_CREAT | O_EXCL | O_WRONLY);
  copy_file(in.get(), from, out.get(), to);
  close_checked(out, to);
}

void sync_tree(int fd, const Where& where) {
  if (!info(fd, where).folder) return sync_file(fd, where);
  // A call each for thousands of files would wait for the disk as often.
  if (::syncfs(fd) != 0) fail("write to the disk", where, errno);
}

}  // namespace functionfuse::io
