#include "functionfuse/backends/node_base.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>

#include "functionfuse/backends/node_builder.hpp"
#include "functionfuse/error.hpp"
#include "functionfuse/storage/storage.hpp"

namespace functionfuse {

std::uint64_t next_sequence() noexcept {
  static std::atomic<std::uint64_t> next{0};
  return next.fetch_add(1, std::memory_order_relaxed);
}

NodeBase::~NodeBase() = default;

NodeBase::Extra& NodeBase::extra() {
  if (extra_ == nullptr) extra_ = std::make_unique<Extra>();
  return *extra_;
}

void NodeBase::set_name(std::string_view name) {
  if (is_light()) {
    throw Error(Errc::invalid_argument,
                "set_name(\"" + std::string(name) +
                    "\"): an item of a node has no name of its own; name the node, or make a node "
                    "of a function that returns the item");
  }
  check_name(name, "task");
  extra().name = name;
}

std::string_view NodeBase::version() const noexcept {
  return extra_ == nullptr ? std::string_view() : extra_->version;
}

void NodeBase::set_version(std::string_view version) { extra().version = version; }

void NodeBase::add_order(Graph& graph, NodeBase* other) {
  if (is_light()) {
    throw Error(Errc::invalid_argument,
                "after(): an item does not run by itself; let its node run after the other");
  }
  if (other->sequence_ >= sequence_) {
    throw Error(Errc::invalid_argument,
                "after(): a node can only run after nodes that were made before it, and \"" +
                    std::string(other->function().name) + "\" was made after \"" +
                    std::string(function().name) + "\"");
  }
  if (parent_count_ == parent_capacity_) {
    parent_capacity_ = 2 * parent_count_ + 1;
    auto** parents = static_cast<NodeBase**>(
        graph.allocate(parent_capacity_ * sizeof(NodeBase*), alignof(NodeBase*)));
    std::copy_n(parents_, parent_count_, parents);
    parents_ = parents;
  }
  parents_[parent_count_++] = other;
}

void NodeBase::replay() { assert(!"only calls are replayed"); }

std::shared_ptr<const void> NodeBase::item_of(const std::shared_ptr<const void>&) {
  assert(!"only an item has one");
  return nullptr;
}

void NodeBuilder::link(Graph& graph, NodeBase* node) {
  if (count_ > 0) {
    auto** parents = static_cast<NodeBase**>(
        graph.allocate(count_ * sizeof(NodeBase*), alignof(NodeBase*)));
    std::copy_n(first_.data(), std::min<std::size_t>(count_, kInline), parents);
    if (count_ > kInline) std::copy(rest_.begin(), rest_.end(), parents + kInline);
    node->parents_ = parents;
  }
  node->parent_count_ = node->parent_capacity_ = count_;
  node->value_parent_count_ = count_ - order_count_;
  node->sequence_ = next_sequence();
  graph.add(node);
}

}  // namespace functionfuse
