// Leftovers and damage in an S3Storage. What is looked at is what a kill can leave (the steps of a
// save and a removal stand in s3_storage.cpp).

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/unpickler.hpp"

#include "storage/objects.hpp"
#include "storage/s3_storage_impl.hpp"

namespace functionfuse {

using namespace detail;

namespace {

using Time = std::chrono::system_clock::time_point;

/// What lies in bigdata for one object.
struct Group {
  std::vector<std::string> keys;
  std::uint64_t bytes = 0;
  Time newest = Time::min();
};

/// By the part of their names that says to which object they belong. Hidden ones, as Zarr's
/// .zgroup, are the group's own.
std::map<std::string, Group> groups_in(S3Place& place, const std::string& bigdata) {
  std::map<std::string, Group> groups;
  place.for_each(bigdata, [&](const io::s3::ListedObject& object) {
    const std::string name = object.key.substr(bigdata.size());
    const std::string_view part = object_of(name);
    if (part.empty() || part.front() == '.') return;
    const auto end = static_cast<std::size_t>(part.data() - name.data()) + part.size();
    Group& group = groups[name.substr(0, end)];
    group.keys.push_back(object.key);
    group.bytes += object.size;
    group.newest = std::max(group.newest, parse_s3_time(object.last_modified));
  });
  return groups;
}

}  // namespace

std::vector<Leftover> S3Storage::gc(std::optional<std::string_view> workflow, bool dry_run,
                                    double grace_seconds) {
  const Time newest =
      std::chrono::system_clock::now() -
      std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(grace_seconds));
  std::vector<Leftover> found;
  impl_->saves().wait_for_all();
  for (const std::string& name : impl_->chosen(workflow)) {
    const std::string bigdata = impl_->place->bigdata_key(name);
    // In this order: what is in the list belongs to a save that has ended before the tasks are
    // read, or is younger than the grace.
    auto groups = groups_in(*impl_->place, bigdata);
    std::erase_if(groups, [&](const auto& entry) { return entry.second.newest > newest; });
    if (groups.empty()) continue;
    Filenames references;
    std::string doubt;
    const auto tasks = impl_->place->tasks(name);
    const auto ids = impl_->ids_of(name, tasks, TaskInput::Check::all);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      for (const PersistentId& id : ids[i].ids) references.insert(id.filename);
      if (ids[i].damage.empty()) continue;
      doubt = impl_->place->url(impl_->place->task_key(name, tasks[i].name)) + " can't be read (" +
              ids[i].damage + ")";
    }
    for (const auto& [group, objects] : groups) {
      if (references.own(object_of(group))) continue;
      const bool keep = !doubt.empty();
      found.push_back(
          {impl_->place->url(bigdata + group), objects.bytes,
           keep ? "left alone: no task refers to it, but " + doubt : "no task refers to it", keep});
      if (!dry_run && !keep) impl_->place->client().remove(objects.keys);
    }
  }
  return found;
}

std::vector<Problem> S3Storage::verify(std::optional<std::string_view> workflow,
                                       std::size_t* checked) const {
  std::vector<Problem> problems;
  std::size_t count = 0;
  impl_->saves().wait_for_all();
  for (const std::string& name : impl_->chosen(workflow)) {
    const auto tasks = impl_->place->tasks(name);
    const auto ids = impl_->ids_of(name, tasks, TaskInput::Check::all);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (ids[i].ids.empty() && ids[i].damage.empty()) continue;
      std::ranges::move(verify_task(name, tasks[i].name), std::back_inserter(problems));
    }
    count += tasks.size();
  }
  if (checked != nullptr) *checked = count;
  return problems;
}

std::vector<Problem> S3Storage::verify_task(std::string_view workflow,
                                            std::string_view task) const {
  S3Place& place = *impl_->place;
  const std::string key = place.task_key(workflow, task);
  impl_->saves().wait_for(workflow, task);
  S3Bigdata bigdata(impl_->place, workflow);
  Protocols protocols;
  protocols.add(S3_PROTOCOL, bigdata);
  std::vector<Problem> problems;
  const auto report = [&](std::string what) {
    problems.push_back({std::string(workflow), std::string(task), place.url(key), std::move(what)});
  };
  for (;;) {
    problems.clear();
    const auto before = place.client().head(key);
    if (!before) return problems;  // removed meanwhile
    const StoredIds stored = impl_->ids_of(workflow, task, TaskInput::Check::all);
    if (!stored.damage.empty()) report(stored.damage);
    for (const PersistentId& id : stored.ids) {
      std::string what =
          object_fault(id, serializers_, protocols,
                       [&](const std::string& filename) { return bigdata.exists(filename); });
      if (!what.empty()) report(std::move(what));
    }
    // Replaced or removed meanwhile, and its objects with it: then all that counts is the new one.
    if (problems.empty()) return problems;
    const auto now = place.client().head(key);
    if (now && now->etag == before->etag) return problems;
  }
}

}  // namespace functionfuse
