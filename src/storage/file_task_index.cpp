#include "storage/file_task_index.hpp"

#include "functionfuse/error.hpp"
#include "storage/record_log.hpp"
#include "storage/task_names.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::size_t kMany = 64;

}  // namespace

FileTaskIndex::FileTaskIndex(const std::string& path, std::size_t expected)
    : folder_(io::Folder::open_if_there(path)) {
  if (!folder_) return;
  // The folder first: whoever commits a task has written its entry before, so the log knows all that
  // was seen in the folder.
  if (expected > kMany) {
    entries_.emplace(*folder_);
    names_ = NameTable(entries_->size());
    inodes_.reserve(entries_->size());
    for_each_task(*folder_, *entries_, [&](std::string_view task, std::uint64_t inode) {
      names_.insert(task);
      inodes_.push_back(inode);
    });
  }
  records_ = std::make_unique<RecordTable>(read_records(path));
  if (records_->log_size() > (std::size_t{1} << 20) && (!entries_ || mostly_dead())) {
    try {
      compact_records(path, false);
    } catch (const Error&) {
      // A storage that can only be read is read all the same.
    }
  }
}

bool FileTaskIndex::mostly_dead() const {
  std::size_t live = 0;
  for (const auto& [name, inode, what] : *entries_) {
    if (const RecordEntry* entry = records_->find(name, inode)) live += entry->line.size() + 1;
  }
  return live < records_->log_size() / 2;
}

std::optional<std::uint64_t> FileTaskIndex::inode_of(std::string_view task) const {
  if (entries_) {
    const auto number = names_.find(task);
    if (!number) return {};
    return inodes_[*number];
  }
  io::FileInfo info;
  if (!folder_->info_if_there(std::string(task), info) || !info.regular) return {};
  return info.inode;
}

TaskIndex::Found FileTaskIndex::find(std::string_view task) const {
  if (!folder_) return {};
  const auto inode = inode_of(task);
  if (!inode) return {};
  const RecordEntry* entry = records_->find(task, *inode);
  if (entry == nullptr && records_->knows(task)) {
    if (const auto digest = stored_digest(*folder_, std::string(task))) {
      entry = records_->find(task, *digest);
    }
  }
  return {true, entry != nullptr && entry->record ? &*entry->record : nullptr};
}

}  // namespace functionfuse::detail
