#include "storage/open_workflow.hpp"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "functionfuse/error.hpp"
#include "io/tree.hpp"
#include "storage/task_names.hpp"

namespace functionfuse::detail {
namespace {

// Up to here each file is written to the disk by itself; beyond, the whole file system, which can
// mean gigabytes of somebody else's.
constexpr std::size_t kMany = 16;

std::int64_t seconds_now() {
  struct timespec now;
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec;
}

io::Folder made(const std::string& path) {
  if (auto folder = io::Folder::open_if_there(path)) return std::move(*folder);
  io::make_folders(path);
  return io::Folder(path);
}

}  // namespace

OpenWorkflow::OpenWorkflow(const std::string& path)
    : folder_(made(path)),
      info_(folder_.own_info()),
      looked_up_(seconds_now()),
      log_(folder_) {}

bool OpenWorkflow::still_there(bool now) {
  const std::int64_t seconds = seconds_now();
  if (!now && looked_up_.load(std::memory_order_relaxed) == seconds) return true;
  io::FileInfo info;
  if (!io::info_if_there(folder_.path(), info)) return false;
  if (info.inode != info_.inode || info.device != info_.device) return false;
  looked_up_.store(seconds, std::memory_order_relaxed);
  return true;
}

void OpenWorkflow::saved(const std::string& task, const std::vector<std::string>& bigdata) {
  std::lock_guard lock(mutex_);
  unsynced_.any = true;
  if (unsynced_.many) return;
  unsynced_.names.push_back(task);
  for (const std::string& name : bigdata) {
    unsynced_.names.push_back(std::string(kBigdata) + "/" + name);
  }
  if (unsynced_.names.size() > kMany) {
    unsynced_.many = true;
    unsynced_.names.clear();
  }
}

void OpenWorkflow::sync() {
  Unsynced files;
  {
    std::lock_guard lock(mutex_);
    std::swap(files, unsynced_);
  }
  if (!files.any) return;
  try {
    if (!still_there(true)) {
      throw Error(Errc::io, "the folder " + folder_.path() +
                                " was removed, renamed or replaced while results were being saved "
                                "to it: run again");
    }
    if (files.many) {
      if (::syncfs(folder_.fd()) != 0) io::fail("write to the disk", folder_.path(), errno);
    } else {
      sync_each(files);
    }
  } catch (...) {
    std::lock_guard lock(mutex_);
    unsynced_.any = unsynced_.many = true;
    throw;
  }
}

void OpenWorkflow::sync_each(const Unsynced& files) {
  for (const std::string& name : files.names) {
    // Removed or replaced since: then somebody else's to keep.
    if (const io::Fd fd = folder_.open_if_there(name, O_RDONLY)) {
      io::sync_tree(fd.get(), folder_.where(name));
    }
  }
  log_.sync();
  // The names, from the innermost folder outwards; the folders above may be new too.
  const std::string root = std::filesystem::path(folder_.path()).parent_path();
  for (const std::string& path : {folder_.path() + "/" + std::string(kBigdata),
                                  folder_.path() + "/" + std::string(kPrivateFolder),
                                  folder_.path(), root,
                                  std::filesystem::path(root).parent_path().string()}) {
    if (const auto folder = io::Folder::open_if_there(path)) io::sync_file(folder->fd(), path);
  }
}

}  // namespace functionfuse::detail
