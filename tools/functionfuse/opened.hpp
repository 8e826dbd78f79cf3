#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "functionfuse/formats/hdf5.hpp"
#include "functionfuse/storage/storage.hpp"

namespace functionfuse::cli {

/// A file's size and when it was last changed.
struct FileFacts {
  std::uint64_t bytes = 0;
  std::time_t changed = 0;
};

/// An inode, and the time in nanoseconds when the content changed last.
using FileVersion = std::pair<std::uint64_t, std::int64_t>;

/// An array that DaskArraySerializer keeps beside the pickle.
struct KeptArray {
  ChunkedArray array;
  Hdf5Description description;
};

/// What verify has read of arrays beside the pickles: their files.
struct VerifiedArrays {
  std::set<std::string> checked, without_checksums;
};

/// A storage that a command line names. Its errors say what there is and what was probably meant.
class Opened {
 public:
  enum class Must { exist, be_usable };

  /// Opens nothing for writing and creates nothing.
  /// \param path  a folder, or file:///... of one
  /// \param must  be_usable: it may also be a folder that is not there yet, or empty
  /// \error not_found    nothing is there, or what is there is no storage
  /// \error unsupported  a kind of storage that this build doesn't have
  explicit Opened(const std::string& path, Must must = Must::exist);

  [[nodiscard]] Storage& storage() const noexcept { return *storage_; }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  /// As the user wrote it, for commands to type next.
  [[nodiscard]] const std::string& given() const noexcept { return given_; }
  [[nodiscard]] std::string url() const { return storage_->url(); }
  [[nodiscard]] std::string url(std::string_view workflow, std::string_view task) const;

  /// \error not_found  there is no such workflow
  void need_workflow(const std::string& workflow) const;
  /// \error not_found  there is no such workflow or task
  void need_task(const std::string& workflow, const std::string& task) const;
  /// The tasks that a name or glob means; where it is the name of a task, that one alone.
  /// \error not_found  none
  [[nodiscard]] std::vector<std::string> tasks(const std::string& workflow,
                                               const std::string& pattern) const;

  /// Nothing where the task is gone.
  [[nodiscard]] std::optional<FileFacts> task_facts(std::string_view workflow,
                                                    std::string_view task) const;
  /// Which file the task has: another one after every save. Nothing where the task is gone.
  [[nodiscard]] std::optional<FileVersion> task_version(std::string_view workflow,
                                                        std::string_view task) const;
  /// Of the whole workflow, what lies in bigdata too.
  [[nodiscard]] FileFacts workflow_facts(std::string_view workflow) const;
  /// Bytes of an object beside the pickle. Nothing where it is gone.
  [[nodiscard]] std::optional<std::uint64_t> object_bytes(std::string_view workflow,
                                                          const PersistentId& id) const;
  /// Whether that is an array, for array().
  [[nodiscard]] static bool is_array(const PersistentId& id) noexcept;
  /// Nothing of it is read but its description.
  /// \error not_found, corrupt, unsupported
  [[nodiscard]] KeptArray array(std::string_view workflow, const PersistentId& id) const;
  /// Of all calls of storage().verify() that found no fault with them.
  [[nodiscard]] const VerifiedArrays& verified_arrays() const noexcept { return *verified_; }
  [[nodiscard]] std::filesystem::path task_file(std::string_view workflow,
                                                std::string_view task) const;

 private:
  [[nodiscard]] std::optional<std::filesystem::path> object_file(std::string_view workflow,
                                                                 const PersistentId& id) const;

  std::string given_;
  std::filesystem::path folder_;
  std::shared_ptr<Storage> storage_;
  std::shared_ptr<VerifiedArrays> verified_ = std::make_shared<VerifiedArrays>();
};

/// Whether a folder has what only a workflow's has, and nothing that a workflow's can't have.
[[nodiscard]] bool looks_like_workflow(const std::filesystem::path& folder);

}  // namespace functionfuse::cli
