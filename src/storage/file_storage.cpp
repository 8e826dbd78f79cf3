// A save:
//
//  1. The result is pickled. Objects of persistent serializers go to bigdata under fresh names, and
//     are complete when their persistent id is written. The pickle and its SHA-1 go to a file
//     without a name, or with a temporary one.
//  2. What made the result is appended to the workflow's log of records, with the file's inode and
//     time: the entry counts for nothing until the task has that file.
//  3. The commit. The file takes the task's name if nothing has it. Otherwise: the persistent ids
//     of the old result are read; the new file and its bigdata are written to the disk, so that a
//     power cut can't lose both results; it is renamed over the old one.
//  4. The bigdata of the old result is removed.
//
// A kill in 1 or 2 leaves bigdata that no task refers to, and perhaps a temporary file; in 4 some of
// the old bigdata. gc finds them. An error in 1 to 3 removes what was created; in 4 it is ignored,
// as the result is saved and gc finds the rest.
//
// A removal: the persistent ids are read, the task is removed, then its bigdata.
//
// A whole workflow: its folder takes a hidden name beside it, then all in it is removed.
//
// Threads: saving keeps a folder open per workflow (OpenWorkflow); everything else goes by path and
// shares nothing.

#include "functionfuse/storage/file_storage.hpp"

#include <fcntl.h>
#include <stdio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/pickler.hpp"
#include "functionfuse/pickle/unpickler.hpp"
#include "io/tree.hpp"
#include "storage/file_storage_impl.hpp"
#include "storage/file_task_index.hpp"
#include "storage/removed_folder.hpp"
#include "storage/stored_ids.hpp"
#include "storage/task_errors.hpp"
#include "storage/task_input.hpp"
#include "storage/task_names.hpp"
#include "storage/task_output.hpp"

namespace functionfuse {

using namespace detail;

FileStorage::Impl::Impl(const std::filesystem::path& given)
    : path(std::filesystem::absolute(given).lexically_normal()) {}

std::string FileStorage::Impl::workflow_path(std::string_view workflow) const {
  std::string text = path.native();
  if (text.back() != '/') text += '/';
  text += workflow;
  return text;
}

std::string FileStorage::Impl::task_path(std::string_view workflow, std::string_view task) const {
  std::string text = workflow_path(workflow);
  text += '/';
  text += task;
  return text;
}

std::string FileStorage::Impl::bigdata_path(std::string_view workflow) const {
  return task_path(workflow, kBigdata);
}

std::string FileStorage::Impl::place(std::string_view workflow, std::string_view task) const {
  return task_place(workflow, task, task_path(workflow, task));
}

std::string FileStorage::Impl::cure(std::string_view workflow, std::string_view task) const {
  return task_cure("functionfuse rm " + shell_word(path.native()) + " " + shell_word(workflow) + " " +
                   shell_word(task));
}

void FileStorage::Impl::fail_missing(std::string_view workflow, std::string_view task) const {
  const std::string in = "file://" + path.native();
  io::FileInfo info;
  if (!io::info_if_there(workflow_path(workflow), info)) fail_no_workflow(workflow, in, workflows());
  fail_no_task(workflow, task, in, tasks(workflow));
}

std::vector<std::string> FileStorage::Impl::workflows() const {
  std::vector<std::string> names;
  for (const io::Entries::Entry& entry : io::Entries::of(path)) {
    using What = io::Entries::What;
    if (entry.name.front() == '.') continue;
    io::FileInfo info;
    if (entry.what == What::folder ||
        (entry.what == What::unknown && io::info_if_there(workflow_path(entry.name), info) &&
         info.folder)) {
      names.emplace_back(entry.name);
    }
  }
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> FileStorage::Impl::chosen(std::optional<std::string_view> workflow) const {
  if (!workflow) return workflows();
  check_name(*workflow, "workflow");
  return {std::string(*workflow)};
}

std::vector<std::string> FileStorage::Impl::tasks(std::string_view workflow) const {
  std::vector<std::string> names;
  if (const auto folder = io::Folder::open_if_there(workflow_path(workflow))) {
    for_each_task(*folder, [&](std::string_view task) { names.emplace_back(task); });
  }
  std::ranges::sort(names);
  return names;
}

std::shared_ptr<OpenWorkflow> FileStorage::Impl::known_writer(std::string_view workflow) {
  std::lock_guard lock(mutex_);
  const auto known = writers_.find(workflow);
  return known == writers_.end() ? nullptr : known->second;
}

std::shared_ptr<OpenWorkflow> FileStorage::Impl::writer(std::string_view workflow) {
  const auto known = known_writer(workflow);
  if (known && known->still_there()) return known;
  auto opened = std::make_shared<OpenWorkflow>(workflow_path(workflow));
  std::lock_guard lock(mutex_);
  auto& writer = writers_[std::string(workflow)];
  // Another thread's, if it was faster: one of them keeps account of what sync() has to do.
  if (writer == known) writer = std::move(opened);
  return writer;
}

void FileStorage::Impl::forget_writer(std::string_view workflow) {
  std::lock_guard lock(mutex_);
  if (const auto known = writers_.find(workflow); known != writers_.end()) writers_.erase(known);
}

FileStorage::FileStorage(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
FileStorage::~FileStorage() = default;

const std::filesystem::path& FileStorage::path() const noexcept { return impl_->path; }
std::string FileStorage::url() const { return "file://" + impl_->path.native(); }

void FileStorage::new_workflow(std::string_view workflow) {
  check_name(workflow, "workflow");
  io::make_folders(impl_->workflow_path(workflow));
}

// Saving.

namespace {

/// Bytes that are the same for a save and for one that does it again after a kill, and others once it has
/// been committed.
std::string save_key(const io::Folder& folder, const std::string& task, const Record& record) {
  std::string key = task + '\0' + record.function + '\0' + record.version + '\0';
  for (const Record::Digest& digest : {record.arguments, record.parents}) {
    key.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  }
  const io::Fd old = folder.open_if_there(task, O_RDONLY);
  if (!old) return key + "new";
  const io::FileInfo info = io::info(old.get(), folder.where(task));
  return key + std::to_string(info.inode) + ' ' + std::to_string(info.modified);
}

}  // namespace

void FileStorage::Impl::save(OpenWorkflow& workflow, const std::string& task, const Saved& result,
                             const Record* record, const SerializerPool& pool) const {
  const io::Folder& folder = workflow.folder();
  const std::string bigdata_folder = folder.path() + "/" + std::string(kBigdata);
  Bigdata bigdata(bigdata_folder);
  // Without a record nothing tells this result from another of the name.
  if (record != nullptr) bigdata.set_save([&] { return save_key(folder, task, *record); });
  Protocols protocols;
  protocols.add(FILE_PROTOCOL, bigdata);
  FileHooks hooks(pool, protocols, bigdata);
  StoredIds replaced;
  try {
    TaskOutput output(folder, task);
    Pickler pickler(output, &hooks);
    result.pickle(pickler, result.object);
    pickler.finish();
    io::NewFile file = output.finish();
    workflow.log().append(
        encode_entry(task, FileIdentity(file.info()), output.digest(), record));
    if (!file.commit_new(task)) {
      // Few workflows have bigdata: then nobody need look into the old result.
      io::FileInfo info;
      if (folder.info_if_there(std::string(kBigdata), info)) {
        replaced = stored_ids(folder.path() + "/" + task, TaskInput::Check::small);
      }
      bigdata.sync_created();
      file.commit_over(task);
    }
  } catch (...) {
    hooks.remove_kept();
    bigdata.remove_created();
    throw;
  }
  workflow.saved(task, bigdata.created());
  std::erase_if(replaced.ids, [&](const PersistentId& id) {
    return std::ranges::find(bigdata.created(), id.filename) != bigdata.created().end();
  });
  if (replaced.ids.empty()) return;
  try {
    remove_objects(bigdata_folder, replaced.ids, pool);
  } catch (const std::exception&) {
    // The result is saved; gc finds the rest.
  }
}

void FileStorage::save_erased(std::string_view workflow, std::string_view task, Saved result,
                              const Record* record) {
  check_name(workflow, "workflow");
  check_name(task, "task");
  const std::string name(task);
  for (bool again = false;; again = true) {
    const auto open = impl_->writer(workflow);
    try {
      return impl_->save(*open, name, result, record, serializers_);
    } catch (const Error&) {
      // If somebody removed the folder since the last look, a new one does.
      if (again || open->still_there(true)) rethrow_placed(impl_->place(workflow, task), "");
      impl_->forget_writer(workflow);
    }
  }
}

void FileStorage::sync(std::string_view workflow) {
  const auto open = impl_->known_writer(workflow);
  if (!open) return;
  open->sync();
  open->log().close();  // others may compact it
}

// Reading.

void FileStorage::Impl::read(std::string_view workflow, std::string_view task,
                             const Use& use) const {
  check_name(workflow, "workflow");
  check_name(task, "task");
  const std::string file = task_path(workflow, task);
  const std::string where = place(workflow, task);
  constexpr int kAttempts = 1000;  // each was overtaken by another save
  for (int attempt = 1;; ++attempt) {
    std::unique_ptr<TaskInput> input;  // as long as it is open no other file gets its inode
    bool looked_into_bigdata = false;
    auto try_again = [&] {
      io::FileInfo now;
      return attempt < kAttempts && input && io::info_if_there(file, now) &&
             now.inode != input->inode();
    };
    try {
      input = TaskInput::open_if_there(file);
      if (input) {
        input->read([&](Input& pickle) {
          looked_into_bigdata = use(pickle, input->file_size(), where);
        });
      }
    } catch (const Error&) {
      if (try_again()) continue;
      rethrow_placed(where, "; " + cure(workflow, task));
    }
    if (!input) fail_missing(workflow, task);
    if (!looked_into_bigdata || !try_again()) return;
  }
}

namespace {

/// Tells what saves a part of the value later where its objects lie. The heap is shared with nobody
/// yet.
void set_origin(const Value& value, std::string bigdata) {
  if (!value.heap()) return;
  const_cast<Heap&>(*value.heap()).origin = std::make_shared<FileOrigin>(std::move(bigdata));
}

}  // namespace

Value FileStorage::read_task(std::string_view workflow, std::string_view task) const {
  Value value;
  impl_->read(workflow, task, [&](Input& input, std::uint64_t, const std::string&) {
    value = unpickle(input);
    set_origin(value, impl_->bigdata_path(workflow));
    return false;
  });
  return value;
}

void FileStorage::read_erased(std::string_view workflow, std::string_view task,
                              Loaded result) const {
  impl_->read(workflow, task, [&](Input& input, std::uint64_t size, const std::string& place) {
    const Value value = unpickle(input, true);
    const std::string bigdata_folder = impl_->bigdata_path(workflow);
    set_origin(value, bigdata_folder);
    Bigdata bigdata(bigdata_folder);
    Protocols protocols;
    protocols.add(FILE_PROTOCOL, bigdata);
    FileHooks hooks(serializers_, protocols, bigdata);
    ReadContext context;
    context.heap = value.heap();
    context.input = &input;
    context.hooks = &hooks;
    context.where = place;
    context.budget = read_budget(size);
    result.load(Reading(value.slot(), context), result.object);
    return bigdata.looked_into();
  });
}

bool FileStorage::file_exists(std::string_view workflow, std::string_view task) const {
  check_name(workflow, "workflow");
  check_name(task, "task");
  io::FileInfo info;
  return io::info_if_there(impl_->task_path(workflow, task), info) && info.regular;
}

std::unique_ptr<TaskIndex> FileStorage::index(std::string_view workflow,
                                              std::size_t expected) const {
  check_name(workflow, "workflow");
  return std::make_unique<FileTaskIndex>(impl_->workflow_path(workflow), expected);
}

// Listing and removing.

std::vector<std::string> FileStorage::list_tasks(std::string_view workflow,
                                                 std::string_view pattern) const {
  check_name(workflow, "workflow");
  return matching(impl_->tasks(workflow), pattern);
}

std::vector<std::string> FileStorage::list_workflows() const { return impl_->workflows(); }

std::size_t FileStorage::remove_task(std::string_view workflow, std::string_view pattern) {
  check_name(workflow, "workflow");
  const bool glob = is_glob(pattern);
  if (!glob) check_name(pattern, "task");
  std::vector<std::string> names;
  if (glob) {
    names = meant(impl_->tasks(workflow), pattern);
  } else if (file_exists(workflow, pattern)) {
    names.emplace_back(pattern);
  }
  const auto folder = io::Folder::open_if_there(impl_->workflow_path(workflow));
  if (!folder) return 0;

  io::FileInfo info;
  const bool has_bigdata = folder->info_if_there(std::string(kBigdata), info);
  std::size_t removed = 0;
  std::vector<PersistentId> ids;
  for (const std::string& task : names) {
    StoredIds stored;
    if (has_bigdata) {
      stored = stored_ids(folder->path() + "/" + task, TaskInput::Check::small);
    }
    if (!folder->remove(task)) continue;
    ++removed;
    std::ranges::move(stored.ids, std::back_inserter(ids));
  }
  if (!ids.empty()) remove_objects(impl_->bigdata_path(workflow), ids, serializers_);
  return removed;
}

bool FileStorage::remove_workflow(std::string_view workflow) {
  check_name(workflow, "workflow");
  impl_->forget_writer(workflow);
  const std::string hidden = hide_removed(impl_->path, impl_->workflow_path(workflow));
  if (hidden.empty()) return false;
  io::remove_tree(hidden);
  return true;
}

}  // namespace functionfuse
