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
    for_each_task(*folder_, *entries_, [&](std::string_view task) { names_.insert(task); });
  }
  records_.push_back(std::make_unique<RecordTable>(read_records(path)));
  if (records().log_size() > (std::size_t{1} << 20) && (!entries_ || mostly_dead())) {
    try {
      compact_records(path, false);
    } catch (const Error&) {
      // A storage that can only be read is read all the same.
    }
  }
}

bool FileTaskIndex::mostly_dead() const {
  std::size_t live = 0;
  for (const auto& [name, inode, what] : *entries_) live += records().knows(name) ? 1 : 0;
  return 2 * live < records().entries();
}

const RecordEntry* FileTaskIndex::entry_of(const std::string& task,
                                           const io::FileInfo& info) const {
  if (!records().knows(task)) return nullptr;
  if (const RecordEntry* entry = records().find(task, FileIdentity(info))) return entry;
  const auto digest = stored_digest(*folder_, task);
  return digest ? records().find(task, *digest) : nullptr;
}

bool FileTaskIndex::read_records_again() const {
  std::string log = read_records(folder_->path());
  if (log.size() == records().log_size()) return false;
  records_.push_back(std::make_unique<RecordTable>(std::move(log)));
  return true;
}

TaskIndex::Found FileTaskIndex::find(std::string_view task) const {
  if (!folder_ || (entries_ && !names_.find(task))) return {};
  if (entries_ && !records().knows(task)) return {true, nullptr};
  const std::string name(task);
  io::FileInfo info;
  if (!folder_->info_if_there(name, info) || !info.regular) return {};
  const RecordEntry* entry = entry_of(name, info);
  // None: perhaps the file came after the log had been read. Its entry is older than the file.
  if (entry == nullptr && read_records_again()) entry = entry_of(name, info);
  return {true, entry != nullptr && entry->record ? &*entry->record : nullptr};
}

}  // namespace functionfuse::detail
