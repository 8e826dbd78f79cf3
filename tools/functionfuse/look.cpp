#include "look.hpp"

#include <algorithm>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/unpickler.hpp"

#include "storage/task_input.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

constexpr std::string_view kPrivate = ".functionfuse";
constexpr int kMostFolders = 16;

std::string below(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "/" + name;
}

/// It starts as a pickle of protocol 2 to 5, or is empty since something went wrong, or can be read
/// as a task.
bool looks_like_task(Tree& tree, const std::string& path, std::uint64_t bytes) {
  if (bytes == 0) return true;
  const auto start = tree.start(path, 2);
  if (start.size() < 2) return false;
  const auto protocol = std::to_integer<int>(start[1]);
  if (std::to_integer<int>(start[0]) == 0x80 && protocol >= 2 && protocol <= 5) return true;
  constexpr std::uint64_t kSmall = 1 << 20;
  if (bytes > kSmall) return false;
  try {
    const auto task = tree.start(path, kSmall);
    MemoryInput pickle(detail::checked_pickle(task));
    static_cast<void>(unpickle(pickle));
    return true;
  } catch (const Error&) {
    return false;
  }
}

enum class Look { workflow, empty, other };

/// From its first files: a folder with bigdata or records is a workflow's.
Look look_at(Tree& tree, const std::string& path) {
  constexpr int kMostFiles = 8;
  int looked = 0;
  bool found = false;
  tree.visit(path, [&](const Tree::Entry& entry) {
    if (entry.is_folder) {
      found = entry.name == kBigdata || entry.name == kPrivate;
    } else if (entry.name.front() != '.' && looked < kMostFiles) {
      ++looked;
      found = looks_like_task(tree, below(path, entry.name), entry.bytes);
    }
    return !found;
  });
  if (found) return Look::workflow;
  return looked == 0 ? Look::empty : Look::other;
}

std::vector<std::string> folders_in(Tree& tree, const std::string& path) {
  std::vector<std::string> folders;
  tree.visit(path, [&](const Tree::Entry& entry) {
    if (entry.is_folder && entry.name.front() != '.') folders.push_back(entry.name);
    return true;
  });
  return folders;
}

/// The first of `folders` that has a workflow's folder; empty: none.
std::string storage_in(Tree& tree, const std::vector<std::string>& folders) {
  int looked = 0;
  for (const std::string& name : folders) {
    for (const std::string& inner : folders_in(tree, name)) {
      if (look_at(tree, below(name, inner)) == Look::workflow) return name;
      if (++looked == kMostFolders) return "";
    }
  }
  return "";
}

}  // namespace

bool looks_like_workflow(Tree& tree, const std::string& workflow) {
  for (const std::string& folder : folders_in(tree, workflow)) {
    if (folder != kBigdata) return false;
  }
  return look_at(tree, workflow) != Look::other;
}

std::string why_no_storage(Tree& tree) {
  bool empty = true;
  tree.visit("", [&](const Tree::Entry&) { return empty = false; });
  if (empty) return "";
  const auto folders = folders_in(tree, "");
  int looked = 0;
  bool other = false;
  for (const std::string& name : folders) {
    if (name == kBigdata) continue;
    if (looked++ == kMostFolders) break;
    const Look look = look_at(tree, name);
    if (look == Look::workflow) return "";
    other = other || look == Look::other;
  }
  if (const auto around = tree.around(); around && look_at(tree, "") == Look::workflow) {
    return "is the folder of a workflow, not of a storage: name its parent and the workflow, " +
           shell_word(around->path) + " " + shell_word(around->name);
  }
  if (const std::string inner = storage_in(tree, folders); !inner.empty()) {
    return "is not a storage, and its folder " + printable(inner) +
           " is one: " + shell_word(tree.full(inner));
  }
  if (looked == 0) {
    return "is not a storage: there is no folder in it, and a storage has one for each workflow";
  }
  return other ? "is not a storage: the files in its folders are no tasks" : "";
}

}  // namespace functionfuse::cli
