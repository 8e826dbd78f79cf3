#include "functionfuse/backends/base_workflow.hpp"

#include <dlfcn.h>

#include <ostream>
#include <regex>

#include <fmt/format.h>

#include "backends/names.hpp"
#include "backends/resolution.hpp"
#include "backends/workflow_state.hpp"
#include "functionfuse/error.hpp"

namespace functionfuse {

using detail::WorkflowState;

BaseWorkflow::BaseWorkflow(std::vector<NodeRef> nodes, std::string_view workflow_name)
    : state_(std::make_shared<WorkflowState>()) {
  check_name(workflow_name, "workflow");
  if (nodes.empty()) {
    throw Error(Errc::invalid_argument, "workflow \"" + std::string(workflow_name) +
                                            "\": a workflow needs at least one node");
  }
  state_->name = workflow_name;
  state_->nodes = std::move(nodes);
  detail::Resolution resolution(state_->nodes);  // so that the nodes have names
}

BaseWorkflow::BaseWorkflow(std::initializer_list<NodeRef> nodes, std::string_view workflow_name)
    : BaseWorkflow(std::vector<NodeRef>(nodes), workflow_name) {}

BaseWorkflow::~BaseWorkflow() = default;
BaseWorkflow::BaseWorkflow(BaseWorkflow&&) noexcept = default;
BaseWorkflow& BaseWorkflow::operator=(BaseWorkflow&&) noexcept = default;

const std::string& BaseWorkflow::workflow_name() const noexcept { return state_->name; }
const std::vector<NodeRef>& BaseWorkflow::nodes() const noexcept { return state_->nodes; }

void BaseWorkflow::set_storage(std::shared_ptr<Storage> storage) {
  state_->storage = std::move(storage);
}
const std::shared_ptr<Storage>& BaseWorkflow::storage() const noexcept { return state_->storage; }
void BaseWorkflow::on_stale(OnStale what) noexcept { state_->on_stale = what; }

std::vector<NodeRef> BaseWorkflow::find_nodes(std::string_view pattern) const {
  std::regex regex;
  try {
    regex.assign(pattern.begin(), pattern.end());
  } catch (const std::regex_error& e) {
    throw Error(Errc::invalid_argument,
                fmt::format("\"{}\" is not a regular expression: {}", pattern, e.what()));
  }
  detail::Resolution resolution(state_->nodes);
  detail::Names names(resolution);
  std::vector<NodeRef> found;
  for (std::uint32_t i = 0; i < resolution.size(); ++i) {
    NodeBase* node = resolution.node(i);
    std::string_view name = names[i];
    if (node->is_light() || !std::regex_match(name.begin(), name.end(), regex)) continue;
    found.emplace_back(resolution.graph_of(i), node);
  }
  return found;
}

Query BaseWorkflow::query(std::string_view pattern) const { return {state_, find_nodes(pattern)}; }

std::vector<NodeRef> BaseWorkflow::require_nodes(std::string_view pattern) const {
  auto found = find_nodes(pattern);
  if (found.empty()) {
    throw Error(Errc::invalid_argument, fmt::format("workflow \"{}\": no node's name matches \"{}\"",
                                                    state_->name, pattern));
  }
  return found;
}

void BaseWorkflow::replace_erased(const std::vector<NodeRef>& nodes, ErasedFunction function) {
  state_->replace(nodes, function);
}

void detail::WorkflowState::replace(const std::vector<NodeRef>& which,
                                    const ErasedFunction& function) {
  for (const NodeRef& ref : which) {
    const ErasedSignature* signature = ref.node()->signature();
    if (signature == nullptr) {
      throw Error(Errc::type_mismatch,
                  fmt::format("replace_func: \"{}\" is not a call of a function but of {}; only "
                              "functions can be replaced",
                              ref.name(), ref.function_name()));
    }
    if (!(*signature == function.signature)) {
      throw Error(Errc::type_mismatch,
                  fmt::format("replace_func: the function of \"{}\" is {}, what should replace it is "
                              "{}: the types have to be the same (but for const and &)",
                              ref.name(), signature->text, function.signature.text));
    }
  }
  for (const NodeRef& ref : which) replacements[ref.node()] = function;
}

std::string detail::callable_name(const std::type_info& type) {
  return readable_symbol(type.name());
}

std::string detail::callable_name(const std::type_info& type, const void* function) {
  Dl_info info;
  if (::dladdr(function, &info) == 0) return fmt::format("{} {}", callable_name(type), function);
  const std::string_view file(info.dli_fname);
  return fmt::format("{} at {:#x} of {}", callable_name(type),
                     static_cast<const char*>(function) - static_cast<const char*>(info.dli_fbase),
                     file.substr(file.rfind('/') + 1));
}

bool ErasedSignature::operator==(const ErasedSignature& other) const noexcept {
  if (*result != *other.result || parameters.size() != other.parameters.size()) return false;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (*parameters[i] != *other.parameters[i]) return false;
  }
  return true;
}

void BaseWorkflow::set_plugin(std::shared_ptr<Plugin> plugin) { state_->plugin = std::move(plugin); }

void BaseWorkflow::set_log(std::ostream& stream) {
  set_log([out = &stream](std::string_view line) { *out << line << '\n' << std::flush; });
}
void BaseWorkflow::set_log_erased(std::shared_ptr<void> log,
                                  void (*write)(void*, std::string_view)) {
  state_->log.set(std::move(log), write);
}
void BaseWorkflow::log_nodes(std::string_view pattern) {
  for (const NodeRef& ref : require_nodes(pattern)) state_->logged.insert(ref.node());
}
void BaseWorkflow::set_progress(bool on) noexcept { state_->log.set_progress(on); }

Results BaseWorkflow::run() { return execute(false); }

Results BaseWorkflow::run_all(std::span<const std::type_info* const> types,
                              const std::vector<std::string>& names) {
  const auto& given = state_->nodes;
  if (types.size() != given.size()) {
    throw Error(Errc::type_mismatch,
                fmt::format("workflow \"{}\": run<...>() has {} types, and the workflow was given {} "
                            "nodes",
                            state_->name, types.size(), given.size()));
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i].node()->value_type() == *types[i]) continue;
    throw Error(Errc::type_mismatch,
                fmt::format("workflow \"{}\": run<...>(): node {}, \"{}\", gives a {}, not a {}",
                            state_->name, i + 1, given[i].name(),
                            given[i].node()->value_type_name(), names[i]));
  }
  return execute(true);
}

}  // namespace functionfuse
