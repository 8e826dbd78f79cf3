#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "functionfuse/backends/node_ref.hpp"

namespace functionfuse::detail {

/// Which nodes a workflow has, found from the given ones, in a fixed number of linear passes over
/// all that is connected with them:
///
/// 1. the nodes in the order in which they were made, each with its place among them: parents stand
///    before their children, so that one pass down or up follows all edges;
/// 2. up: the ancestors of the given nodes; those without parents are the roots;
/// 3. down: all that descends from the roots;
/// 4. up: what those need besides.
///
/// Places are 32 bits. The order is also the one in which nodes run.
class Resolution {
 public:
  /// Also numbers the nodes for their default names.
  explicit Resolution(std::span<const NodeRef> given);

  [[nodiscard]] std::uint32_t size() const noexcept {
    return static_cast<std::uint32_t>(nodes_.size());
  }
  [[nodiscard]] NodeBase* node(std::uint32_t i) const noexcept { return nodes_[i]; }
  [[nodiscard]] const std::vector<NodeBase*>& nodes() const noexcept { return nodes_; }
  /// Places of a node's parents, as in NodeBase::parents.
  [[nodiscard]] std::span<const std::uint32_t> parents(std::uint32_t i) const noexcept {
    return {parents_.data() + begin_[i], parents_.data() + begin_[i + 1]};
  }
  [[nodiscard]] std::span<const std::uint32_t> value_parents(std::uint32_t i) const noexcept {
    return parents(i).first(nodes_[i]->value_parents().size());
  }
  /// Places of the given nodes.
  [[nodiscard]] const std::vector<std::uint32_t>& given() const noexcept { return given_; }
  [[nodiscard]] const std::vector<std::shared_ptr<Graph>>& graphs() const noexcept {
    return graphs_;
  }
  /// The graph that a node of these belongs to.
  [[nodiscard]] const std::shared_ptr<Graph>& graph_of(std::uint32_t i) const noexcept {
    return graphs_[graph_index_.empty() ? 0 : graph_index_[i]];
  }
  /// How many nodes have a name.
  [[nodiscard]] std::uint32_t named() const noexcept { return named_; }
  [[nodiscard]] bool has_calls() const noexcept { return has_calls_; }
  /// Whether there are nodes of another type than function.
  [[nodiscard]] bool has_others() const noexcept { return has_others_; }
  [[nodiscard]] bool has_set_names() const noexcept { return has_set_names_; }

 private:
  void collect(std::span<const NodeRef> given);
  void sort_by_sequence();
  void index();
  [[nodiscard]] std::vector<char> select() const;
  void keep(const std::vector<char>& selected);

  std::vector<std::shared_ptr<Graph>> graphs_;
  std::vector<NodeBase*> nodes_;
  std::vector<std::uint32_t> graph_index_;  // of each node; empty where there is one graph
  std::vector<std::uint32_t> begin_, parents_;
  std::vector<std::uint32_t> given_;
  std::uint32_t named_ = 0;
  bool has_calls_ = false;
  bool has_others_ = false;
  bool has_set_names_ = false;
};

}  // namespace functionfuse::detail
