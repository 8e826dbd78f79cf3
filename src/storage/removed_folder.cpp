#include "storage/removed_folder.hpp"

#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "io/file.hpp"

namespace functionfuse::detail {

std::string hide_removed(const std::string& root, const std::string& folder) {
  static std::atomic<unsigned> counter = 0;
  io::FileInfo info;
  if (!io::info_if_there(folder, info) || !info.folder) return {};
  for (;;) {
    std::string hidden = root + "/" + std::string(kRemoved) + std::to_string(::getpid()) + "-" +
                         std::to_string(counter.fetch_add(1));
    if (::rename(folder.c_str(), hidden.c_str()) == 0) return hidden;
    if (errno == ENOENT) return {};  // somebody else was faster
    if (errno != EEXIST && errno != ENOTEMPTY) io::fail("remove", folder, errno);
  }
}

}  // namespace functionfuse::detail
