#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/storage/storage.hpp"

namespace functionfuse {

/// Results in a folder, laid out as IBM's Function Fuse does (docs/formats/storage-layout.md):
///
///     <path>/<workflow>/<task>                    a pickle and its SHA-1
///     <path>/<workflow>/bigdata/<name>            what persistent serializers keep
///     <path>/<workflow>/.functionfuse/records     what made the results (docs/formats/records.md)
///
/// Offers serializers the FILE_PROTOCOL. The folder may be shared by any number of processes, on a
/// file server too.
class FileStorage final : public Storage {
 public:
  /// Nothing is created before something is saved. A relative path means what it means now.
  explicit FileStorage(const std::filesystem::path& path);
  ~FileStorage() override;

  [[nodiscard]] const std::filesystem::path& path() const noexcept;

  [[nodiscard]] std::string url() const override;
  void new_workflow(std::string_view workflow) override;
  using Storage::read_task;
  [[nodiscard]] Value read_task(std::string_view workflow, std::string_view task) const override;
  [[nodiscard]] bool file_exists(std::string_view workflow, std::string_view task) const override;
  [[nodiscard]] std::vector<std::string> list_tasks(std::string_view workflow,
                                                    std::string_view pattern = "*") const override;
  [[nodiscard]] std::vector<std::string> list_workflows() const override;
  std::size_t remove_task(std::string_view workflow, std::string_view pattern) override;
  bool remove_workflow(std::string_view workflow) override;
  [[nodiscard]] std::unique_ptr<TaskIndex> index(std::string_view workflow,
                                                 std::size_t expected) const override;
  void sync(std::string_view workflow) override;
  std::vector<Leftover> gc(std::optional<std::string_view> workflow, bool dry_run,
                           double grace_seconds = 3600) override;
  [[nodiscard]] std::vector<Problem> verify(std::optional<std::string_view> workflow,
                                            std::size_t* checked = nullptr) const override;
  [[nodiscard]] std::vector<Problem> verify_task(std::string_view workflow,
                                                 std::string_view task) const override;
  void save_erased(std::string_view workflow, std::string_view task, Saved result,
                   const Record* record) override;
  void read_erased(std::string_view workflow, std::string_view task, Loaded result) const override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace functionfuse
