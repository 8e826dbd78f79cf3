#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "backends/run_log.hpp"
#include "functionfuse/backends/base_workflow.hpp"
#include "functionfuse/backends/erased_function.hpp"
#include "functionfuse/backends/node_ref.hpp"
#include "functionfuse/backends/plugins.hpp"
#include "functionfuse/storage/storage.hpp"

namespace functionfuse::detail {

/// What was set for a workflow. Shared by its queries and results.
struct WorkflowState {
  std::string name;
  std::vector<NodeRef> nodes;  // given
  std::shared_ptr<Storage> storage;
  OnStale on_stale = OnStale::recompute;
  std::shared_ptr<Plugin> plugin;
  std::unordered_map<NodeBase*, std::shared_ptr<Plugin>> node_plugins;
  std::unordered_map<NodeBase*, ErasedFunction> replacements;
  std::unordered_set<NodeBase*> logged;
  RunLog log;

  [[nodiscard]] Plugin* plugin_of(NodeBase* node) const {
    if (node_plugins.empty()) return plugin.get();
    auto found = node_plugins.find(node);
    return found == node_plugins.end() ? plugin.get() : found->second.get();
  }
  [[nodiscard]] const ErasedFunction* replacement_of(NodeBase* node) const {
    if (replacements.empty()) return nullptr;
    auto found = replacements.find(node);
    return found == replacements.end() ? nullptr : &found->second;
  }
  void replace(const std::vector<NodeRef>& which, const ErasedFunction& function);
};

}  // namespace functionfuse::detail
