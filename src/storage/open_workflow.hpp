#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "io/folder.hpp"
#include "storage/record_log.hpp"

namespace functionfuse::detail {

/// The folder of a workflow that results are being saved to.
/// \threads safe
class OpenWorkflow {
 public:
  /// Makes the folder if need be.
  explicit OpenWorkflow(const std::string& path);

  [[nodiscard]] const io::Folder& folder() const noexcept { return folder_; }
  [[nodiscard]] RecordLog& log() noexcept { return log_; }

  /// Whether the path still leads to this folder, and not nowhere or to another because somebody
  /// removed or renamed it. Looked up once a second at most, unless `now`.
  [[nodiscard]] bool still_there(bool now = false);

  /// Remembers for sync(): a task, and files in bigdata.
  void saved(const std::string& task, const std::vector<std::string>& bigdata);
  /// All that was saved is on the disk when it returns.
  void sync();

 private:
  struct Unsynced {
    std::vector<std::string> names;  ///< relative to the folder; not kept beyond kMany
    bool many = false;
    bool any = false;
  };
  void sync_each(const Unsynced& files);

  io::Folder folder_;
  io::FileInfo info_;
  std::atomic<std::int64_t> looked_up_;  // seconds
  RecordLog log_;
  std::mutex mutex_;
  Unsynced unsynced_;
};

}  // namespace functionfuse::detail
