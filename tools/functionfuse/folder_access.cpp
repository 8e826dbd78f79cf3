#include <filesystem>

#include <unistd.h>

#include "functionfuse/error.hpp"
#include "functionfuse/storage/file_storage.hpp"

#include "access.hpp"
#include "io/folder.hpp"
#include "io/new_file.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

namespace fs = std::filesystem;

Trial read_trial(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) {
    return {"read", false, "there is no such folder: check the path; a first save makes it"};
  }
  if (!fs::is_directory(folder, error)) {
    return {"read", false, "this is no folder: a storage has one for each workflow"};
  }
  fs::directory_iterator(folder, error);
  if (error || ::access(folder.c_str(), X_OK) != 0) {
    return {"read", false,
            (error ? error.message() : "its files can't be opened") + ": check its permissions"};
  }
  const auto workflows = FileStorage(folder).list_workflows();
  return {"read", true, counted(workflows.size(), "folder") + " in it"};
}

Trial write_trial(const fs::path& folder, bool write) {
  if (::access(folder.c_str(), W_OK) != 0) {
    return {"write", false, "its permissions do not allow it, or the file system is read-only"};
  }
  if (!write) return {"write", true, "its permissions allow it"};
  try {
    const io::Folder opened(folder.native());
    io::NewFile file(opened);  // not committed, so removed
    io::write_all(file.fd(), "x", 1, opened.where("a temporary file"));
  } catch (const Error& error) {
    return {"write", false, error.what()};
  }
  return {"write", true, "a small file was made and removed"};
}

}  // namespace

Access try_folder(const std::string& path, bool write) {
  const fs::path folder = path.starts_with("file://") ? path.substr(7) : path;
  if (folder.empty()) {
    throw Error(Errc::invalid_argument, "the PATH of the storage is empty: name a folder");
  }
  const fs::path whole = fs::absolute(folder).lexically_normal();
  Access access{"file://" + whole.native(), {{"folder", whole.native()}}, {read_trial(folder)}};
  if (access.good()) access.trials.push_back(write_trial(folder, write));
  return access;
}

}  // namespace functionfuse::cli
