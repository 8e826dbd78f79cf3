#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/storage/storage.hpp"

#include "location.hpp"

namespace functionfuse::cli {

/// What verify has read of arrays beside the pickles: where they are.
struct VerifiedArrays {
  std::set<std::string> checked;
  std::map<std::string, std::string> without_checksums;  ///< and who wrote them
};

/// A storage that a command line names. Its errors say what there is and what was probably meant.
class Opened {
 public:
  /// Opens nothing for writing and creates nothing.
  /// \error any  as locate() and Location::open
  explicit Opened(const std::string& path, Location::Must must = Location::Must::exist);

  [[nodiscard]] Storage& storage() const noexcept { return *storage_; }
  [[nodiscard]] const Location& location() const noexcept { return *location_; }
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
  [[nodiscard]] std::vector<ListedTask> tasks(const std::string& workflow,
                                              const std::string& pattern) const;

  /// Whether that is an array, for Location::array().
  [[nodiscard]] static bool is_array(const PersistentId& id) noexcept;
  /// Of all calls of storage().verify() that found no fault with them.
  [[nodiscard]] const VerifiedArrays& verified_arrays() const noexcept { return *verified_; }

 private:
  std::string given_;
  std::shared_ptr<const Location> location_;
  std::unique_ptr<Storage> storage_;
  std::shared_ptr<VerifiedArrays> verified_ = std::make_shared<VerifiedArrays>();
};

}  // namespace functionfuse::cli
