#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/backends/erased_function.hpp"
#include "functionfuse/backends/node_ref.hpp"

namespace functionfuse {

class Plugin;
namespace detail {
struct WorkflowState;
}

/// The nodes of a workflow that `workflow.query(pattern)` found, to set something for all of them.
/// Every function returns the query itself.
///
///     workflow.query("fit_.*").set_version("2").set_plugin(random);
class Query {
 public:
  Query(std::shared_ptr<detail::WorkflowState> workflow, std::vector<NodeRef> nodes);
  ~Query();

  [[nodiscard]] const std::vector<NodeRef>& nodes() const noexcept { return nodes_; }
  /// As this workflow names them.
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }

  /// As Node::set_version: for the nodes themselves, in whichever workflow.
  Query& set_version(std::string_view version);
  /// Of these nodes in this workflow, in place of the workflow's own; null: none.
  Query& set_plugin(std::shared_ptr<Plugin> plugin);
  /// As the workflow's replace_func.
  template <class F>
  Query& replace_func(F function) {
    return replace_erased(detail::erase_function(std::move(function)));
  }

 private:
  Query& replace_erased(ErasedFunction function);

  std::shared_ptr<detail::WorkflowState> workflow_;
  std::vector<NodeRef> nodes_;
  std::vector<std::string> names_;
};

}  // namespace functionfuse
