#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/folder.hpp"

namespace functionfuse::io {

/// Start of the name of every file that is being written and has no name of its own yet.
inline constexpr std::string_view kTemporary = ".tmp-";
/// A name in `folder` that begins with kTemporary and that nothing has at the moment.
[[nodiscard]] std::string temporary_name();

/// A file that takes its name when it is complete, in one step, or never does: destroyed without a
/// commit it is gone.
///
/// Where the system can (O_TMPFILE) the file has no name at all until the commit, so that not even
/// a kill leaves anything behind; measured, this is the faster way too (10 us against 11 on tmpfs,
/// 23 against 31 on ext4, for 100 bytes). Elsewhere (NFS) it begins with a temporary name.
class NewFile {
 public:
  /// `folder` must outlive it.
  explicit NewFile(const Folder& folder);
  ~NewFile();
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Call it when all is written, and only the commit may follow.
  [[nodiscard]] FileInfo info();
  /// For errors; `name` is what it is to become.
  [[nodiscard]] Where where(std::string_view name) const noexcept { return folder_->where(name); }

  /// Takes `name` if nothing has it. False: the name is taken, and nothing has happened.
  [[nodiscard]] bool commit_new(const std::string& name);
  /// Takes `name`, from another file if need be, once the content is on the disk: after a power cut
  /// the name has the old content or the new one.
  void commit_over(const std::string& name);

 private:
  void take_temporary_name(const std::string& name);
  void close(const std::string& name);

  const Folder* folder_;
  std::string temporary_;  // empty while it has no name
  Fd fd_;
};

}  // namespace functionfuse::io
