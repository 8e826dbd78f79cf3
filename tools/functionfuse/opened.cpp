#include "opened.hpp"

#include <algorithm>

#include "functionfuse/error.hpp"
#include "functionfuse/serializers/bytes_serializer.hpp"
#include "functionfuse/serializers/dask_array_serializer.hpp"

#include "words.hpp"

namespace functionfuse::cli {
namespace {

/// DaskArraySerializer that notes what it has verified.
class ArraySerializer : public DaskArraySerializer {
 public:
  static constexpr bool thread_safe = false;

  ArraySerializer(std::shared_ptr<const Location> location,
                  std::shared_ptr<VerifiedArrays> verified)
      : location_(std::move(location)), verified_(std::move(verified)) {}
  void verify(const Protocols& protocols, const SerializedAs& id) {
    DaskArraySerializer::verify(protocols, id);
    const KeptArray kept = location_->array(protocols, id.second);
    if (kept.has_checksums) {
      verified_->checked.insert(kept.url);
    } else {
      verified_->without_checksums.emplace(kept.url, other_writer(kept));
    }
  }

 private:
  std::shared_ptr<const Location> location_;
  std::shared_ptr<VerifiedArrays> verified_;
};

std::string there_is(const std::vector<std::string>& there) {
  return there.empty() ? ", which holds none" : ", which holds " + some_of(there);
}

std::vector<std::string> names_of(const std::vector<ListedTask>& tasks) {
  std::vector<std::string> names;
  for (const ListedTask& task : tasks) names.push_back(task.name);
  return names;
}

}  // namespace

Opened::Opened(const std::string& path, Location::Must must)
    : given_(path), location_(locate(path)), storage_(location_->open(must)) {
  storage_->register_persistent_serializers(ArraySerializer(location_, verified_),
                                            BytesSerializer());
}

std::string Opened::url(std::string_view workflow, std::string_view task) const {
  std::string url = storage_->url();
  if (url.back() != '/') url += '/';
  url += workflow;
  if (!task.empty()) {
    url += '/';
    url += task;
  }
  return url;
}

void Opened::need_workflow(const std::string& workflow) const {
  check_name(workflow, "workflow");
  if (location_->has_workflow(workflow)) return;
  const auto there = storage_->list_workflows();
  const std::string near = did_you_mean(workflow, there);
  throw NotFoundError("there is no workflow \"" + printable(workflow) + "\" in " +
                      printable(url()) + (near.empty() ? there_is(there) : near));
}

void Opened::need_task(const std::string& workflow, const std::string& task) const {
  check_name(workflow, "workflow");
  check_name(task, "task");
  if (storage_->file_exists(workflow, task)) return;
  need_workflow(workflow);
  const auto there = storage_->list_tasks(workflow);
  const std::string near = did_you_mean(task, there);
  throw NotFoundError("there is no task \"" + printable(task) + "\" in " +
                      printable(url(workflow, "")) + (near.empty() ? there_is(there) : near));
}

std::vector<ListedTask> Opened::tasks(const std::string& workflow,
                                      const std::string& pattern) const {
  check_name(workflow, "workflow");
  auto there = location_->tasks(workflow);
  if (there.empty()) need_workflow(workflow);
  const auto same = std::ranges::find(there, pattern, &ListedTask::name);
  if (same != there.end()) return {std::move(*same)};
  if (pattern.find_first_of("*?[") == pattern.npos) need_task(workflow, pattern);
  const auto names = names_of(there);
  std::erase_if(there, [&](const ListedTask& task) { return !matches(pattern, task.name); });
  if (!there.empty()) return there;
  throw NotFoundError("no task in " + printable(url(workflow, "")) + " matches \"" +
                      printable(pattern) + "\"" + there_is(names));
}

bool Opened::is_array(const PersistentId& id) noexcept {
  return id.name == DaskArraySerializer::name;
}

}  // namespace functionfuse::cli
