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
/// From the first entry to close() a shared lock (flock) keeps others from compacting the log. An
/// append waits two seconds at most for a compaction to end, and the next ones do not wait for the
/// same one.
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
  /// False: the log that is now open is being replaced; good for one entry.
  bool open();

  const io::Folder* workflow_;
  std::mutex mutex_;
  io::Fd fd_;
  bool waited_ = false;  // in vain
};

/// Reads the log of a workflow: first all of it, then what has come to it.
class RecordReader {
 public:
  explicit RecordReader(const std::string& workflow_path);
  /// Adds to `records` what is new in the log since the last time. False where nothing is; no log is
  /// an empty one.
  bool read(RecordTable& records);
  /// Of the log, when it was read last.
  [[nodiscard]] std::uint64_t size() const noexcept { return info_.size; }

 private:
  std::string path_;
  io::Fd fd_;  // as long as it is open no other log gets its inode
  io::FileInfo info_;
  std::uint64_t done_ = 0;  // bytes that need not be read again
};

/// Rewrites the log with the entries that still count for a task, if more than half of a log of
/// more than 1 MiB does not, or any does not and `all`. Does nothing while somebody appends.
void compact_records(const std::string& workflow_path, bool all);

}  // namespace functionfuse::detail
