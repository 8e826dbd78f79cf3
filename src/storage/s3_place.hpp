#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/storage/s3_storage.hpp"

#include "io/s3/client.hpp"

namespace functionfuse::detail {

/// A task as a list of its workflow shows it.
struct ListedTask {
  std::string name, etag;
  std::uint64_t size = 0;
  std::string last_modified;
};

/// Where an S3Storage keeps its results, and the names of things there.
/// \threads safe
class S3Place {
 public:
  explicit S3Place(const S3Options& options);

  /// Ends with a slash.
  [[nodiscard]] std::string workflow_key(std::string_view workflow) const;
  [[nodiscard]] std::string task_key(std::string_view workflow, std::string_view task) const;
  /// Ends with a slash.
  [[nodiscard]] std::string bigdata_key(std::string_view workflow) const;
  [[nodiscard]] std::string records_key(std::string_view workflow) const;
  [[nodiscard]] std::string url(std::string_view key = {}) const;

  /// Of all workflows, sorted.
  [[nodiscard]] std::vector<std::string> workflows();
  /// Sorted by name. 1000 in a request.
  [[nodiscard]] std::vector<ListedTask> tasks(std::string_view workflow);
  /// Whether any key begins with it. One request.
  [[nodiscard]] bool holds_any(const std::string& prefix);
  /// Every object whose key begins with it.
  void for_each(const std::string& prefix,
                const std::function<void(const io::s3::ListedObject&)>& visit);

  [[nodiscard]] io::s3::Client& client() noexcept { return *client_; }
  /// For what outlives the storage, as arrays do that were read from it.
  [[nodiscard]] const std::shared_ptr<io::s3::Client>& shared_client() const noexcept {
    return client_;
  }

 private:
  std::shared_ptr<io::s3::Client> client_;
  std::string root_;  // empty, or ends with a slash
};

/// The time in a list: ISO 8601, UTC. \error io  it is none
[[nodiscard]] std::chrono::system_clock::time_point parse_s3_time(const std::string& text);

/// \error invalid_argument  as check_name, and a name that is not UTF-8
void check_s3_name(std::string_view name, std::string_view what);

}  // namespace functionfuse::detail
