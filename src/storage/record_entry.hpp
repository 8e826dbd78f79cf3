#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/storage/record.hpp"
#include "io/file.hpp"
#include "io/sha1.hpp"
#include "storage/name_table.hpp"

namespace functionfuse::detail {

/// First line of a log of records.
inline constexpr std::string_view kRecordsHeader = "functionfuse records 1";

/// Which file, as far as a look at it without opening can tell: of what is written under one name,
/// two files have the same inode only one after the other, and then not the same time.
struct FileIdentity {
  std::uint64_t inode = 0;
  std::int64_t modified = 0;  ///< nanoseconds since 1970
  FileIdentity() = default;
  FileIdentity(std::uint64_t i, std::int64_t m) : inode(i), modified(m) {}
  explicit FileIdentity(const io::FileInfo& info) : inode(info.inode), modified(info.modified) {}
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// What one save said about its task. See docs/formats/records.md.
struct RecordEntry {
  std::string_view task;
  FileIdentity file;          ///< of the task
  io::Sha1Digest digest{};    ///< that the task's file ends with
  std::optional<Record> record;  ///< nothing: saved without one
  std::string_view line;         ///< as it stands in the log, without the newline
};

/// The entry as it is appended: a newline, so that it begins a line whatever the last writer left,
/// and the line.
[[nodiscard]] std::string encode_entry(std::string_view task, const FileIdentity& file,
                                       const io::Sha1Digest& digest, const Record* record);

/// What a log holds, later entries first. Lines that are torn, mixed up or of another version are
/// as if they were not there.
/// \threads const functions are safe
class RecordTable {
 public:
  RecordTable() = default;
  explicit RecordTable(std::string log) { add(std::move(log)); }
  RecordTable(const RecordTable&) = delete;
  RecordTable& operator=(const RecordTable&) = delete;

  /// Adds what the log, or a part of it that begins anywhere, holds; entries that were found stay
  /// where they are. Returns at which byte of `log` to begin when there is more of it: the last line
  /// may have been read while it was written.
  std::size_t add(std::string log);

  [[nodiscard]] bool knows(std::string_view task) const { return tasks_.find(task).has_value(); }
  [[nodiscard]] std::size_t entries() const noexcept { return entries_.size(); }
  /// The latest entry for the task in that file, or in one with that content; null: none.
  [[nodiscard]] const RecordEntry* find(std::string_view task, const FileIdentity& file) const;
  [[nodiscard]] const RecordEntry* find(std::string_view task, const io::Sha1Digest& digest) const;

 private:
  bool parse_line(std::string_view line, RecordEntry& entry);
  std::optional<std::string> unescape(std::string_view text);
  template <class Matches>
  const RecordEntry* latest(std::string_view task, Matches matches) const;

  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  // What the entries point into: logs, and names of tasks that do not stand in one as they are.
  std::deque<std::string> texts_;
  NameTable tasks_;
  std::vector<std::uint32_t> latest_;  // of a task, by its number
  std::vector<std::uint32_t> before_;  // the entry before, of the same task
  std::deque<RecordEntry> entries_;
};

}  // namespace functionfuse::detail
