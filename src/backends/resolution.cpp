#include "backends/resolution.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "backends/names.hpp"
#include "functionfuse/error.hpp"

namespace functionfuse::detail {

Resolution::Resolution(std::span<const NodeRef> given) {
  collect(given);
  index();
  for (const NodeRef& ref : given) given_.push_back(ref.node()->index);
  std::vector<char> selected = select();
  if (std::find(selected.begin(), selected.end(), 0) != selected.end()) {
    keep(selected);
    given_.clear();
    for (const NodeRef& ref : given) given_.push_back(ref.node()->index);
  }
  for (NodeBase* node : nodes_) {
    named_ += !node->is_light();
    has_calls_ |= node->type() == NodeBase::Type::call;
    has_others_ |= node->type() != NodeBase::Type::function;
    has_set_names_ |= !node->set_name().empty();
  }
  number_nodes(nodes_);
}

void Resolution::collect(std::span<const NodeRef> given) {
  for (const NodeRef& ref : given) {
    const auto& graph = ref.graph();
    if (graphs_.empty() || graphs_.back() != graph) graphs_.push_back(graph);
  }
  std::sort(graphs_.begin(), graphs_.end());
  graphs_.erase(std::unique(graphs_.begin(), graphs_.end()), graphs_.end());
  for (std::uint32_t i = 0; i < graphs_.size(); ++i) {
    graphs_[i]->nodes(nodes_);
    if (graphs_.size() > 1) graph_index_.resize(nodes_.size(), i);
  }
  if (graphs_.size() > 1) sort_by_sequence();
  if (nodes_.size() >= NodeBase::kNoNumber) {
    throw Error(Errc::unsupported, "a workflow can have 4,294,967,294 nodes, and no more");
  }
}

void Resolution::sort_by_sequence() {
  std::vector<std::pair<NodeBase*, std::uint32_t>> both(nodes_.size());
  for (std::size_t i = 0; i < both.size(); ++i) both[i] = {nodes_[i], graph_index_[i]};
  std::sort(both.begin(), both.end(), [](const auto& a, const auto& b) {
    return a.first->sequence() < b.first->sequence();
  });
  for (std::size_t i = 0; i < both.size(); ++i) std::tie(nodes_[i], graph_index_[i]) = both[i];
}

void Resolution::index() {
  std::uint32_t i = 0;
  std::size_t edges = 0;
  for (NodeBase* node : nodes_) {
    node->index = i++;
    edges += node->parents().size();
  }
  begin_.resize(nodes_.size() + 1);
  parents_.resize(edges);
  std::uint32_t next = 0;
  for (i = 0; i < size(); ++i) {
    begin_[i] = next;
    for (NodeBase* parent : nodes_[i]->parents()) parents_[next++] = parent->index;
  }
  begin_[i] = next;
}

std::vector<char> Resolution::select() const {
  std::vector<char> up(nodes_.size()), selected(nodes_.size());
  for (std::uint32_t i : given_) up[i] = 1;
  for (std::uint32_t i = size(); i-- > 0;) {
    if (up[i] == 0) continue;
    for (std::uint32_t parent : parents(i)) up[parent] = 1;
    selected[i] = parents(i).empty();
  }
  for (std::uint32_t i = 0; i < size(); ++i) {
    for (std::uint32_t parent : parents(i)) selected[i] |= selected[parent];
  }
  for (std::uint32_t i = size(); i-- > 0;) {
    if (selected[i] == 0) continue;
    for (std::uint32_t parent : parents(i)) selected[parent] = 1;
  }
  return selected;
}

void Resolution::keep(const std::vector<char>& selected) {
  std::uint32_t kept = 0, next = 0;
  for (std::uint32_t i = 0; i < size(); ++i) {
    if (selected[i] == 0) continue;
    // Parents stand before and are kept: they have their new places already.
    std::uint32_t from = begin_[i], to = begin_[i + 1];
    NodeBase* node = nodes_[i];
    begin_[kept] = next;
    for (std::uint32_t k = from; k < to; ++k) {
      parents_[next++] = node->parents()[k - from]->index;
    }
    node->index = kept;
    if (!graph_index_.empty()) graph_index_[kept] = graph_index_[i];
    nodes_[kept++] = node;
  }
  nodes_.resize(kept);
  if (!graph_index_.empty()) graph_index_.resize(kept);
  begin_.resize(kept + 1);
  begin_[kept] = next;
  parents_.resize(next);
}

}  // namespace functionfuse::detail
