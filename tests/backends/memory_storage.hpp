#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/pickle.hpp"
#include "functionfuse/storage/storage.hpp"

namespace functionfuse::test {

/// Keeps tasks in memory and notes what it was asked for. Damage is done by hand.
class MemoryStorage final : public Storage {
 public:
  struct Task {
    std::string pickle;
    std::optional<Record> record;
  };
  std::map<std::string, std::map<std::string, Task, std::less<>>, std::less<>> workflows;
  mutable std::vector<std::string> read, saved;
  int syncs = 0;
  mutable int indices = 0;
  std::function<void(std::string_view task)> before_save;  // may throw

  Task& task(const std::string& name) { return only().at(name); }
  bool has(std::string_view name) { return only().contains(name); }
  void corrupt(const std::string& name) { task(name).pickle = "\x80\x04(((("; }
  void forget_requests() {
    read.clear();
    saved.clear();
  }

  std::string url() const override { return "memory:"; }
  void new_workflow(std::string_view workflow) override { workflows[std::string(workflow)]; }
  using Storage::read_task;
  Value read_task(std::string_view workflow, std::string_view task) const override {
    return Storage::read_task<Value>(workflow, task);
  }
  bool file_exists(std::string_view workflow, std::string_view task) const override {
    return find(workflow, task) != nullptr;
  }
  std::vector<std::string> list_tasks(std::string_view workflow, std::string_view) const override {
    std::vector<std::string> names;
    if (auto it = workflows.find(workflow); it != workflows.end()) {
      for (const auto& [name, task] : it->second) names.push_back(name);
    }
    return names;
  }
  std::vector<std::string> list_workflows() const override { return {}; }
  std::size_t remove_task(std::string_view workflow, std::string_view task) override {
    auto& tasks = workflows[std::string(workflow)];
    auto it = tasks.find(task);
    if (it == tasks.end()) return 0;
    tasks.erase(it);
    return 1;
  }
  bool remove_workflow(std::string_view workflow) override {
    return workflows.erase(std::string(workflow)) > 0;
  }
  std::unique_ptr<TaskIndex> index(std::string_view workflow, std::size_t) const override {
    ++indices;
    class Index final : public TaskIndex {
     public:
      std::map<std::string, std::optional<Record>, std::less<>> tasks;
      Found find(std::string_view name) const override {
        auto it = tasks.find(name);
        if (it == tasks.end()) return {};
        return {true, it->second ? &*it->second : nullptr};
      }
    };
    auto index = std::make_unique<Index>();
    if (auto it = workflows.find(workflow); it != workflows.end()) {
      for (const auto& [name, task] : it->second) index->tasks[name] = task.record;
    }
    return index;
  }
  void sync(std::string_view) override { ++syncs; }
  std::vector<Leftover> gc(std::optional<std::string_view>, bool, double) override { return {}; }
  std::vector<Problem> verify(std::optional<std::string_view>, std::size_t*) const override {
    return {};
  }
  std::vector<Problem> verify_task(std::string_view, std::string_view) const override { return {}; }
  void save_erased(std::string_view workflow, std::string_view task, Saved result,
                   const Record* record) override {
    if (before_save) before_save(task);
    StringOutput output;
    Pickler pickler(output);
    result.pickle(pickler, result.object);
    pickler.finish();
    saved.emplace_back(task);
    workflows[std::string(workflow)].insert_or_assign(
        std::string(task),
        Task{output.take(), record ? std::optional<Record>(*record) : std::nullopt});
  }
  void read_erased(std::string_view workflow, std::string_view name, Loaded result) const override {
    const Task* task = find(workflow, name);
    if (task == nullptr) throw NotFoundError("no task " + std::string(name));
    read.emplace_back(name);
    Value value = loads(task->pickle);
    ReadContext context;
    context.heap = value.heap();
    context.where = "task \"" + std::string(name) + "\"";
    result.load(Reading(value.slot(), context), result.object);
  }

 private:
  std::map<std::string, Task, std::less<>>& only() { return workflows.begin()->second; }
  const Task* find(std::string_view workflow, std::string_view task) const {
    auto it = workflows.find(workflow);
    if (it == workflows.end()) return nullptr;
    auto found = it->second.find(task);
    return found == it->second.end() ? nullptr : &found->second;
  }
};

}  // namespace functionfuse::test
