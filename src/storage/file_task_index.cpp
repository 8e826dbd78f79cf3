#include "storage/file_task_index.hpp"

#include "functionfuse/error.hpp"
#include "storage/record_log.hpp"
#include "storage/task_names.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::size_t kMany = 64;

}  // namespace

FileTaskIndex::FileTaskIndex(const std::string& path, std::size_t expected)
    : folder_(io::Folder::open_if_there(path)), log_(path) {
  if (!folder_) return;
  // The folder first: whoever commits a task has written its entry before, so the log knows all that
  // was seen in the folder.
  if (expected > kMany) {
    entries_.emplace(*folder_);
    names_ = NameTable(entries_->size());
    for_each_task(*folder_, *entries_, [&](std::string_view task) { names_.insert(task); });
  }
  log_.read(records_);
  if (log_.size() > (std::size_t{1} << 20) && (!entries_ || mostly_dead())) {
    try {
      compact_records(path, false);
    } catch (const Error&) {
      // A storage that can only be read is read all the same.
    }
  }
}

bool FileTaskIndex::mostly_dead() const {
  std::size_t live = 0;
  for (const auto& [name, inode, what] : *entries_) live += records_.knows(name) ? 1 : 0;
  return 2 * live < records_.entries();
}

const RecordEntry* FileTaskIndex::entry_of(const std::string& task,
                                           const io::FileInfo& info) const {
  const FileIdentity file(info);
  const RecordEntry* entry = records_.find(task, file);
  // None: perhaps the file came after the log had been read. Its entry is older than the file, so it
  // stands in the log by now.
  if (entry == nullptr && log_.read(records_)) entry = records_.find(task, file);
  if (entry != nullptr || !records_.knows(task)) return entry;
  const auto digest = stored_digest(*folder_, task);
  return digest ? records_.find(task, *digest) : nullptr;
}

TaskIndex::Found FileTaskIndex::find(std::string_view task) const {
  if (!folder_ || (entries_ && !names_.find(task))) return {};
  std::lock_guard lock(mutex_);
  if (entries_ && !records_.knows(task)) return {true, nullptr};
  const std::string name(task);
  io::FileInfo info;
  if (!folder_->info_if_there(name, info) || !info.regular) return {};
  const RecordEntry* entry = entry_of(name, info);
  return {true, entry != nullptr && entry->record ? &*entry->record : nullptr};
}

}  // namespace functionfuse::detail
