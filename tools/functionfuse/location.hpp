#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/pickle/persistent.hpp"
#include "functionfuse/storage/storage.hpp"

#include "kept_array.hpp"

namespace functionfuse::cli {

/// What there is to say of a task without reading it.
struct TaskFacts {
  std::uint64_t bytes = 0;
  std::time_t changed = 0;
  /// Another one after every save: of a file its inode and time, of an object its ETag.
  std::string version;
};

struct ListedTask {
  std::string name;
  TaskFacts facts;
};

struct WorkflowFacts {
  std::size_t tasks = 0;
  std::uint64_t bytes = 0;  ///< with all that lies in bigdata
  std::time_t changed = 0;
};

/// Where a storage lies, and what commands ask of it that a Storage does not say: a folder
/// (folder_location.cpp) or a prefix of a bucket (bucket_location.cpp). What is gone is nothing.
///
/// \threads const functions are safe
class Location {
 public:
  virtual ~Location() = default;

  enum class Must { exist, be_usable };
  /// Looks at what is there; writes and creates nothing.
  /// \param must  be_usable: it may also be a place where there is nothing yet
  /// \error not_found  nothing is there, or what is there is no storage; says what was probably
  ///                   meant
  [[nodiscard]] virtual std::unique_ptr<Storage> open(Must must) const = 0;

  /// From the outermost to the innermost: what lies within it has the same ones, and more.
  [[nodiscard]] virtual std::vector<std::string> parts() const = 0;
  /// Whether a local file lies within it.
  [[nodiscard]] virtual bool holds(const std::filesystem::path& file) const = 0;
  /// How many questions at a time pay.
  [[nodiscard]] virtual unsigned concurrency() const = 0;

  [[nodiscard]] virtual bool has_workflow(const std::string& workflow) const = 0;
  /// Whether it has what only a workflow has, and nothing that a workflow can't have.
  [[nodiscard]] virtual bool looks_like_workflow(const std::string& workflow) const = 0;
  [[nodiscard]] virtual WorkflowFacts workflow(const std::string& workflow) const = 0;
  /// Sorted by name. On S3 a request for 1000 of them.
  [[nodiscard]] virtual std::vector<ListedTask> tasks(const std::string& workflow) const = 0;
  [[nodiscard]] virtual std::optional<TaskFacts> task(const std::string& workflow,
                                                      const std::string& task) const = 0;
  /// Fills `buffer` with the task's bytes from `offset` on. False where it has fewer.
  [[nodiscard]] virtual bool read(const std::string& workflow, const std::string& task,
                                  std::uint64_t offset, std::span<std::byte> buffer) const = 0;

  /// Bytes of an object beside the pickle.
  [[nodiscard]] virtual std::optional<std::uint64_t> object_bytes(const std::string& workflow,
                                                                  const PersistentId& id) const = 0;
  /// An array of DaskArraySerializer. Nothing of it is read but its description.
  /// \error not_found, corrupt, unsupported
  [[nodiscard]] virtual KeptArray array(const std::string& workflow,
                                        const PersistentId& id) const = 0;
  /// The same with the protocol that its storage hands to serializers.
  [[nodiscard]] virtual KeptArray array(const Protocols& protocols,
                                        const std::string& filename) const = 0;
};

/// Whether a PATH is s3://bucket/prefix; else it is a folder, or file:///... of one.
/// \error invalid_argument  no kind of storage
[[nodiscard]] bool is_bucket(const std::string& path);

/// \error invalid_argument  no kind of storage; settings of S3 that are missing or do not fit
[[nodiscard]] std::shared_ptr<const Location> locate(const std::string& path);

/// The version of DaskArraySerializer that this program reads.
/// \error unsupported  another one
void check_array_version(const PersistentId& id);

}  // namespace functionfuse::cli
