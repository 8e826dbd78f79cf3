// Leftovers and damage in a FileStorage. What is looked at is what a kill can leave (the steps of a
// save and a removal stand in file_storage.cpp).

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/unpickler.hpp"
#include "functionfuse/storage/file_storage.hpp"
#include "io/new_file.hpp"
#include "io/tree.hpp"
#include "storage/file_storage_impl.hpp"
#include "storage/objects.hpp"
#include "storage/removed_folder.hpp"
#include "storage/stored_ids.hpp"
#include "storage/task_input.hpp"
#include "storage/task_names.hpp"

namespace functionfuse {

using namespace detail;

namespace {

constexpr const char* kTemporaryFile = "temporary file of a save that did not end";

/// Finds leftovers, and removes them unless it is a dry run.
class Collector {
 public:
  Collector(bool dry_run, double grace_seconds)
      : dry_run_(dry_run),
        newest_(std::filesystem::file_time_type::clock::now() -
                std::chrono::duration_cast<std::filesystem::file_time_type::duration>(
                    std::chrono::duration<double>(grace_seconds))) {}

  /// A workflow's folder: its tasks refer to bigdata, all else in it is ours or nobody's.
  void workflow(const std::string& path);
  /// A folder that holds nothing but temporary files and what must stay.
  void temporary_files(const std::string& folder);
  void removed_workflows(const std::string& root);
  std::vector<Leftover> take() { return std::move(found_); }

 private:
  struct References {
    Filenames names;
    std::string damaged;  ///< why nobody knows them all: a task that can't be read
  };
  static References references(const io::Folder& workflow);
  void bigdata(const io::Folder& workflow);
  void collect(const std::string& path, std::string why, bool keep = false);

  bool dry_run_;
  std::filesystem::file_time_type newest_;
  std::vector<Leftover> found_;
};

/// A file, or a folder and all below it.
struct Tree {
  std::uint64_t bytes = 0;
  std::filesystem::file_time_type newest = std::filesystem::file_time_type::min();

  void add(const std::filesystem::path& path) {
    std::error_code error;  // gone meanwhile: nothing
    const auto time = std::filesystem::last_write_time(path, error);
    if (!error) newest = std::max(newest, time);
    if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path, error))) return;
    const auto size = std::filesystem::file_size(path, error);
    if (!error) bytes += size;
  }
};

Tree tree_of(const std::filesystem::path& path) {
  Tree tree;
  tree.add(path);
  std::error_code error;
  if (!std::filesystem::is_directory(std::filesystem::symlink_status(path, error))) return tree;
  std::filesystem::recursive_directory_iterator entry(path, error);
  for (; !error && entry != std::filesystem::end(entry); entry.increment(error)) {
    tree.add(entry->path());
  }
  return tree;
}

void Collector::collect(const std::string& path, std::string why, bool keep) {
  const Tree tree = tree_of(path);
  if (tree.newest > newest_) return;
  found_.push_back({path, tree.bytes, std::move(why), keep});
  if (!dry_run_ && !keep) io::remove_tree(path);
}

void Collector::temporary_files(const std::string& folder) {
  for (const io::Entries::Entry& entry : io::Entries::of(folder)) {
    if (entry.name.starts_with(io::kTemporary)) {
      collect(folder + "/" + std::string(entry.name), kTemporaryFile);
    }
  }
}

void Collector::removed_workflows(const std::string& root) {
  for (const io::Entries::Entry& entry : io::Entries::of(root)) {
    if (entry.name.starts_with(kRemoved)) {
      collect(root + "/" + std::string(entry.name), "folder of a workflow that was removed");
    }
  }
}

Collector::References Collector::references(const io::Folder& workflow) {
  References result;
  for_each_task(workflow, [&](std::string_view task) {
    const std::string path = workflow.path() + "/" + std::string(task);
    StoredIds stored = stored_ids(path);
    for (PersistentId& id : stored.ids) result.names.insert(std::move(id.filename));
    if (!stored.damage.empty()) result.damaged = path + " can't be read (" + stored.damage + ")";
  });
  return result;
}

void Collector::bigdata(const io::Folder& workflow) {
  const std::string folder = workflow.path() + "/" + std::string(kBigdata);
  // In this order: what is in the list belongs to a save that is still under way, or to one that has
  // ended before the tasks are read.
  const io::Entries entries = io::Entries::of(folder);
  if (entries.size() == 0) return;
  const bool saving = Bigdata::is_saved_to(folder);
  const References references = Collector::references(workflow);
  const std::string doubt = saving ? "a save is under way" : references.damaged;
  for (const io::Entries::Entry& entry : entries) {
    if (references.names.own(entry.name)) continue;
    const std::string path = folder + "/" + std::string(entry.name);
    if (doubt.empty()) {
      collect(path, "no task refers to it");
    } else {
      collect(path, "left alone: no task refers to it, but " + doubt, true);
    }
  }
}

void Collector::workflow(const std::string& path) {
  const auto folder = io::Folder::open_if_there(path);
  if (!folder) return;
  temporary_files(path);
  temporary_files(path + "/" + std::string(kPrivateFolder));
  bigdata(*folder);
}

/// What is wrong with a task; empty where nothing is.
std::vector<std::string> faults(const std::string& path, Bigdata& bigdata,
                                const SerializerPool& pool) {
  std::vector<std::string> found;
  try {
    const auto task = TaskInput::open_if_there(path);
    if (!task) return {};  // removed meanwhile
    Protocols protocols;
    protocols.add(FILE_PROTOCOL, bigdata);
    std::vector<PersistentId> ids;
    task->read([&](Input& input) { ids = persistent_ids(unpickle(input, true)); });
    for (const PersistentId& id : ids) {
      std::string what = object_fault(id, pool, protocols, [&](const std::string& filename) {
        return bigdata.exists(filename);
      });
      if (!what.empty()) {
        found.push_back(std::move(what));
      }
    }
    // Replaced or removed meanwhile, and its objects with it: then all that counts is the new one.
    io::FileInfo now;
    if (!found.empty() &&
        !(io::info_if_there(path, now) && now.inode == task->inode())) {
      return faults(path, bigdata, pool);
    }
  } catch (const Error& e) {
    found.emplace_back(e.what());
  }
  return found;
}

}  // namespace

std::vector<Leftover> FileStorage::gc(std::optional<std::string_view> workflow, bool dry_run,
                                      double grace_seconds) {
  Collector collector(dry_run, grace_seconds);
  for (const std::string& name : impl_->chosen(workflow)) {
    const std::string path = impl_->workflow_path(name);
    collector.workflow(path);
    if (dry_run) continue;
    compact_records(path, true);
  }
  if (!workflow) collector.removed_workflows(impl_->path);
  return collector.take();
}

std::vector<Problem> FileStorage::verify(std::optional<std::string_view> workflow,
                                         std::size_t* checked) const {
  std::vector<Problem> problems;
  std::size_t count = 0;
  for (const std::string& name : impl_->chosen(workflow)) {
    for (const std::string& task : impl_->tasks(name)) {
      ++count;
      std::ranges::move(verify_task(name, task), std::back_inserter(problems));
    }
  }
  if (checked != nullptr) *checked = count;
  return problems;
}

std::vector<Problem> FileStorage::verify_task(std::string_view workflow,
                                              std::string_view task) const {
  std::vector<Problem> problems;
  const std::string path = impl_->task_path(workflow, task);
  Bigdata bigdata(impl_->bigdata_path(workflow));
  for (std::string& what : faults(path, bigdata, serializers_)) {
    problems.push_back({std::string(workflow), std::string(task), path, std::move(what)});
  }
  return problems;
}

}  // namespace functionfuse
