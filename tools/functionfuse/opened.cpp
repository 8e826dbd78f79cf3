#include "opened.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include <sys/stat.h>

#include "functionfuse/error.hpp"
#include "functionfuse/serializers/bytes_serializer.hpp"
#include "functionfuse/serializers/dask_array_serializer.hpp"
#include "functionfuse/storage/storage_factory.hpp"

#include "words.hpp"

namespace functionfuse::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBigdata = "bigdata";
constexpr std::string_view kPrivate = ".functionfuse";
constexpr std::string_view kDataset = "dask_arrays";
constexpr std::string_view kVersion = "0.0.0";  // of DaskArraySerializer

/// DaskArraySerializer that notes what it has verified.
class ArraySerializer : public DaskArraySerializer {
 public:
  static constexpr bool thread_safe = false;

  explicit ArraySerializer(std::shared_ptr<VerifiedArrays> verified)
      : verified_(std::move(verified)) {}
  void verify(const Protocols& protocols, const SerializedAs& id) {
    DaskArraySerializer::verify(protocols, id);
    auto& files = protocols.require<FileProtocol>(FILE_PROTOCOL, name);
    const fs::path path = files.open(id.second, FileProtocol::Mode::read);
    auto& list = describe_hdf5(path, kDataset).has_checksums ? verified_->checked
                                                             : verified_->without_checksums;
    list.insert(path.string());
  }

 private:
  std::shared_ptr<VerifiedArrays> verified_;
};

std::optional<struct ::stat> facts_of(const fs::path& path) {
  struct ::stat facts;
  if (::stat(path.c_str(), &facts) != 0) return {};
  return facts;
}

/// Names in a folder, sorted; none where it can't be read.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().native());
  }
  std::ranges::sort(names);
  return names;
}

/// A task's file starts as a pickle of protocol 2 to 5, or is empty since something went wrong, or
/// can be read as one.
bool looks_like_task(const fs::path& file, std::uint64_t bytes) {
  if (bytes == 0) return true;
  std::array<unsigned char, 2> start{};
  std::ifstream(file, std::ios::binary).read(reinterpret_cast<char*>(start.data()), start.size());
  if (start[0] == 0x80 && start[1] >= 2 && start[1] <= 5) return true;
  constexpr std::uint64_t kSmall = 1 << 20;
  if (bytes > kSmall) return false;
  try {
    const fs::path workflow = file.parent_path();
    const FileStorage storage(workflow.parent_path());
    static_cast<void>(storage.read_task(workflow.filename().native(), file.filename().native()));
    return true;
  } catch (const Error&) {
    return false;
  }
}

enum class Look { workflow, empty, other };

/// From its first files: a folder with bigdata or records is a workflow's.
Look look_at(const fs::path& folder) {
  constexpr int kMost = 8;
  int looked = 0;
  for (const std::string& name : names_in(folder)) {
    const auto facts = facts_of(folder / name);
    if (!facts) continue;
    if (S_ISDIR(facts->st_mode)) {
      if (name == kBigdata || name == kPrivate) return Look::workflow;
      continue;
    }
    if (name.front() == '.' || !S_ISREG(facts->st_mode) || looked == kMost) continue;
    ++looked;
    if (looks_like_task(folder / name, static_cast<std::uint64_t>(facts->st_size))) {
      return Look::workflow;
    }
  }
  return looked == 0 ? Look::empty : Look::other;
}

/// The first folder in `folder` that has a workflow's folder; empty: none.
std::string storage_in(const fs::path& folder) {
  std::error_code error;
  for (const std::string& name : names_in(folder)) {
    if (name.front() == '.' || !fs::is_directory(folder / name, error)) continue;
    for (const std::string& inner : names_in(folder / name)) {
      const fs::path workflow = folder / name / inner;
      if (fs::is_directory(workflow, error) && look_at(workflow) == Look::workflow) return name;
    }
  }
  return "";
}

/// A folder is taken for a storage unless it has folders with files and none of them is a task's.
/// What is no storage is named as such, so that nobody lists, checks or empties another folder.
/// \param folder  absolute and normal, so that it has a name and a parent
std::string why_no_storage(const fs::path& folder) {
  constexpr int kMost = 16;
  int looked = 0;
  bool empty = true, other = false;
  std::error_code error;
  for (const std::string& name : names_in(folder)) {
    empty = false;
    if (name.front() == '.' || name == kBigdata || looked == kMost ||
        !fs::is_directory(folder / name, error)) {
      continue;
    }
    ++looked;
    const Look look = look_at(folder / name);
    if (look == Look::workflow) return "";
    other = other || look == Look::other;
  }
  if (empty) return "";
  if (look_at(folder) == Look::workflow) {
    const fs::path workflow = folder.filename().empty() ? folder.parent_path() : folder;
    return "is the folder of a workflow, not of a storage: name its parent and the workflow, " +
           shell_word(workflow.parent_path().native()) + " " +
           shell_word(workflow.filename().native());
  }
  if (const std::string inner = storage_in(folder); !inner.empty()) {
    return "is not a storage, and its folder " + inner +
           " is one: " + shell_word((folder / inner).native());
  }
  if (looked == 0) {
    return "is not a storage: there is no folder in it, and a storage has one for each workflow";
  }
  return other ? "is not a storage: the files in its folders are no tasks" : "";
}

std::uint64_t bytes_below(const fs::path& path, std::time_t& changed) {
  struct ::stat facts;
  if (::lstat(path.c_str(), &facts) != 0) return 0;  // not through links: they may lead in circles
  if (!S_ISDIR(facts.st_mode)) {
    changed = std::max(changed, facts.st_mtime);
    return static_cast<std::uint64_t>(facts.st_size);
  }
  std::uint64_t bytes = 0;
  for (const std::string& name : names_in(path)) bytes += bytes_below(path / name, changed);
  return bytes;
}

std::string scheme_of(const std::string& path) {
  const std::size_t end = path.find("://");
  return end == path.npos ? "" : path.substr(0, end);
}

}  // namespace

bool looks_like_workflow(const fs::path& folder) {
  std::error_code error;
  for (const std::string& name : names_in(folder)) {
    if (name.front() != '.' && name != kBigdata && fs::is_directory(folder / name, error)) {
      return false;
    };
  }
  return look_at(folder) != Look::other;
}

Opened::Opened(const std::string& path, Must must) : given_(path) {
  const std::string scheme = scheme_of(path);
  if (scheme == "s3") {
    throw UnsupportedError("this command does not look into storages on S3: " + printable(path) +
                           "; a PATH is a folder");
  }
  if (!scheme.empty() && scheme != "file") {
    throw Error(Errc::invalid_argument, "there is no kind of storage \"" + printable(scheme) +
                                            "\": a PATH is a folder, or file:///folder");
  }
  folder_ = scheme.empty() ? path : path.substr(7);
  const std::string name = "\"" + printable(path) + "\"";
  if (folder_.empty()) {
    throw Error(Errc::invalid_argument, "the PATH of the storage is empty: name a folder");
  }
  std::error_code error;
  const fs::file_status status = fs::status(folder_, error);
  if (status.type() == fs::file_type::not_found) {
    if (must == Must::exist) {
      fs::path absolute = fs::absolute(folder_).lexically_normal();
      if (absolute.filename().empty()) absolute = absolute.parent_path();
      std::vector<std::string> siblings;
      for (const std::string& sibling : names_in(absolute.parent_path())) {
        if (fs::is_directory(absolute.parent_path() / sibling, error)) siblings.push_back(sibling);
      }
      throw NotFoundError("there is no folder " + name +
                          did_you_mean(absolute.filename().native(), siblings));
    }
  } else if (error || status.type() == fs::file_type::none) {
    throw Error(Errc::io, "cannot look at " + name + ": " + error.message());
  } else if (status.type() != fs::file_type::directory) {
    throw NotFoundError(name +
                        " is a file, and a storage is a folder with one folder for each "
                        "workflow");
  } else {
    if (fs::directory_iterator(folder_, error); error) {
      throw Error(Errc::io, "cannot read the folder " + name + ": " + error.message());
    }
    const fs::path whole = fs::absolute(folder_).lexically_normal();
    if (const std::string why = why_no_storage(whole); !why.empty()) {
      throw NotFoundError(name + " " + why);
    }
  }
  storage_ = storage_factory({{"kind", "file"}, {"options", {{"path", folder_.native()}}}});
  storage_->register_persistent_serializers(ArraySerializer(verified_), BytesSerializer());
}

std::string Opened::url(std::string_view workflow, std::string_view task) const {
  std::string url = storage_->url();
  if (url.back() != '/') url += '/';
  url += workflow;
  if (!task.empty()) {
    url += '/';
    url += task;
  }
  return url;
}

void Opened::need_workflow(const std::string& workflow) const {
  check_name(workflow, "workflow");
  const auto there = storage_->list_workflows();
  if (std::ranges::find(there, workflow) != there.end()) return;
  const std::string near = did_you_mean(workflow, there);
  std::string text = "there is no workflow \"" + printable(workflow) + "\" in " + printable(url());
  if (there.empty()) {
    text += ", which holds none";
  } else if (near.empty()) {
    text += ", which holds " + some_of(there);
  }
  throw NotFoundError(text + near);
}

void Opened::need_task(const std::string& workflow, const std::string& task) const {
  need_workflow(workflow);
  check_name(task, "task");
  if (storage_->file_exists(workflow, task)) return;
  const auto there = storage_->list_tasks(workflow);
  const std::string near = did_you_mean(task, there);
  std::string text =
      "there is no task \"" + printable(task) + "\" in " + printable(url(workflow, ""));
  if (there.empty()) {
    text += ", which holds none";
  } else if (near.empty()) {
    text += ", which holds " + some_of(there);
  }
  throw NotFoundError(text + near);
}

std::vector<std::string> Opened::tasks(const std::string& workflow,
                                       const std::string& pattern) const {
  need_workflow(workflow);
  const auto there = storage_->list_tasks(workflow);
  if (std::ranges::binary_search(there, pattern)) return {pattern};
  if (pattern.find_first_of("*?[") == pattern.npos) need_task(workflow, pattern);
  auto matching = storage_->list_tasks(workflow, pattern);
  if (!matching.empty()) return matching;
  throw NotFoundError("no task in " + printable(url(workflow, "")) + " matches \"" +
                      printable(pattern) + "\"" +
                      (there.empty() ? ", which holds none" : ", which holds " + some_of(there)));
}

fs::path Opened::task_file(std::string_view workflow, std::string_view task) const {
  return folder_ / workflow / task;
}

std::optional<FileFacts> Opened::task_facts(std::string_view workflow,
                                            std::string_view task) const {
  const auto facts = facts_of(task_file(workflow, task));
  if (!facts) return {};
  return FileFacts{static_cast<std::uint64_t>(facts->st_size), facts->st_mtime};
}

std::optional<FileVersion> Opened::task_version(std::string_view workflow,
                                                std::string_view task) const {
  const auto facts = facts_of(task_file(workflow, task));
  if (!facts) return {};
  return FileVersion{facts->st_ino,
                     facts->st_mtim.tv_sec * std::int64_t{1'000'000'000} + facts->st_mtim.tv_nsec};
}

FileFacts Opened::workflow_facts(std::string_view workflow) const {
  FileFacts total;
  const fs::path folder = folder_ / workflow;
  for (const std::string& name : names_in(folder)) {
    if (name.front() == '.') continue;
    total.bytes += bytes_below(folder / name, total.changed);
  }
  if (const auto own = facts_of(folder); own && total.changed == 0) total.changed = own->st_mtime;
  return total;
}

std::optional<std::uint64_t> Opened::object_bytes(std::string_view workflow,
                                                  const PersistentId& id) const {
  const auto file = object_file(workflow, id);
  if (!file || !facts_of(*file)) return {};
  std::time_t changed = 0;
  return bytes_below(*file, changed);
}

std::optional<fs::path> Opened::object_file(std::string_view workflow,
                                            const PersistentId& id) const {
  if (id.filename.empty() || id.filename.front() == '.' ||
      id.filename.find_first_of(std::string_view("/\0", 2)) != id.filename.npos) {
    return {};  // no name of a file in bigdata
  }
  return folder_ / workflow / kBigdata / id.filename;
}

bool Opened::is_array(const PersistentId& id) noexcept {
  return id.name == DaskArraySerializer::name;
}

KeptArray Opened::array(std::string_view workflow, const PersistentId& id) const {
  const auto file = object_file(workflow, id);
  if (!file || !facts_of(*file)) {
    throw NotFoundError("bigdata/" + printable(id.filename) + " is missing");
  }
  if (id.version != kVersion) {
    throw UnsupportedError("bigdata/" + printable(id.filename) + " was written by version " +
                           printable(id.version) + " of DaskArraySerializer, which this program " +
                           "can't read: use a newer release");
  }
  return {open_hdf5(*file, kDataset), describe_hdf5(*file, kDataset)};
}

}  // namespace functionfuse::cli
