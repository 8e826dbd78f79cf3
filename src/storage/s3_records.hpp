#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/storage/record.hpp"

#include "io/s3/client.hpp"
#include "io/sha1.hpp"
#include "storage/record_entry.hpp"
#include "storage/s3_place.hpp"

namespace functionfuse::detail {

/// What made the results of one workflow on S3.
///
/// A record is kept in the metadata of the task's object, so that both are replaced at once. A list
/// does not show metadata, and a request for every task would take minutes. Therefore the object
/// `.functionfuse/records` holds the records of tasks once more, each with the ETag, size and time
/// of its object, which a list does show. It is only a cache: what does not fit the list counts for
/// nothing, those tasks are asked for one by one, and of two writers the last one wins.
///
/// \threads safe
class S3Records {
 public:
  S3Records(std::shared_ptr<S3Place> place, std::string workflow)
      : place_(std::move(place)), workflow_(std::move(workflow)) {}

  /// For a task that ends with `digest`, to be stored with it. Empty where there is no record.
  [[nodiscard]] static io::s3::Metadata metadata(const io::Sha1Digest& digest,
                                                 const Record* record);
  /// That this process has stored a task.
  void saved(const std::string& task, std::string etag, const io::Sha1Digest& digest,
             const Record* record);

  struct Found {
    bool stored = false;
    std::optional<Record> record;
  };
  using Table = std::map<std::string, Found, std::less<>>;
  /// Of one task; one request, two for a long record.
  [[nodiscard]] Found find(const std::string& task);
  /// Of all tasks.
  [[nodiscard]] Table all();
  /// Writes the cache where enough is new.
  void write();

 private:
  struct Known {
    std::string etag;
    io::Sha1Digest digest{};
    std::optional<Record> record;
  };
  /// What the metadata of an object says, or `cached` where it says so; null: fetched if need be.
  Found learn(const std::string& task, const io::s3::ObjectInfo& info, const RecordTable* cached);
  void look_at(const std::vector<std::string>& tasks, const RecordTable& cached, Table& table);
  [[nodiscard]] std::unique_ptr<RecordTable> cache();
  void write(const std::vector<ListedTask>& tasks);

  std::shared_ptr<S3Place> place_;
  std::string workflow_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;  // guarded by mutex_: not in the cache yet
  bool long_ = false;                   // guarded by mutex_: and one that is nowhere else
};

}  // namespace functionfuse::detail
