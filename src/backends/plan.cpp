#include "backends/plan.hpp"

#include <fmt/format.h>

#include "functionfuse/error.hpp"
#include "functionfuse/storage/storage.hpp"

namespace functionfuse::detail {

using Type = NodeBase::Type;

Plan::Plan(WorkflowState& workflow)
    : graph_(workflow.nodes), status_(graph_.size(), Status::must_run), has_record_(graph_.size()) {
  check_unique(graph_);
  find_chains();
  if (workflow.storage != nullptr) look_up(workflow);
  for (std::uint32_t i = 0; i < size(); ++i) {
    if (status_[i] == Status::must_run) ++must_run_;
    if (status_[i] == Status::stored) ++stored_;
  }
}

std::string_view Plan::name(std::uint32_t i) const {
  if (names_ == nullptr) names_ = std::make_unique<Names>(graph_);
  return (*names_)[i];
}

void Plan::find_chains() {
  if (!graph_.has_others()) return;
  for (std::uint32_t i = 0; i < size(); ++i) {
    NodeBase* node = graph_.node(i);
    if (node->is_light()) {
      status_[i] = Status::on_demand;
    } else if (node->type() == Type::object) {
      chains_[i];
    } else if (node->type() == Type::call) {
      std::uint32_t object = graph_.parents(i)[0];
      chains_[object].calls.push_back(i);
      status_[object] = Status::on_demand;
    }
  }
}

void Plan::look_up(WorkflowState& workflow) {
  records_ = std::make_unique<Records>(graph_);
  auto index = workflow.storage->index(workflow.name, graph_.named());
  std::vector<char> changed(size());
  for (std::uint32_t i = 0; i < size(); ++i) {
    records_->compute(workflow, i);
    Type type = graph_.node(i)->type();
    if (type == Type::function || type == Type::call) {
      look_up_node(workflow, *index, i, changed);
    } else if (!graph_.parents(i).empty()) {
      changed[i] = changed[graph_.parents(i).back()];
    }
  }
  for (auto& [object, chain] : chains_) {
    if (graph_.node(object)->is_storable()) look_up_state(*index, object, chain);
  }
  warn_unseen(workflow);
  check_serializers(workflow);
}

/// A change of an argument that can't be pickled would go unseen, unless its node has a version.
void Plan::warn_unseen(WorkflowState& workflow) const {
  std::size_t count = 0;
  std::uint32_t first = 0;
  for (std::uint32_t i = size(); i-- > 0;) {
    if (status_[i] != Status::stored || !has_record_[i] || !records_->opaque(i) ||
        !graph_.node(i)->version().empty()) {
      continue;
    }
    ++count;
    first = i;
  }
  if (count == 0) return;
  workflow.log.warning(fmt::format(
      "{}: an argument of the stored \"{}\"{} can't be pickled, so a change of it is not seen; "
      "set_version(\"2\") says that it has changed, and any version that you look after it yourself",
      workflow.name, name(first), count == 1 ? "" : fmt::format(" (and of {} more)", count - 1)));
}

void Plan::check_serializers(const WorkflowState& workflow) const {
  for (std::uint32_t i = 0; i < size(); ++i) {
    const NodeBase* node = graph_.node(i);
    if (status_[i] != Status::must_run || !node->needs_serializer() ||
        workflow.storage->serializers().find(node->value_type()) != nullptr) {
      continue;
    }
    throw UnsupportedError(fmt::format(
        "workflow \"{}\": the result of \"{}\" is a {}, which only a persistent serializer can keep, and "
        "{} has none for it: storage->register_persistent_serializers<...>() before the workflow runs",
        workflow.name, name(i), node->value_type_name(), workflow.storage->url()));
  }
}

void Plan::look_up_node(WorkflowState& workflow, const TaskIndex& index, std::uint32_t i,
                        std::vector<char>& changed) {
  TaskIndex::Found found = index.find(name(i));
  if (!found.stored) return;
  has_record_[i] = found.record != nullptr;
  if (found.record == nullptr || records_->matches(i, *found.record)) {
    status_[i] = Status::stored;
    return;
  }
  changed[i] = 1;
  bool recompute = workflow.on_stale == OnStale::recompute;
  if (!recompute) {
    status_[i] = Status::stored;
    records_->adopt(i, *found.record);
  }
  if (recompute ? workflow.log.wanted() : workflow.on_stale == OnStale::warn) {
    std::string text = fmt::format("{}: \"{}\" is stale: {}", workflow.name, name(i),
                                   what_changed(i, *found.record, changed));
    if (recompute) {
      workflow.log.line(text + "; it is computed again");
    } else {
      workflow.log.warning(text + "; it is used all the same");
    }
  }
}

void Plan::look_up_state(const TaskIndex& index, std::uint32_t object, Chain& chain) {
  TaskIndex::Found found = index.find(name(object));
  if (found.record == nullptr) return;
  for (std::size_t k = chain.calls.size() + 1; k-- > 0;) {
    std::uint32_t last = k == 0 ? object : chain.calls[k - 1];
    if (!records_->matches_state(object, last, *found.record)) continue;
    chain.stored_position = static_cast<std::int64_t>(k);
    if (chain.calls.empty()) status_[object] = Status::stored;
    return;
  }
}

std::string Plan::what_changed(std::uint32_t i, const Record& stored,
                               const std::vector<char>& changed) const {
  Record now = records_->record(i);
  std::string text;
  auto add = [&](const std::string& what) { text += (text.empty() ? "" : ", ") + what; };
  if (stored.function != now.function) {
    add(fmt::format("function {} → {}", stored.function, now.function));
  }
  if (stored.version != now.version) {
    add(fmt::format("version \"{}\" → \"{}\"", stored.version, now.version));
  }
  if (stored.arguments != now.arguments) add("arguments changed");
  if (stored.parents == now.parents) return text;
  std::size_t listed = 0;
  for (std::uint32_t parent : graph_.parents(i)) {
    if (changed[parent] == 0 || ++listed > 3) continue;
    add(fmt::format("parent \"{}\" changed", name_of(graph_.node(parent))));
  }
  if (listed == 0) add("parents changed");
  return text;
}

}  // namespace functionfuse::detail
