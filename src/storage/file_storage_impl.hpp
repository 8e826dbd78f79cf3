#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/storage/file_storage.hpp"
#include "storage/bigdata.hpp"
#include "storage/open_workflow.hpp"

namespace functionfuse {

class FileStorage::Impl {
 public:
  explicit Impl(const std::filesystem::path& path);

  [[nodiscard]] std::string workflow_path(std::string_view workflow) const;
  [[nodiscard]] std::string task_path(std::string_view workflow, std::string_view task) const;
  [[nodiscard]] std::string bigdata_path(std::string_view workflow) const;
  /// `task "x" of workflow "w" (<path>)`: starts the errors about it.
  [[nodiscard]] std::string place(std::string_view workflow, std::string_view task) const;
  [[nodiscard]] std::string cure(std::string_view workflow, std::string_view task) const;
  [[noreturn]] void fail_missing(std::string_view workflow, std::string_view task) const;
  /// The workflows that a gc or verify is about.
  [[nodiscard]] std::vector<std::string> chosen(std::optional<std::string_view> workflow) const;
  [[nodiscard]] std::vector<std::string> workflows() const;
  [[nodiscard]] std::vector<std::string> tasks(std::string_view workflow) const;

  /// The folder to save to, made if need be. Kept open for the next save.
  std::shared_ptr<detail::OpenWorkflow> writer(std::string_view workflow);
  /// Null where nothing was saved to it.
  std::shared_ptr<detail::OpenWorkflow> known_writer(std::string_view workflow);
  void forget_writer(std::string_view workflow);

  void save(detail::OpenWorkflow& workflow, const std::string& task, const Saved& result,
            const Record* record, const SerializerPool& pool) const;
  /// Calls `use` with the pickle and the size of its file, and puts the place into its errors. It
  /// returns whether it has looked into bigdata: if it has, or fails, and the task was replaced
  /// meanwhile, bigdata may have gone from under it, and it is called again for the new result.
  using Use = std::function<bool(Input&, std::uint64_t size, const std::string& place)>;
  void read(std::string_view workflow, std::string_view task, const Use& use) const;

  const std::filesystem::path path;

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<detail::OpenWorkflow>, std::less<>> writers_;
};

}  // namespace functionfuse
