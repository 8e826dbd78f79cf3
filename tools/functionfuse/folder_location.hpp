#pragma once

#include <filesystem>
#include <string>

#include "location.hpp"

namespace functionfuse::cli {

/// A storage in a folder.
class FolderLocation final : public Location {
 public:
  /// \param path  a folder, or file:///... of one
  explicit FolderLocation(const std::string& path);

  [[nodiscard]] std::unique_ptr<Storage> open(Must must) const override;
  [[nodiscard]] std::vector<std::string> parts() const override;
  [[nodiscard]] bool holds(const std::filesystem::path& file) const override;
  [[nodiscard]] unsigned concurrency() const override { return 1; }
  [[nodiscard]] bool has_workflow(const std::string& workflow) const override;
  [[nodiscard]] bool looks_like_workflow(const std::string& workflow) const override;
  [[nodiscard]] WorkflowFacts workflow(const std::string& workflow) const override;
  [[nodiscard]] std::vector<ListedTask> tasks(const std::string& workflow) const override;
  [[nodiscard]] std::optional<TaskFacts> task(const std::string& workflow,
                                              const std::string& task) const override;
  [[nodiscard]] bool read(const std::string& workflow, const std::string& task,
                          std::uint64_t offset, std::span<std::byte> buffer) const override;
  [[nodiscard]] std::optional<std::uint64_t> object_bytes(const std::string& workflow,
                                                          const PersistentId& id) const override;
  [[nodiscard]] KeptArray array(const std::string& workflow, const PersistentId& id) const override;
  [[nodiscard]] KeptArray array(const Protocols& protocols,
                                const std::string& filename) const override;

 private:
  [[noreturn]] void fail_missing() const;
  [[nodiscard]] std::optional<std::filesystem::path> object_file(const std::string& workflow,
                                                                 const PersistentId& id) const;

  std::string given_;
  std::filesystem::path folder_, whole_;  // as it was given; absolute and normal
};

}  // namespace functionfuse::cli
