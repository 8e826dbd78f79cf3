#include "functionfuse/backends/graph_workflow.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "backends/graph_dot.hpp"
#include "backends/graph_render.hpp"
#include "backends/names.hpp"
#include "backends/records.hpp"
#include "backends/resolution.hpp"
#include "backends/workflow_state.hpp"
#include "functionfuse/error.hpp"
#include "functionfuse/storage/storage.hpp"
#include "io/file.hpp"

namespace functionfuse {

namespace {

using detail::Records;
using detail::Resolution;
using detail::TaskState;
using detail::WorkflowState;

constexpr std::size_t kManyTypes = 150;  // boxes

/// Whether what is stored of an object is its state after one of the calls, as they are now.
bool matches_state(const Records& records, const Resolution& graph, std::uint32_t object,
                   const Record& stored) {
  if (records.matches_state(object, object, stored)) return true;
  for (const NodeBase* call : graph.node(object)->object_part()->calls) {
    const bool in_workflow = call->index < graph.size() && graph.node(call->index) == call;
    if (in_workflow && records.matches_state(object, call->index, stored)) return true;
  }
  return false;
}

/// What a run would find.
std::vector<TaskState> states_of(const Resolution& graph, const WorkflowState& workflow) {
  std::vector<TaskState> states(graph.size(), TaskState::missing);
  Records records(graph);
  const detail::Names names(graph);
  const auto index = workflow.storage->index(workflow.name, graph.named());
  auto look_up = [&](std::uint32_t i, auto matches) {
    const TaskIndex::Found found = index->find(names[i]);
    if (!found.stored) return;
    const bool good = found.record == nullptr || matches(*found.record);
    states[i] = good ? TaskState::stored : TaskState::stale;
    // What is used all the same does not make stale what was made of it.
    if (!good && workflow.on_stale != OnStale::recompute) records.adopt(i, *found.record);
  };
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    records.compute(workflow, i);
    const NodeBase* node = graph.node(i);
    if (node->is_light() || node->type() == NodeBase::Type::object) continue;
    look_up(i, [&](const Record& stored) { return records.matches(i, stored); });
  }
  for (std::uint32_t i = 0; i < graph.size(); ++i) {  // which look at their calls
    if (graph.node(i)->type() != NodeBase::Type::object) continue;
    look_up(i, [&](const Record& stored) { return matches_state(records, graph, i, stored); });
  }
  return states;
}

}  // namespace

std::string GraphWorkflow::dot() const {
  const Resolution graph(state()->nodes);
  detail::check_unique(graph);
  std::vector<TaskState> states;
  if (storage() != nullptr) states = states_of(graph, *state());
  detail::DotOptions options;
  options.direction = direction_;
  options.types =
      types_ == Types::always || (types_ == Types::automatic && graph.named() <= kManyTypes);
  return detail::dot_text(graph, workflow_name(), states, options);
}

void GraphWorkflow::write(const std::filesystem::path& file) const {
  detail::check_picture_name(file);
  const std::string messages = detail::render(dot(), file);
  if (!messages.empty()) state()->log.warning(fmt::format("{}: {}", file.string(), messages));
  state()->log.line(fmt::format("{}: drawn to {}", workflow_name(), file.string()));
}

std::filesystem::path GraphWorkflow::run() {
  const std::filesystem::path file = doc_path_ / (workflow_name() + ".svg");
  io::make_folders(doc_path_.string());
  write(file);
  return file;
}

Results GraphWorkflow::execute(bool read) {
  if (read) {
    throw UnsupportedError(
        fmt::format("workflow \"{}\": GraphWorkflow draws it and computes nothing, so it has no "
                    "results to give; run it with LocalWorkflow",
                    workflow_name()));
  }
  run();
  return Results(state(), nodes());
}

}  // namespace functionfuse
