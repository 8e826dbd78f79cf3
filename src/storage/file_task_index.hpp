#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "functionfuse/storage/storage.hpp"
#include "io/folder.hpp"
#include "storage/name_table.hpp"
#include "storage/record_entry.hpp"

namespace functionfuse::detail {

/// The tasks of a workflow's folder and their records. For few tasks each is looked up in the
/// folder; for many the folder is read once.
///
/// Whose record is it? An entry in the log counts for the task's file if it names the file's inode,
/// the latest such entry first. In a copied or restored storage no inode fits: then the entry
/// counts that names the digest which the file ends with. No entry fits where something that writes
/// no records wrote the file.
///
/// An inode may be used again for a file that another program, or an older process, has written
/// under the name of the same task. The record found then is of an earlier result, and that can
/// only do what may happen to a task without a record as well: it is taken as it is, or, at worst,
/// computed again.
class FileTaskIndex final : public TaskIndex {
 public:
  /// \param path  of the workflow's folder; need not be there
  FileTaskIndex(const std::string& path, std::size_t expected);
  [[nodiscard]] Found find(std::string_view task) const override;

 private:
  [[nodiscard]] std::optional<std::uint64_t> inode_of(std::string_view task) const;
  [[nodiscard]] bool mostly_dead() const;

  std::optional<io::Folder> folder_;
  std::unique_ptr<RecordTable> records_;
  std::optional<io::Entries> entries_;  // for many
  NameTable names_;
  std::vector<std::uint64_t> inodes_;
};

}  // namespace functionfuse::detail
