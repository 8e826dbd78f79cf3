#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace functionfuse::cli {

inline constexpr std::string_view kBigdata = "bigdata";

/// Folders and files below a PATH, in a file system or in a bucket: as much of it as tells a
/// storage from something else. A path is relative, "operations/model"; "": the PATH itself.
class Tree {
 public:
  virtual ~Tree() = default;
  struct Entry {
    std::string name;
    bool is_folder = false;
    std::uint64_t bytes = 0;  ///< of a file
  };
  /// What is in a folder, sorted by name, folders and files together, of very many perhaps only the
  /// first; until `use` returns false.
  virtual void visit(const std::string& path, const std::function<bool(const Entry&)>& use) = 0;
  /// The first bytes of a file, at most so many. Empty where it can't be read.
  [[nodiscard]] virtual std::vector<std::byte> start(const std::string& path, std::size_t most) = 0;
  /// PATH and what follows, for a command line.
  [[nodiscard]] virtual std::string full(const std::string& path) const = 0;
  /// Around PATH, and the name of PATH in it. Nothing where PATH is the outermost.
  struct Around {
    std::string path, name;
  };
  [[nodiscard]] virtual std::optional<Around> around() const = 0;
};

/// Whether a folder has what only a workflow's has, and nothing that a workflow's can't have.
[[nodiscard]] bool looks_like_workflow(Tree& tree, const std::string& workflow);

/// What follows the name of PATH in an error; empty where it may be a storage: unless it has
/// folders with files and none of them is a task's. What is no storage is named as such, so that
/// nobody lists, checks or empties something else.
[[nodiscard]] std::string why_no_storage(Tree& tree);

}  // namespace functionfuse::cli
