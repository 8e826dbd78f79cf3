#include "functionfuse/backends/results.hpp"

#include "backends/local_run.hpp"
#include "backends/names.hpp"
#include "backends/workflow_state.hpp"
#include "functionfuse/error.hpp"

namespace functionfuse {

namespace {
NodeBase* owner_of(NodeBase* node) {
  while (node->type() == NodeBase::Type::item) node = node->parents()[0];
  return node;
}

/// A node that is in no workflow has no name yet.
std::string label(const NodeBase* node) {
  if (node->set_name().empty() && node->number == NodeBase::kNoNumber) {
    return "a node of " + std::string(node->function().name);
  }
  return "\"" + detail::name_of(node) + "\"";
}
}  // namespace

Results::Results(std::shared_ptr<detail::WorkflowState> workflow, std::vector<NodeRef> given)
    : workflow_(std::move(workflow)), storage_(workflow_->storage), given_(std::move(given)) {}
Results::~Results() = default;
Results::Results(Results&&) noexcept = default;
Results& Results::operator=(Results&&) noexcept = default;

const void* Results::get_erased(const NodeRef& ref) {
  NodeBase* node = ref.node();
  NodeBase* owner = owner_of(node);
  std::shared_ptr<const void> value = owner_value(owner);
  if (node == owner) return value.get();
  if (auto found = items_.find(node); found != items_.end()) return found->second.get();
  std::vector<NodeBase*> way;  // from the item up to the owner
  for (NodeBase* at = node; at != owner; at = at->parents()[0]) way.push_back(at);
  for (; !way.empty(); way.pop_back()) value = way.back()->item_of(value);
  return (items_[node] = value).get();
}

std::shared_ptr<const void> Results::owner_value(NodeBase* owner) {
  if (auto found = values_.find(owner); found != values_.end()) return found->second;
  auto stored = stored_.find(owner);
  if (stored == stored_.end()) {
    throw Error(Errc::invalid_argument,
                "Results::get: " + label(owner) + " is not among the nodes that \"" +
                    workflow_->name +
                    "\" was given; a result that is not wanted is freed when its last consumer has "
                    "run. Give the node to the workflow, or read its task from the storage");
  }
  return values_[owner] = read(owner, stored->second);
}

std::shared_ptr<void> Results::read(NodeBase* owner, const std::string& name) {
  try {
    storage_->read_erased(workflow_->name, name,
                          {owner, [](const Reading& reading, void* node) {
                             static_cast<NodeBase*>(node)->load(reading);
                           }});
    return owner->take();
  } catch (const Error& e) {
    if (e.code() != Errc::corrupt && e.code() != Errc::not_found) throw;
    owner->clear();
  }
  return detail::LocalRun(workflow_).fetch(owner);  // reads it again, warns, computes it
}

bool Results::is_last(std::size_t i) const {
  NodeBase* owner = owner_of(given_[i].node());
  for (std::size_t k = i + 1; k < given_.size(); ++k) {
    if (owner_of(given_[k].node()) == owner) return false;
  }
  return true;
}

void Results::fail_given_twice(const NodeRef& node) {
  throw Error(Errc::invalid_argument, "\"" + node.name() +
                                          "\" was given to the workflow more than once, and its "
                                          "result can't be copied; use run() and Results::get");
}

}  // namespace functionfuse
