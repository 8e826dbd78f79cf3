#include "folder_location.hpp"

#include <algorithm>
#include <fstream>

#include <sys/stat.h>

#include "functionfuse/error.hpp"
#include "functionfuse/storage/file_storage.hpp"

#include "look.hpp"
#include "storage/filenames.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

namespace fs = std::filesystem;

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

KeptArray array_at(const fs::path& path, const std::string& filename) {
  std::string place = "bigdata/" + filename;
  if (!fs::is_directory(path)) return open_kept_hdf5(path, std::move(place));
  std::uint64_t bytes = 0;
  std::time_t changed = 0;
  for (const std::string& name : names_in(path)) {
    if (name.front() != '.') bytes += bytes_below(path / name, changed);  // not what describes it
  }
  return open_kept_zarr(formats::zarr::folder_store(path.native()), std::move(place), bytes);
}

class FolderTree final : public Tree {
 public:
  explicit FolderTree(fs::path folder) : folder_(std::move(folder)) {}

  void visit(const std::string& path, const std::function<bool(const Entry&)>& use) override {
    for (const std::string& name : names_in(folder_ / path)) {
      const auto facts = facts_of(folder_ / path / name);
      if (!facts || (!S_ISDIR(facts->st_mode) && !S_ISREG(facts->st_mode))) continue;
      if (!use({name, S_ISDIR(facts->st_mode), static_cast<std::uint64_t>(facts->st_size)})) return;
    }
  }
  [[nodiscard]] std::vector<std::byte> start(const std::string& path, std::size_t most) override {
    std::vector<std::byte> bytes(most);
    std::ifstream file(folder_ / path, std::ios::binary);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(most));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    return bytes;
  }
  [[nodiscard]] std::string full(const std::string& path) const override {
    return (folder_ / path).native();
  }
  [[nodiscard]] std::optional<Around> around() const override {
    if (folder_.filename().empty()) return {};
    return Around{folder_.parent_path().native(), folder_.filename().native()};
  }

 private:
  fs::path folder_;  // absolute and normal
};

}  // namespace

FolderLocation::FolderLocation(const std::string& path)
    : given_(path), folder_(path.starts_with("file://") ? path.substr(7) : path) {
  if (folder_.empty()) {
    throw Error(Errc::invalid_argument, "the PATH of the storage is empty: name a folder");
  }
  whole_ = fs::absolute(folder_).lexically_normal();
  if (whole_.filename().empty() && whole_.has_relative_path()) whole_ = whole_.parent_path();
}

void FolderLocation::fail_missing() const {
  std::vector<std::string> siblings;
  std::error_code error;
  for (const std::string& sibling : names_in(whole_.parent_path())) {
    if (fs::is_directory(whole_.parent_path() / sibling, error)) siblings.push_back(sibling);
  }
  throw NotFoundError("there is no folder \"" + printable(given_) + "\"" +
                      did_you_mean(whole_.filename().native(), siblings));
}

std::unique_ptr<Storage> FolderLocation::open(Must must) const {
  const std::string name = "\"" + printable(given_) + "\"";
  std::error_code error;
  const fs::file_status status = fs::status(folder_, error);
  if (status.type() == fs::file_type::not_found) {
    if (must == Must::exist) fail_missing();
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
    FolderTree tree(whole_);
    if (const std::string why = why_no_storage(tree); !why.empty()) {
      throw NotFoundError(name + " " + why);
    }
  }
  return std::make_unique<FileStorage>(folder_);
}

std::vector<std::string> FolderLocation::parts() const {
  std::vector<std::string> parts{"file"};
  for (const fs::path& part : fs::weakly_canonical(folder_)) {
    if (!part.empty()) parts.push_back(part.native());
  }
  return parts;
}

bool FolderLocation::holds(const fs::path& file) const {
  const fs::path storage = fs::weakly_canonical(folder_) / "";
  const fs::path whole = fs::weakly_canonical(file);
  return std::mismatch(storage.begin(), --storage.end(), whole.begin(), whole.end()).first ==
         --storage.end();
}

bool FolderLocation::has_workflow(const std::string& workflow) const {
  const auto there = FileStorage(folder_).list_workflows();
  return std::ranges::find(there, workflow) != there.end();
}

bool FolderLocation::looks_like_workflow(const std::string& workflow) const {
  FolderTree tree(whole_);
  return cli::looks_like_workflow(tree, workflow);
}

WorkflowFacts FolderLocation::workflow(const std::string& workflow) const {
  WorkflowFacts total;
  total.tasks = FileStorage(folder_).list_tasks(workflow).size();
  const fs::path folder = folder_ / workflow;
  for (const std::string& name : names_in(folder)) {
    if (name.front() == '.') continue;
    total.bytes += bytes_below(folder / name, total.changed);
  }
  if (const auto own = facts_of(folder); own && total.changed == 0) total.changed = own->st_mtime;
  return total;
}

std::vector<ListedTask> FolderLocation::tasks(const std::string& workflow) const {
  std::vector<ListedTask> tasks;
  for (std::string& name : FileStorage(folder_).list_tasks(workflow)) {
    if (auto facts = task(workflow, name)) tasks.push_back({std::move(name), *std::move(facts)});
  }
  return tasks;
}

std::optional<TaskFacts> FolderLocation::task(const std::string& workflow,
                                              const std::string& task) const {
  const auto facts = facts_of(folder_ / workflow / task);
  if (!facts) return {};
  return TaskFacts{static_cast<std::uint64_t>(facts->st_size), facts->st_mtime,
                   std::to_string(facts->st_ino) + " " + std::to_string(facts->st_mtim.tv_sec) +
                       " " + std::to_string(facts->st_mtim.tv_nsec)};
}

bool FolderLocation::read(const std::string& workflow, const std::string& task,
                          std::uint64_t offset, std::span<std::byte> buffer) const {
  std::ifstream file(folder_ / workflow / task, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(reinterpret_cast<char*>(buffer.data()), static_cast<std::streamsize>(buffer.size()));
  return static_cast<bool>(file);
}

std::optional<fs::path> FolderLocation::object_file(const std::string& workflow,
                                                    const PersistentId& id) const {
  if (!functionfuse::detail::is_plain_filename(id.filename)) return {};
  fs::path file = folder_ / workflow / kBigdata / id.filename;
  if (!facts_of(file)) return {};
  return file;
}

std::optional<std::uint64_t> FolderLocation::object_bytes(const std::string& workflow,
                                                          const PersistentId& id) const {
  const auto file = object_file(workflow, id);
  if (!file) return {};
  std::time_t changed = 0;
  return bytes_below(*file, changed);
}

KeptArray FolderLocation::array(const std::string& workflow, const PersistentId& id) const {
  const auto file = object_file(workflow, id);
  if (!file) throw NotFoundError("bigdata/" + printable(id.filename) + " is missing");
  check_array_version(id);
  return array_at(*file, id.filename);
}

KeptArray FolderLocation::array(const Protocols& protocols, const std::string& filename) const {
  auto& files = protocols.require<FileProtocol>(FILE_PROTOCOL, "functionfuse");
  return array_at(files.open(filename, FileProtocol::Mode::read), filename);
}

}  // namespace functionfuse::cli
