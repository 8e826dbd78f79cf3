#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/storage/s3_storage.hpp"

#include "storage/s3_bigdata.hpp"
#include "storage/s3_place.hpp"
#include "storage/s3_records.hpp"
#include "storage/s3_saves.hpp"
#include "storage/stored_ids.hpp"

namespace functionfuse {

class S3Storage::Impl {
 public:
  explicit Impl(const S3Options& options) : place(std::make_shared<detail::S3Place>(options)) {}

  /// `task "x" of workflow "w" (<url>)`: starts the errors about it.
  [[nodiscard]] std::string where(std::string_view workflow, std::string_view task) const;
  [[noreturn]] void fail_missing(std::string_view workflow, std::string_view task) const;
  /// The workflows that a gc or verify is about.
  [[nodiscard]] std::vector<std::string> chosen(std::optional<std::string_view> workflow) const;
  [[nodiscard]] std::vector<std::string> tasks(std::string_view workflow) const;

  /// A result that has been pickled, and its objects kept.
  struct Pickled;
  [[nodiscard]] std::shared_ptr<Pickled> pickle(std::string_view workflow, std::string_view task,
                                                const Saved& result, const Record* record,
                                                const SerializerPool& pool);
  /// The rest of a save.
  void commit(Pickled& result);
  /// \param before  the ETag of what is there; \returns the new one
  std::string put(const Pickled& result, const std::string& key, const std::string& before);
  void check_objects(Pickled& result, const std::string& key, const std::string& etag);
  /// Calls `use` with the pickle and the size of its object, and puts the place into its errors. It
  /// returns whether it has looked into bigdata: if it has, or fails, and the task was replaced
  /// meanwhile, bigdata may have gone from under it, and it is called again for the new result.
  using Use = std::function<bool(Input&, std::uint64_t size, const std::string& place)>;
  void read(std::string_view workflow, std::string_view task, const Use& use) const;
  /// The persistent ids of a task, read without its large payloads.
  [[nodiscard]] detail::StoredIds ids_of(std::string_view workflow, std::string_view task,
                                         detail::TaskInput::Check check) const;
  /// Of many, in their order; as many at a time as requests in flight pay.
  [[nodiscard]] std::vector<detail::StoredIds> ids_of(std::string_view workflow,
                                                      const std::vector<detail::ListedTask>& tasks,
                                                      detail::TaskInput::Check check) const;

  std::shared_ptr<detail::S3Records> records(std::string_view workflow);
  /// Whether the results of a workflow may have objects. Looked at once a run: the first request of
  /// many saves, not one of each.
  bool may_have_bigdata(const std::string& workflow);
  /// What was said of the workflow's bigdata is looked at anew.
  void forget_bigdata(std::string_view workflow);
  void forget(std::string_view workflow);

  const std::shared_ptr<detail::S3Place> place;

  /// Those in the background. All but saving and syncing wait for them.
  detail::S3Saves& saves() const { return *saves_; }

 private:
  struct Workflow {
    std::shared_ptr<detail::S3Records> records;
    std::optional<bool> bigdata;
  };
  Workflow& workflow(std::string_view name);  // under mutex_

  std::mutex mutex_;
  std::map<std::string, Workflow, std::less<>> workflows_;  // guarded by mutex_
  // The first to go: they use the others.
  std::unique_ptr<detail::S3Saves, detail::S3Saves::Deleter> saves_{new detail::S3Saves};
};

}  // namespace functionfuse
