// A record in metadata: the line of an entry (docs/formats/records.md) with no task and the inode
// and time 0, percent-encoded. S3 takes 2 KB of metadata. What is longer stands in the cache alone,
// and the metadata has an entry without a record and the inode 1, which says to look there for the
// digest.
//
// The cache: a log of records as in a folder. In place of the inode, a hash of the ETag, size and
// time that a list shows.

#include "storage/s3_records.hpp"

#include <algorithm>
#include <limits>

#include <xxhash.h>

#include "functionfuse/error.hpp"

#include "io/s3/batch.hpp"
#include "io/s3/digests.hpp"
#include "io/s3/uri.hpp"

namespace functionfuse::detail {
namespace {

constexpr const char* kName = "functionfuse-record";
constexpr std::size_t kMostMetadata = 1900;
/// So many requests take longer than to read and write the cache.
constexpr std::size_t kWorthWriting = 64;

const FileIdentity kHere(0, 0), kInCache(1, 0);

std::string value_of(const FileIdentity& where, const io::Sha1Digest& digest,
                     const Record* record) {
  return io::s3::encode_uri(std::string_view(encode_entry({}, where, digest, record)).substr(1));
}

FileIdentity identity_of(const ListedTask& task) {
  const std::string text = task.etag + '\n' + std::to_string(task.size) + '\n' + task.last_modified;
  const auto time = parse_s3_time(task.last_modified).time_since_epoch();
  return {XXH3_64bits(text.data(), text.size()),
          std::chrono::duration_cast<std::chrono::nanoseconds>(time).count()};
}

const Record* pointer(const std::optional<Record>& record) { return record ? &*record : nullptr; }

}  // namespace

io::s3::Metadata S3Records::metadata(const io::Sha1Digest& digest, const Record* record) {
  if (record == nullptr) return {};
  std::string value = value_of(kHere, digest, record);
  if (value.size() > kMostMetadata) value = value_of(kInCache, digest, nullptr);
  return {{kName, std::move(value)}};
}

void S3Records::saved(const std::string& task, std::string etag, const io::Sha1Digest& digest,
                      const Record* record) {
  const bool is_long = record != nullptr && value_of(kHere, digest, record).size() > kMostMetadata;
  std::lock_guard lock(mutex_);
  known_[task] = {std::move(etag), digest,
                  record != nullptr ? std::optional(*record) : std::nullopt};
  long_ = long_ || is_long;
}

S3Records::Found S3Records::learn(const std::string& task, const io::s3::ObjectInfo& info,
                                  const RecordTable* cached) {
  Known known{info.etag, {}, {}};
  bool in_cache = false;
  const auto value = std::ranges::find(info.metadata, kName, &io::http::Header::name);
  if (value != info.metadata.end()) {
    // Damaged, or of a later version: as if it were not there.
    const RecordTable table(io::s3::decode_listed(value->value));
    if (const RecordEntry* entry = table.find({}, kHere)) {
      known.digest = entry->digest;
      known.record = entry->record;
    } else if (const RecordEntry* elsewhere = table.find({}, kInCache)) {
      known.digest = elsewhere->digest;
      in_cache = true;
      const auto fetched = cached == nullptr ? cache() : nullptr;
      const RecordEntry* found = (fetched ? *fetched : *cached).find(task, known.digest);
      if (found != nullptr) known.record = found->record;
    }
  }
  std::lock_guard lock(mutex_);
  Known& latest = known_[task];
  const bool newer_than_cache = in_cache && !known.record && latest.etag == known.etag;
  if (!newer_than_cache) latest = std::move(known);
  // A record that was lost fits nothing: the result is computed again.
  if (in_cache && !latest.record) return {true, Record{}};
  return {true, latest.record};
}

S3Records::Found S3Records::find(const std::string& task) {
  const auto info = place_->client().head(place_->task_key(workflow_, task));
  return info ? learn(task, *info, nullptr) : Found{};
}

std::unique_ptr<RecordTable> S3Records::cache() {
  const auto bytes = place_->client().get(place_->records_key(workflow_),
                                          std::numeric_limits<std::uint32_t>::max());
  if (!bytes) return std::make_unique<RecordTable>();
  return std::make_unique<RecordTable>(
      std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size()));
}

S3Records::Table S3Records::all() {
  const auto tasks = place_->tasks(workflow_);
  Table table;
  if (tasks.empty()) return table;
  const auto cached = cache();
  std::vector<std::string> unknown;
  for (const ListedTask& task : tasks) {
    if (const RecordEntry* entry = cached->find(task.name, identity_of(task))) {
      table[task.name] = {true, entry->record};
      continue;
    }
    std::lock_guard lock(mutex_);
    const auto known = known_.find(task.name);
    if (known != known_.end() && known->second.etag == task.etag) {
      table[task.name] = {true, known->second.record};
    } else {
      unknown.push_back(task.name);
    }
  }
  look_at(unknown, *cached, table);
  if (unknown.size() > kWorthWriting) {
    try {
      write(tasks);
    } catch (const Error&) {
      // A storage that can only be read is read all the same.
    }
  }
  return table;
}

void S3Records::look_at(const std::vector<std::string>& tasks, const RecordTable& cached,
                        Table& table) {
  io::s3::Batch batch(place_->client());
  for (const std::string& task : tasks) {
    const std::string key = place_->task_key(workflow_, task);
    batch.start({.what = "look at", .method = "HEAD", .key = key},
                [this, &cached, &table, &task, key](const io::s3::Answer& answer) {
                  if (answer.verdict == io::s3::Verdict::absent) return;  // removed meanwhile
                  table[task] =
                      learn(task, object_info(answer, place_->client().url(key)), &cached);
                });
  }
  batch.finish();
}

void S3Records::write() {
  {
    std::lock_guard lock(mutex_);
    if (known_.size() <= kWorthWriting && !long_) return;
  }
  write(place_->tasks(workflow_));
}

void S3Records::write(const std::vector<ListedTask>& tasks) {
  if (tasks.empty()) return;  // removed meanwhile: the cache alone would make a workflow of it
  const auto cached = cache();
  std::map<std::string, Known> known;
  {
    std::lock_guard lock(mutex_);
    known = known_;
  }
  std::string text(kRecordsHeader);
  for (const ListedTask& task : tasks) {
    const FileIdentity identity = identity_of(task);
    const auto mine = known.find(task.name);
    if (mine != known.end() && mine->second.etag == task.etag) {
      text += encode_entry(task.name, identity, mine->second.digest, pointer(mine->second.record));
    } else if (const RecordEntry* entry = cached->find(task.name, identity)) {
      text += '\n';
      text += entry->line;
    }
  }
  place_->client().put(place_->records_key(workflow_), io::s3::bytes_of(text));
  std::lock_guard lock(mutex_);
  std::erase_if(known_, [&](const auto& entry) {
    const auto written = known.find(entry.first);
    return written != known.end() && written->second.etag == entry.second.etag;
  });
  if (known_.empty()) long_ = false;
}

}  // namespace functionfuse::detail
