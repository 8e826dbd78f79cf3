#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.hpp"

namespace functionfuse::io {

/// An open folder. Calls with a name are relative to it and go on meaning the same folder when
/// somebody renames it.
///
/// \threads safe
class Folder {
 public:
  /// \error io  also where there is none
  explicit Folder(std::string path);
  /// Nothing where there is none.
  static std::optional<Folder> open_if_there(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] Where where(std::string_view name) const noexcept { return {path_, name}; }

  /// An empty Fd where there is none.
  [[nodiscard]] Fd open_if_there(const std::string& name, int flags) const;
  /// False where there is none.
  [[nodiscard]] bool info_if_there(const std::string& name, FileInfo& info) const;
  [[nodiscard]] FileInfo own_info() const { return info(fd(), path_); }
  /// False where there was none.
  bool remove(const std::string& name) const;

 private:
  Folder(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Fd fd_;
  std::string path_;
};

/// What a folder holds, read in one pass, "." and ".." left out; in the order of the file system.
class Entries {
 public:
  enum class What : std::uint8_t { file, folder, other, unknown };
  struct Entry {
    std::string_view name;  ///< NUL behind it
    std::uint64_t inode;
    What what;
  };
  explicit Entries(const Folder& folder);
  /// Where there is no such folder: none.
  static Entries of(const std::string& path);

  [[nodiscard]] auto begin() const noexcept { return entries_.begin(); }
  [[nodiscard]] auto end() const noexcept { return entries_.end(); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  Entries() = default;
  std::vector<std::unique_ptr<char[]>> blocks_;  // as the kernel filled them
  std::vector<Entry> entries_;
};

}  // namespace functionfuse::io
