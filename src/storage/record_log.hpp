#pragma once

#include <mutex>
#include <string>

#include "io/folder.hpp"
#include "storage/record_entry.hpp"

namespace functionfuse::detail {

/// In a workflow's folder: hidden, so that IBM's Function Fuse takes it for no task.
inline constexpr std::string_view kPrivateFolder = ".functionfuse";
inline constexpr std::string_view kRecords = "records";

/// Appends to the log of records of one workflow.
///
/// From the first entry to close() a shared lock (flock) keeps others from compacting the log;
/// nobody waits for it longer than a moment.
/// \threads safe
class RecordLog {
 public:
  /// `workflow` must outlive it.
  explicit RecordLog(const io::Folder& workflow) : workflow_(&workflow) {}
  /// `entry` is one of encode_entry; written with one call.
  void append(const std::string& entry);
  /// On the disk when it returns.
  void sync();
  void close();

 private:
  void open();

  const io::Folder* workflow_;
  std::mutex mutex_;
  io::Fd fd_;
};

/// The log of a workflow: nothing in it where there is no log.
[[nodiscard]] std::string read_records(const std::string& workflow_path);

/// Rewrites the log with the entries that still count for a task, if more than half of a log of
/// more than 1 MiB does not, or any does not and `all`. Does nothing while somebody appends.
void compact_records(const std::string& workflow_path, bool all);

}  // namespace functionfuse::detail
