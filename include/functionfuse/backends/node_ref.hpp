#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "functionfuse/backends/node_base.hpp"

namespace functionfuse {

/// A handle to a node whose result type is not known here; Node<T> is one. Copies are handles to
/// the same node. Keeps the node and all that it is connected with.
///
/// \threads as Graph: handles to connected nodes belong to one thread at a time
class NodeRef {
 public:
  NodeRef(std::shared_ptr<Graph> graph, NodeBase* node) noexcept
      : graph_(std::move(graph)), node_(node) {}

  /// The name under which the result is stored: the one that was set, else the default name in the
  /// workflow that the node was last made part of, `function_0000`; in none yet: the one that it
  /// would have in LocalWorkflow({node}). Of an item: the node's name and which item,
  /// `split_0000["train"]`. In none yet, all nodes that are connected with it are looked at.
  [[nodiscard]] std::string name() const;
  [[nodiscard]] std::string_view function_name() const noexcept { return node_->function().name; }

  [[nodiscard]] NodeBase* node() const noexcept { return node_; }
  [[nodiscard]] const std::shared_ptr<Graph>& graph() const noexcept {
    return Graph::find(graph_);
  }
  friend bool operator==(const NodeRef& a, const NodeRef& b) noexcept {
    return a.node_ == b.node_;
  }

 protected:
  /// \error invalid_argument  see check_name; an item
  void rename(std::string_view name) { node_->set_name(name); }
  void order_after(const NodeRef& other);

 private:
  std::shared_ptr<Graph> graph_;
  NodeBase* node_;
};

}  // namespace functionfuse
