#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "functionfuse/backends/node_ref.hpp"

namespace functionfuse {

/// Makes one node, in this order: `join` all nodes that are arguments, `make`; what `make` builds
/// then says by `argument` which they are.
class NodeBuilder {
 public:
  NodeBuilder() = default;
  NodeBuilder(const NodeBuilder&) = delete;
  NodeBuilder& operator=(const NodeBuilder&) = delete;

  /// Merges the graph of `ref` in; `ref` outlives this.
  void join(const NodeRef& ref) {
    const auto& graph = ref.graph();
    if (graph_ == nullptr) {
      graph_ = &graph;
    } else if (graph_->get() != graph.get()) {
      graph_ = &Graph::merge(*graph_, graph);
    }
  }
  /// Makes the node of `ref`, which was joined, the next value parent. Returns the node of which
  /// the value will be the argument: for an object that of its state by now.
  NodeBase* argument(const NodeRef& ref) {
    NodeBase* node = ref.node();
    if (node->type() == NodeBase::Type::object) node = node->as_argument(**graph_);
    return push(node);
  }
  /// The same, also for objects.
  NodeBase* argument_as_is(const NodeRef& ref) { return push(ref.node()); }
  /// A parent that only has to run before; after all arguments.
  void order(NodeBase* node) {
    push(node);
    ++order_count_;
  }

  /// Builds a N with one value parent and one order-only parent, of `graph` both.
  template <class N, class... A>
  static N* make_within(Graph& graph, NodeBase* value_parent, NodeBase* order_parent,
                        A&&... arguments) {
    NodeBuilder builder;
    builder.push(value_parent);
    if (order_parent != value_parent) builder.order(order_parent);
    N* node = new (graph.allocate(sizeof(N), alignof(N))) N(std::forward<A>(arguments)...);
    builder.link(graph, node);
    return node;
  }

  /// Builds a N of `arguments` and makes it part of the graph.
  template <class N, class... A>
  std::pair<std::shared_ptr<Graph>, N*> make(A&&... arguments) {
    if (graph_ == nullptr) {
      own_ = std::make_shared<Graph>();
      graph_ = &own_;
    }
    Graph& graph = **graph_;
    N* node = new (graph.allocate(sizeof(N), alignof(N))) N(std::forward<A>(arguments)...);
    link(graph, node);
    return {*graph_, node};
  }

 private:
  static constexpr std::size_t kInline = 8;

  NodeBase* push(NodeBase* node) {
    if (count_ < kInline) {
      first_[count_] = node;
    } else {
      rest_.push_back(node);
    }
    ++count_;
    return node;
  }
  void link(Graph& graph, NodeBase* node);

  const std::shared_ptr<Graph>* graph_ = nullptr;  // of a handle that outlives this
  std::shared_ptr<Graph> own_;
  std::array<NodeBase*, kInline> first_;
  std::vector<NodeBase*> rest_;
  std::uint32_t count_ = 0;
  std::uint32_t order_count_ = 0;
};

}  // namespace functionfuse
