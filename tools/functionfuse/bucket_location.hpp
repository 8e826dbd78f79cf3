#pragma once

#include <memory>
#include <string>
#include <vector>

#include "location.hpp"
#include "storage/s3_place.hpp"

namespace functionfuse::cli {

/// The bucket that s3://bucket/prefix names, and the parts of the prefix.
/// \error invalid_argument  it names none
[[nodiscard]] std::vector<std::string> bucket_parts(const std::string& url);

/// A storage below a prefix of a bucket. Endpoint and credentials are those of the environment.
class BucketLocation final : public Location {
 public:
  /// Sends nothing yet. \param url  s3://bucket/prefix
  explicit BucketLocation(const std::string& url);

  [[nodiscard]] std::unique_ptr<Storage> open(Must must) const override;
  [[nodiscard]] std::vector<std::string> parts() const override;
  [[nodiscard]] bool holds(const std::filesystem::path&) const override { return false; }
  [[nodiscard]] unsigned concurrency() const override { return io::s3::kRequestsInFlight; }
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
  [[nodiscard]] KeptArray array_at(const std::string& key, const std::string& filename) const;

  std::string url_;
  std::vector<std::string> parts_;
  std::shared_ptr<functionfuse::detail::S3Place> place_;
};

}  // namespace functionfuse::cli
