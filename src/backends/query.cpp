#include "functionfuse/backends/query.hpp"

#include "backends/names.hpp"
#include "backends/workflow_state.hpp"

namespace functionfuse {

Query::Query(std::shared_ptr<detail::WorkflowState> workflow, std::vector<NodeRef> nodes)
    : workflow_(std::move(workflow)), nodes_(std::move(nodes)) {
  // Now: a node's default name is another one in the next workflow that is made of it.
  names_.reserve(nodes_.size());
  for (const NodeRef& node : nodes_) names_.push_back(detail::name_of(node.node()));
}
Query::~Query() = default;

Query& Query::set_version(std::string_view version) {
  for (const NodeRef& node : nodes_) node.node()->set_version(version);
  return *this;
}

Query& Query::set_plugin(std::shared_ptr<Plugin> plugin) {
  for (const NodeRef& node : nodes_) workflow_->node_plugins[node.node()] = plugin;
  return *this;
}

Query& Query::replace_erased(ErasedFunction function) {
  workflow_->replace(nodes_, function);
  return *this;
}

}  // namespace functionfuse
