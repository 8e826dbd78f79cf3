#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "functionfuse/storage/storage.hpp"
#include "io/folder.hpp"
#include "storage/name_table.hpp"
#include "storage/record_log.hpp"

namespace functionfuse::detail {

/// The tasks of a workflow's folder and their records. For few tasks each is looked up in the
/// folder; for many the folder is read once, so that those that are not there cost nothing.
///
/// Whose record is it? An entry in the log counts for the task's file if it names the file's inode
/// and time. The inode alone would not do: it is used again for a later file, and another program
/// may write into the file that is there. In a copied or restored storage none fits: then the entry
/// counts that names the digest which the file ends with. No entry fits where something that writes
/// no records wrote the file.
class FileTaskIndex final : public TaskIndex {
 public:
  /// \param path  of the workflow's folder; need not be there
  FileTaskIndex(const std::string& path, std::size_t expected);
  [[nodiscard]] Found find(std::string_view task) const override;

 private:
  [[nodiscard]] const RecordEntry* entry_of(const std::string& task,
                                            const io::FileInfo& info) const;
  [[nodiscard]] bool mostly_dead() const;

  std::optional<io::Folder> folder_;
  mutable std::mutex mutex_;  // for the next two
  mutable RecordReader log_;
  mutable RecordTable records_;
  std::optional<io::Entries> entries_;  // for many
  NameTable names_;                     // of its tasks
};

}  // namespace functionfuse::detail
