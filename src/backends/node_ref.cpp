#include "functionfuse/backends/node_ref.hpp"

#include <span>

#include "backends/names.hpp"
#include "backends/resolution.hpp"
#include "functionfuse/error.hpp"

namespace functionfuse {

std::string NodeRef::name() const {
  NodeBase* named = node_;
  while (named->is_light()) named = named->parents()[0];
  if (named->set_name().empty() && named->number == NodeBase::kNoNumber) {
    detail::Resolution(std::span(this, 1));
  }
  return detail::name_of(node_);
}

void NodeRef::order_after(const NodeRef& other) {
  NodeBase* before = other.node_;
  while (before->is_light()) before = before->parents()[0];
  node_->add_order(*Graph::merge(graph_, other.graph_), before);
}

}  // namespace functionfuse
