#include "evaluation_plan.hpp"

#include <algorithm>
#include <string>

#include <functionfuse/error.hpp>

#include "buffer_pool.hpp"

namespace functionfuse::detail {
namespace {

// Calls inside each other that a thread's stack can hold with ease.
constexpr std::uint32_t kDeepest = 64;

}  // namespace

EvaluationPlan::EvaluationPlan(const std::vector<Output>& outputs) {
  add_nodes(outputs);
  choose_kept();
  tasks_of_.resize(nodes.size());
  std::vector<bool> done(nodes.size());
  for (std::uint32_t n = 0; n < nodes.size(); ++n) {
    const PlanNode& node = nodes[n];
    if (node.outputs.empty()) continue;
    if (node.alone && !node.kept) {
      alone.push_back(n);
    } else {
      // A chunk that a sink has is left out where no other wants it.
      add_tasks(n, node.outputs.size() == 1 ? outputs[node.outputs.front()].sink : nullptr);
    }
  }
}

void EvaluationPlan::add_nodes(const std::vector<Output>& outputs) {
  std::unordered_map<const LazyArray*, std::uint32_t> known;
  struct Open {
    LazyArrayPtr array;
    std::shared_ptr<const Operation> operation;
    std::size_t next = 0;
  };
  std::vector<Open> path;
  for (std::uint32_t o = 0; o < outputs.size(); ++o) {
    path.push_back({outputs[o].array, outputs[o].array->operation()});
    while (!path.empty()) {
      Open& last = path.back();
      if (known.contains(last.array.get())) {
        path.pop_back();
        continue;
      }
      const auto& inputs = last.operation->inputs();
      while (last.next < inputs.size() && known.contains(inputs[last.next].get())) ++last.next;
      if (last.next < inputs.size()) {
        const LazyArrayPtr& input = inputs[last.next];
        path.push_back({input, input->operation()});
        continue;
      }
      PlanNode node;
      for (const LazyArrayPtr& input : inputs) node.inputs.push_back(known.at(input.get()));
      known.emplace(last.array.get(), static_cast<std::uint32_t>(nodes.size()));
      node.array = std::move(last.array);
      node.operation = std::move(last.operation);
      nodes.push_back(std::move(node));
      path.pop_back();
    }
    nodes[known.at(outputs[o].array.get())].outputs.push_back(o);
  }
}

void EvaluationPlan::choose_kept() {
  std::vector<std::uint32_t> users(nodes.size()), depth(nodes.size());
  for (const PlanNode& node : nodes) {
    const Operation::Traits& traits = node.operation->traits();
    for (const std::uint32_t input : node.inputs) {
      users[input] += traits.one_to_one && !traits.separate ? 1 : 2;
    }
  }
  for (std::uint32_t n = 0; n < nodes.size(); ++n) {
    PlanNode& node = nodes[n];
    const Operation::Traits& traits = node.operation->traits();
    users[n] += static_cast<std::uint32_t>(node.outputs.size());
    node.is_free = traits.is_free || (traits.is_view && std::ranges::all_of(node.inputs, [&](auto i) {
                                        return nodes[i].is_free;
                                      }));
    node.alone = true;
    for (const std::uint32_t input : node.inputs) {
      if (nodes[input].kept) {
        node.alone = false;
        continue;
      }
      depth[n] = std::max(depth[n], depth[input] + 1);
      node.alone = node.alone && nodes[input].alone;
    }
    node.kept = depth[n] >= kDeepest || (users[n] > 1 && !node.is_free);
    if (node.kept) node.is_free = false;
  }
}

std::size_t EvaluationPlan::chunk_bytes(const PlanNode& node, std::size_t number) const {
  const Chunks& chunks = node.array->chunks();
  std::size_t elements = 1;
  for (std::size_t axis = chunks.ndim(); axis-- > 0;) {
    const auto& lengths = chunks.lengths(axis);
    if (__builtin_mul_overflow(elements, static_cast<std::size_t>(lengths[number % lengths.size()]), &elements)) {
      return std::numeric_limits<std::size_t>::max() / 4;
    }
    number /= lengths.size();
  }
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(elements, node.array->dtype().itemsize(), &bytes) ||
      bytes > std::numeric_limits<std::size_t>::max() / 4) {
    return std::numeric_limits<std::size_t>::max() / 4;
  }
  return BufferPool::rounded(bytes);
}

EvaluationPlan::Cost EvaluationPlan::cost(std::uint32_t n, std::size_t number,
                                          std::vector<Need>& stack,
                                          std::vector<Need>* kept_needs) const {
  const PlanNode& node = nodes[n];
  if (node.is_free) return {};
  const Operation::Traits& traits = node.operation->traits();
  const std::size_t base = stack.size();
  node.operation->needs(number, stack);
  const std::size_t end = stack.size();
  std::size_t peak = 0, held = 0;
  for (std::size_t i = base; i < end; ++i) {
    const Need need = stack[i];
    const std::uint32_t input = node.inputs[need.input];
    Cost made;
    if (nodes[input].kept) {
      if (kept_needs != nullptr) kept_needs->push_back({input, need.number});
      made.peak = made.resident = chunk_bytes(nodes[input], need.number);
    } else {
      made = cost(input, need.number, stack, kept_needs);
    }
    peak = std::max(peak, held + made.peak);
    if (!traits.streams) held += made.resident;
  }
  stack.resize(base);
  if (traits.is_view) return {peak, held};
  const std::size_t own = chunk_bytes(node, number);
  if (traits.streams) return {peak + own + node.operation->extra_bytes(), own};
  return {std::max(peak, held + own + node.operation->extra_bytes()), own};
}

std::uint32_t EvaluationPlan::task_of(std::uint32_t node, std::size_t number) const {
  const TaskNumbers& of_node = tasks_of_[node];
  return (of_node.list.empty() ? of_node.map.at(number) : of_node.list[number]) - 1;
}

std::uint32_t& EvaluationPlan::task_number(std::uint32_t node, std::size_t number) {
  constexpr std::size_t kFew = std::size_t{1} << 20;
  TaskNumbers& of_node = tasks_of_[node];
  if (of_node.list.empty()) {
    const std::size_t count = nodes[node].array->chunks().count();
    if (count > kFew && nodes[node].outputs.empty()) return of_node.map[number];
    of_node.list.resize(count);
  }
  return of_node.list[number];
}

std::uint32_t EvaluationPlan::task(std::uint32_t node, std::size_t number,
                                   std::vector<std::uint32_t>& fresh) {
  std::uint32_t& known = task_number(node, number);
  if (known == 0) {
    PlanTask task;
    task.node = node;
    task.number = number;
    tasks.push_back(task);
    known = static_cast<std::uint32_t>(tasks.size());
    fresh.push_back(known - 1);
  }
  return known - 1;
}

EvaluationPlan::Chunk EvaluationPlan::largest(std::uint32_t n, std::size_t number) const {
  const PlanNode& node = nodes[n];
  Chunk found{n, number, node.is_free ? 0 : chunk_bytes(node, number)};
  std::vector<Need> made_of;
  node.operation->needs(number, made_of);
  for (const Need& need : made_of) {
    const std::uint32_t input = node.inputs[need.input];
    const Chunk made = nodes[input].kept ? Chunk{input, need.number, chunk_bytes(nodes[input], need.number)}
                                         : largest(input, need.number);
    if (made.bytes > found.bytes) found = made;
  }
  return found;
}

void EvaluationPlan::add_tasks(std::uint32_t n, const ChunkSink* sink) {
  std::vector<std::uint32_t> open, fresh;
  std::vector<Need> stack, kept_needs;
  const std::size_t count = nodes[n].array->chunks().count();
  for (std::size_t number = 0; number < count; ++number) {
    if (sink != nullptr && sink->has(number)) continue;
    open.clear();
    task(n, number, open);
    while (!open.empty()) {  // depth first, so that what is needed together is made together
      const std::uint32_t t = open.back();
      open.pop_back();
      kept_needs.clear();
      const Cost cost = this->cost(tasks[t].node, tasks[t].number, stack, &kept_needs);
      PlanTask& made = tasks[t];
      made.peak = cost.peak;
      made.bytes = chunk_bytes(nodes[made.node], made.number);
      if (nodes[made.node].operation->traits().is_view) {  // is copied, lest it holds more than its bytes
        made.peak = std::max(made.peak, cost.resident + made.bytes);
      }
      tasks[t].first_need = needs.size();
      fresh.clear();
      for (const Need& need : kept_needs) {
        const std::uint32_t needed = task(need.input, need.number, fresh);
        needs.push_back({needed, t, tasks[needed].first_user});
        tasks[needed].first_user = static_cast<std::uint32_t>(needs.size() - 1);
        ++tasks[needed].uses;
      }
      tasks[t].end_need = needs.size();
      tasks[t].waiting = static_cast<std::uint32_t>(kept_needs.size());
      if (kept_needs.empty()) leaves.push_back(t);
      open.insert(open.end(), fresh.rbegin(), fresh.rend());
    }
  }
}

}  // namespace functionfuse::detail
