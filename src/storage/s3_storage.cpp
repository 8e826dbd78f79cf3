// A save:
//
//  1. The result is pickled into memory, and its SHA-1 put behind it. Objects of persistent
//     serializers are put into bigdata under fresh names, and are complete when their persistent id
//     is written.
//  2. If the workflow has any bigdata, the persistent ids of the old result are read.
//  3. The commit: one PUT of the pickle, with what made the result in the object's metadata. A
//     large one goes up in parts, which become the object at once when the last request is
//     answered.
//  4. If the result has objects, they are looked for: somebody may have removed the workflow. Then the
//     bigdata of the old result is removed.
//
// A PUT whose reply was lost is sent again, but not over what another process has put there since,
// if the result has objects: those are removed by then.
//
// A kill in 1 or 2 leaves bigdata that no task refers to, and in 3 perhaps parts of an upload; in 4
// some of the old bigdata. An error in 1 or 2 removes what was created. One in 3 leaves it: the
// server may have stored the task, and only the reply was lost. In 4 it is ignored, as the result
// is saved. gc finds the rest.
//
// A removal: the persistent ids are read, the task is removed, then its bigdata.
//
// A whole workflow: its tasks, then all else that begins with its name and a slash.
//
// Whether a workflow has any bigdata is asked once a run, not once a save. If another process keeps
// its first object there meanwhile, and this one replaces that result, the object is left for gc.

#include "functionfuse/storage/s3_storage.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/pickler.hpp"
#include "functionfuse/pickle/unpickler.hpp"

#include "io/concurrently.hpp"
#include "io/s3/digests.hpp"
#include "storage/s3_storage_impl.hpp"
#include "storage/s3_task_index.hpp"
#include "storage/task_errors.hpp"
#include "storage/task_input.hpp"
#include "storage/task_names.hpp"

namespace functionfuse {

using namespace detail;

namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
constexpr std::uint64_t kSmall = std::uint64_t{4} << 20;

/// A task's bytes in memory.
class TaskBytes final : public Output {
 public:
  void write(const void* data, std::size_t size) override {
    bytes_.append(static_cast<const char*>(data), size);
  }
  /// Ends them with their digest.
  const io::Sha1Digest& finish() {
    digest_ = io::sha1(bytes_.data(), bytes_.size());
    write(digest_.data(), digest_.size());
    return digest_;
  }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }
  [[nodiscard]] const io::Sha1Digest& digest() const noexcept { return digest_; }

 private:
  std::string bytes_;
  io::Sha1Digest digest_{};
};

/// A large pickle of which only some parts are wanted.
class RangedInput final : public Input {
 public:
  RangedInput(S3Place& place, std::string key, std::uint64_t size)
      : place_(place), key_(std::move(key)), size_(size) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  void read_at(std::uint64_t offset, void* data, std::size_t size) override {
    auto* to = static_cast<std::byte*>(data);
    const auto got =
        size == 0 ? std::optional(size)
                  : place_.client().get(key_, std::span(to, size), io::s3::ByteRange{offset, size});
    if (!got || *got != size)
      throw Error(Errc::io, place_.url(key_) + " was replaced while it was read");
  }

 private:
  S3Place& place_;
  std::string key_;
  std::uint64_t size_;
};

}  // namespace

std::string S3Storage::Impl::where(std::string_view workflow, std::string_view task) const {
  return task_place(workflow, task, place->url(place->task_key(workflow, task)));
}

void S3Storage::Impl::fail_missing(std::string_view workflow, std::string_view task) const {
  if (!place->holds_any(place->workflow_key(workflow))) {
    fail_no_workflow(workflow, place->url(), place->workflows());
  }
  fail_no_task(workflow, task, place->url(), tasks(workflow));
}

std::vector<std::string> S3Storage::Impl::chosen(std::optional<std::string_view> workflow) const {
  if (!workflow) return place->workflows();
  check_s3_name(*workflow, "workflow");
  return {std::string(*workflow)};
}

std::vector<std::string> S3Storage::Impl::tasks(std::string_view workflow) const {
  std::vector<std::string> names;
  for (ListedTask& task : place->tasks(workflow)) names.push_back(std::move(task.name));
  return names;
}

S3Storage::Impl::Workflow& S3Storage::Impl::workflow(std::string_view name) {
  Workflow& workflow = workflows_[std::string(name)];
  if (!workflow.records) workflow.records = std::make_shared<S3Records>(place, std::string(name));
  return workflow;
}

std::shared_ptr<S3Records> S3Storage::Impl::records(std::string_view name) {
  std::lock_guard lock(mutex_);
  return workflow(name).records;
}

bool S3Storage::Impl::may_have_bigdata(const std::string& name) {
  {
    std::lock_guard lock(mutex_);
    if (const auto known = workflow(name).bigdata) return *known;
  }
  const bool any = place->holds_any(place->bigdata_key(name));
  std::lock_guard lock(mutex_);
  auto& known = workflow(name).bigdata;
  known = known.value_or(false) || any;  // another thread may have kept something meanwhile
  return *known;
}

void S3Storage::Impl::forget_bigdata(std::string_view name) {
  std::lock_guard lock(mutex_);
  if (const auto known = workflows_.find(name); known != workflows_.end())
    known->second.bigdata = {};
}

void S3Storage::Impl::forget(std::string_view name) {
  std::lock_guard lock(mutex_);
  if (const auto known = workflows_.find(name); known != workflows_.end()) workflows_.erase(known);
}

S3Storage::S3Storage(const S3Options& options) : impl_(std::make_unique<Impl>(options)) {}
S3Storage::~S3Storage() = default;

std::string S3Storage::url() const { return impl_->place->url(); }

void S3Storage::new_workflow(std::string_view workflow) { check_s3_name(workflow, "workflow"); }

// Saving.

struct S3Storage::Impl::Pickled {
  Pickled(std::shared_ptr<S3Place> place, std::string_view workflow_name,
          std::string_view task_name, const Record* its_record, const SerializerPool& serializers)
      : workflow(workflow_name),
        task(task_name),
        record(its_record != nullptr ? std::optional(*its_record) : std::nullopt),
        pool(serializers),
        bigdata(std::move(place), workflow_name) {}

  std::string workflow, task;
  std::optional<Record> record;
  const SerializerPool& pool;
  S3Bigdata bigdata;
  TaskBytes output;
};

std::shared_ptr<S3Storage::Impl::Pickled> S3Storage::Impl::pickle(std::string_view workflow_name,
                                                                  std::string_view task,
                                                                  const Saved& result,
                                                                  const Record* record,
                                                                  const SerializerPool& pool) {
  auto pickled = std::make_shared<Pickled>(place, workflow_name, task, record, pool);
  Protocols protocols;
  protocols.add(S3_PROTOCOL, pickled->bigdata);
  S3Hooks hooks(pool, protocols, pickled->bigdata);
  try {
    Pickler pickler(pickled->output, &hooks);
    result.pickle(pickler, result.object);
    pickler.finish();
    pickled->output.finish();
  } catch (...) {
    hooks.remove_kept();
    pickled->bigdata.remove_created();
    throw;
  }
  return pickled;
}

std::string S3Storage::Impl::put(const Pickled& result, const std::string& key,
                                 const std::string& before) {
  const auto data = io::s3::bytes_of(result.output.bytes());
  const Record* record = result.record ? &*result.record : nullptr;
  const io::s3::Metadata metadata = S3Records::metadata(result.output.digest(), record);
  // Another process that replaces the result removes its objects: it must not come back.
  std::string etag = result.bigdata.created().empty()
                         ? place->client().put(key, data, metadata)
                         : place->client().put_over(key, data, metadata, before);
  records(result.workflow)->saved(result.task, etag, result.output.digest(), record);
  saves_->forget(result.workflow, result.task);
  return etag;
}

/// The workflow may have been removed while its result was on the way, and the objects with it.
void S3Storage::Impl::check_objects(Pickled& result, const std::string& key,
                                    const std::string& etag) {
  for (const std::string& filename : result.bigdata.created()) {
    if (!is_plain_filename(filename) || result.bigdata.exists(filename)) continue;  // .zgroup
    const auto now = place->client().head(key);
    if (!now || now->etag != etag) return;  // replaced, and its objects removed
    place->client().remove(key);
    throw Error(Errc::io, result.bigdata.url(filename) +
                              " was removed while the result that refers to it was saved: somebody "
                              "removed the workflow; run again");
  }
}

void S3Storage::Impl::commit(Pickled& result) {
  const std::string key = place->task_key(result.workflow, result.task);
  const auto& created = result.bigdata.created();
  if (!created.empty()) {
    std::lock_guard lock(mutex_);
    workflow(result.workflow).bigdata = true;
  }
  StoredIds replaced;
  std::string before;
  try {
    if (may_have_bigdata(result.workflow)) {
      if (const auto old = place->client().head(key)) {
        before = old->etag;
        replaced = ids_of(result.workflow, result.task, TaskInput::Check::small);
      }
    }
  } catch (...) {
    result.bigdata.remove_created();
    throw;
  }
  const std::string etag = put(result, key, before);
  check_objects(result, key, etag);
  std::erase_if(replaced.ids,
                [&](const PersistentId& id) { return created.contains(id.filename); });
  if (replaced.ids.empty()) return;
  try {
    result.bigdata.remove_objects(replaced.ids, result.pool);
  } catch (const std::exception&) {
    // The result is saved; gc finds the rest.
  }
}

void S3Storage::save_erased(std::string_view workflow, std::string_view task, Saved result,
                            const Record* record) {
  check_s3_name(workflow, "workflow");
  check_s3_name(task, "task");
  impl_->saves().wait_for(workflow, task);
  try {
    impl_->commit(*impl_->pickle(workflow, task, result, record, serializers_));
  } catch (const Error&) {
    rethrow_placed(impl_->where(workflow, task), "");
  }
}

void S3Storage::save_in_background(std::string_view workflow, std::string_view task, Saved result,
                                   const Record* record) {
  check_s3_name(workflow, "workflow");
  check_s3_name(task, "task");
  const auto commit = [impl = impl_.get()](Impl::Pickled& pickled) {
    try {
      impl->commit(pickled);
    } catch (const Error&) {
      rethrow_placed(impl->where(pickled.workflow, pickled.task), "");
    }
  };
  std::shared_ptr<Impl::Pickled> pickled;
  try {
    pickled = impl_->pickle(workflow, task, result, record, serializers_);
  } catch (const Error&) {
    rethrow_placed(impl_->where(workflow, task), "");
  }
  const std::size_t bytes = pickled->output.bytes().size();
  if (!impl_->saves().start(pickled->workflow, pickled->task, bytes, [=] { commit(*pickled); })) {
    commit(*pickled);
  }
}

void S3Storage::sync(std::string_view workflow) {
  check_s3_name(workflow, "workflow");
  impl_->saves().finish(std::string(workflow));
  impl_->forget_bigdata(workflow);
  try {
    impl_->records(workflow)->write();
  } catch (const Error&) {
    // Only a cache: without it the next run asks for each task.
  }
}

// Reading.

void S3Storage::Impl::read(std::string_view workflow, std::string_view task, const Use& use) const {
  check_s3_name(workflow, "workflow");
  check_s3_name(task, "task");
  const std::string key = place->task_key(workflow, task), place_text = where(workflow, task);
  saves().wait_for(workflow, task);
  constexpr int kAttempts = 1000;  // each was overtaken by another save
  for (int attempt = 1;; ++attempt) {
    io::s3::ObjectInfo info;
    std::optional<std::vector<std::byte>> bytes;
    bool looked_into_bigdata = false;
    auto try_again = [&] {
      if (attempt >= kAttempts || !bytes) return false;
      const auto now = place->client().head(key);
      return now && now->etag != info.etag;
    };
    try {
      bytes = place->client().get(key, kAll, {}, &info);
      if (bytes) {
        MemoryInput pickle(checked_pickle(*bytes));
        looked_into_bigdata = use(pickle, bytes->size(), place_text);
      }
    } catch (const Error&) {
      if (try_again()) continue;
      rethrow_placed(place_text,
                     "; " + task_cure("functionfuse rm " + shell_word(place->url()) + " " +
                                      shell_word(workflow) + " " + shell_word(task)));
    }
    if (!bytes) fail_missing(workflow, task);
    if (!looked_into_bigdata || !try_again()) return;
  }
}

StoredIds S3Storage::Impl::ids_of(std::string_view workflow, std::string_view task,
                                  TaskInput::Check check) const {
  const std::string key = place->task_key(workflow, task);
  std::uint64_t size = 0;
  if (check == TaskInput::Check::small) {
    const auto info = place->client().head(key);
    if (!info) return {};
    size = info->size;
  }
  StoredIds result;
  try {
    if (size > kSmall) {
      RangedInput input(*place, key, size - sizeof(io::Sha1Digest));
      result.ids = persistent_ids(unpickle(input, true));
    } else if (const auto bytes = place->client().get(key, kAll)) {
      MemoryInput input(checked_pickle(*bytes));
      result.ids = persistent_ids(unpickle(input, true));
    }
  } catch (const Error& e) {
    result.damage = e.what();
  }
  return result;
}

std::vector<StoredIds> S3Storage::Impl::ids_of(std::string_view workflow,
                                               const std::vector<ListedTask>& tasks,
                                               TaskInput::Check check) const {
  std::vector<StoredIds> ids(tasks.size());
  std::mutex large;  // one at a time: each is in memory as a whole
  io::concurrently(tasks.size(), io::s3::kRequestsInFlight, [&](std::size_t i) {
    std::unique_lock lock(large, std::defer_lock);
    if (tasks[i].size > kSmall) lock.lock();
    ids[i] = ids_of(workflow, tasks[i].name, check);
  });
  return ids;
}

namespace {

/// Tells what saves a part of the value later where its objects lie. The heap is shared with nobody
/// yet.
void set_origin(const Value& value, std::shared_ptr<S3Place> place, std::string_view workflow) {
  if (!value.heap()) return;
  const_cast<Heap&>(*value.heap()).origin =
      std::make_shared<S3Origin>(std::move(place), std::string(workflow));
}

}  // namespace

Value S3Storage::read_task(std::string_view workflow, std::string_view task) const {
  Value value;
  impl_->read(workflow, task, [&](Input& input, std::uint64_t, const std::string&) {
    value = unpickle(input);
    set_origin(value, impl_->place, workflow);
    return false;
  });
  return value;
}

void S3Storage::read_erased(std::string_view workflow, std::string_view task, Loaded result) const {
  impl_->read(workflow, task, [&](Input& input, std::uint64_t size, const std::string& place) {
    const Value value = unpickle(input, true);
    set_origin(value, impl_->place, workflow);
    S3Bigdata bigdata(impl_->place, workflow);
    Protocols protocols;
    protocols.add(S3_PROTOCOL, bigdata);
    S3Hooks hooks(serializers_, protocols, bigdata);
    ReadContext context;
    context.heap = value.heap();
    context.input = &input;
    context.hooks = &hooks;
    context.where = place;
    context.budget = read_budget(size);
    result.load(Reading(value.slot(), context), result.object);
    return bigdata.looked_into();
  });
}

bool S3Storage::file_exists(std::string_view workflow, std::string_view task) const {
  check_s3_name(workflow, "workflow");
  check_s3_name(task, "task");
  impl_->saves().wait_for(workflow, task);
  return impl_->place->client().head(impl_->place->task_key(workflow, task)).has_value();
}

std::unique_ptr<TaskIndex> S3Storage::index(std::string_view workflow, std::size_t expected) const {
  check_s3_name(workflow, "workflow");
  impl_->saves().wait_for_all();
  return std::make_unique<S3TaskIndex>(impl_->records(workflow), expected);
}

// Listing and removing.

std::vector<std::string> S3Storage::list_tasks(std::string_view workflow,
                                               std::string_view pattern) const {
  check_s3_name(workflow, "workflow");
  impl_->saves().wait_for_all();
  return matching(impl_->tasks(workflow), pattern);
}

std::vector<std::string> S3Storage::list_workflows() const {
  impl_->saves().wait_for_all();
  return impl_->place->workflows();
}

std::size_t S3Storage::remove_task(std::string_view workflow, std::string_view pattern) {
  check_s3_name(workflow, "workflow");
  impl_->saves().wait_for_all();
  const bool glob = is_glob(pattern);
  if (!glob) check_s3_name(pattern, "task");
  std::vector<std::string> names;
  if (glob) {
    names = meant(impl_->tasks(workflow), pattern);
  } else if (file_exists(workflow, pattern)) {
    names.emplace_back(pattern);
  }
  if (names.empty()) return 0;

  S3Place& place = *impl_->place;
  std::vector<PersistentId> ids;
  if (place.holds_any(place.bigdata_key(workflow))) {
    std::vector<ListedTask> tasks;  // large ones are not read whole
    for (const std::string& task : names) tasks.push_back({task, {}, 0, {}});
    for (StoredIds& stored : impl_->ids_of(workflow, tasks, TaskInput::Check::small)) {
      std::ranges::move(stored.ids, std::back_inserter(ids));
    }
  }
  std::vector<std::string> keys;
  for (const std::string& task : names) keys.push_back(place.task_key(workflow, task));
  place.client().remove(keys);
  if (!ids.empty()) S3Bigdata(impl_->place, workflow).remove_objects(ids, serializers_);
  return names.size();
}

bool S3Storage::remove_workflow(std::string_view workflow) {
  check_s3_name(workflow, "workflow");
  impl_->saves().wait_for_all();
  impl_->saves().forget(std::string(workflow));
  impl_->forget(workflow);
  S3Place& place = *impl_->place;
  std::vector<std::string> tasks, others;
  const std::string prefix = place.workflow_key(workflow);
  place.for_each(prefix, [&](const io::s3::ListedObject& object) {
    const bool task = object.key.find('/', prefix.size()) == object.key.npos;
    (task ? tasks : others).push_back(object.key);
  });
  place.client().remove(tasks);
  place.client().remove(others);
  return !tasks.empty() || !others.empty();
}

}  // namespace functionfuse
