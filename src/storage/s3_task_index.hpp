#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "functionfuse/storage/storage.hpp"

#include "storage/s3_records.hpp"

namespace functionfuse::detail {

/// The tasks of a workflow on S3 and their records: few are asked for one by one, many are listed.
class S3TaskIndex final : public TaskIndex {
 public:
  S3TaskIndex(std::shared_ptr<S3Records> records, std::size_t expected)
      : records_(std::move(records)), all_(expected > kMany) {
    if (all_) known_ = records_->all();
  }

  [[nodiscard]] Found find(std::string_view task) const override {
    std::lock_guard lock(mutex_);
    auto known = known_.find(task);
    if (known == known_.end()) {
      if (all_) return {};
      known = known_.emplace(task, records_->find(std::string(task))).first;
    }
    const auto& [stored, record] = known->second;
    return {stored, record ? &*record : nullptr};
  }

 private:
  // A page of a list takes as long as some ten requests for an object.
  static constexpr std::size_t kMany = 16;

  std::shared_ptr<S3Records> records_;
  bool all_;
  mutable std::mutex mutex_;
  mutable S3Records::Table known_;  // guarded by mutex_; only grows
};

}  // namespace functionfuse::detail
