#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "functionfuse/backends/erased_function.hpp"
#include "functionfuse/backends/node_ref.hpp"
#include "functionfuse/backends/query.hpp"
#include "functionfuse/backends/results.hpp"

namespace functionfuse {

class Plugin;
class Storage;

/// What a workflow does with a stored result whose record says that it was made of something else:
/// another function, version, plain arguments or parents.
enum class OnStale : std::uint8_t {
  recompute,  ///< compute it again, and say in the log what changed
  warn,       ///< use it, with a warning
  keep,       ///< use it
};

namespace detail {
template <class... A>
constexpr bool are_nodes_then_name() {
  if constexpr (sizeof...(A) < 2) {
    return false;
  } else {
    constexpr bool is_node[] = {std::derived_from<A, NodeRef>...};
    constexpr bool is_text[] = {std::is_convertible_v<const A&, std::string_view>...};
    for (std::size_t i = 0; i + 1 < sizeof...(A); ++i) {
      if (!is_node[i]) return false;
    }
    return is_text[sizeof...(A) - 1];
  }
}
template <class... A>
concept NodesThenName = are_nodes_then_name<A...>();
}  // namespace detail

/// What all backends have in common: the nodes of a workflow, its storage, queries, plugins, log.
///
/// A backend is given some nodes. The workflow is: all nodes that descend from the roots above the
/// given ones, and whatever those need besides. This is looked up anew by every function, so that
/// nodes can be added between two of them. Nodes may belong to several workflows.
///
/// With a storage, a node whose result is stored does not run, and a stored result is read only
/// where a node that runs needs it. What made a result is kept beside it (function, version, digest
/// of the plain arguments, and the same of the parents): where that has changed, `on_stale` says
/// what to do. A result without such a record, as IBM's Function Fuse writes them, is taken as it is.
///
/// \threads one thread at a time for workflows whose nodes are connected
class BaseWorkflow {
 public:
  /// \error invalid_argument  no nodes; the name can't be one of a workflow (check_name)
  BaseWorkflow(std::initializer_list<NodeRef> nodes, std::string_view workflow_name);
  BaseWorkflow(std::vector<NodeRef> nodes, std::string_view workflow_name);
  template <class N>
    requires(std::derived_from<N, NodeRef> && !std::same_as<N, NodeRef>)
  BaseWorkflow(const std::vector<N>& nodes, std::string_view workflow_name)
      : BaseWorkflow(std::vector<NodeRef>(nodes.begin(), nodes.end()), workflow_name) {}
  /// `(node, "name")`, `(node, node, node, "name")`
  template <class... A>
    requires detail::NodesThenName<A...>
  explicit BaseWorkflow(const A&... nodes_then_name)
      : BaseWorkflow(gather(nodes_then_name...), name_in(nodes_then_name...)) {}
  virtual ~BaseWorkflow();
  BaseWorkflow(BaseWorkflow&&) noexcept;
  BaseWorkflow& operator=(BaseWorkflow&&) noexcept;

  [[nodiscard]] const std::string& workflow_name() const noexcept;
  /// The nodes that the workflow was given.
  [[nodiscard]] const std::vector<NodeRef>& nodes() const noexcept;

  /// Where results are kept; null: nowhere.
  void set_storage(std::shared_ptr<Storage> storage);
  [[nodiscard]] const std::shared_ptr<Storage>& storage() const noexcept;
  void on_stale(OnStale what) noexcept;

  /// The nodes of the workflow whose whole name matches a regular expression (ECMAScript), in the
  /// order in which they were made. Changes nothing, before a run or after one.
  /// \error invalid_argument  not a regular expression
  [[nodiscard]] std::vector<NodeRef> find_nodes(std::string_view pattern) const;
  [[nodiscard]] Query query(std::string_view pattern) const;

  /// Puts another function in place of the nodes' own, in this workflow only: of the same parameter
  /// types (without const and &) and the same result. It counts as a change of the function.
  /// \error invalid_argument  no node matches
  /// \error type_mismatch     another signature; the text says both
  template <class F>
  void replace_func(std::string_view pattern, F function) {
    replace_erased(require_nodes(pattern), detail::erase_function(std::move(function)));
  }
  template <class F>
  void replace_func(const NodeRef& node, F function) {
    replace_erased({node}, detail::erase_function(std::move(function)));
  }

  /// Called before each node that runs; null: none.
  void set_plugin(std::shared_ptr<Plugin> plugin);

  /// Where the workflow says which node ran, was read, found stored or stale, failed, and how long
  /// it took: a stream, which has to live as long as this is used, or a function that gets a line.
  /// Without one there are only warnings, to stderr. A parallel backend calls it from one thread at
  /// a time.
  void set_log(std::ostream& stream);
  template <class F>
    requires std::is_invocable_v<F&, std::string_view>
  void set_log(F function) {
    set_log_erased(std::make_shared<F>(std::move(function)), [](void* f, std::string_view line) {
      (*static_cast<F*>(f))(line);
    });
  }
  /// Also logs the results of the nodes that match, as Python would show them, when they run or are
  /// read; to stderr where no log was set.
  void log_nodes(std::string_view pattern);
  /// Shows how far a run is, on stderr where that is a terminal. Default: true.
  void set_progress(bool on) noexcept;

  /// Runs what is not stored, and gives the results of the given nodes, which are read when they are
  /// asked for.
  /// \error node_failed       NodeError: a function threw, or its result could not be saved.
  ///                          Everything that finished before stays stored; running again goes on
  /// \error invalid_argument  two nodes of one name: nothing has run
  Results run();

  /// The same, and returns the results of the given nodes: of one node as a T, of several as a
  /// tuple; of void functions as std::monostate, of one alone as void.
  /// \error type_mismatch  a type, or the number of them, is not that of the given nodes: nothing
  ///                       has run
  template <class T>
  T run() {
    const std::type_info* types[] = {&typeid(detail::ResultOf<T>)};
    Results results = run_all(types, {type_name<T>()});
    if constexpr (!std::is_void_v<T>) return results.take<T>(0);
  }
  template <class T, class U, class... More>
  auto run() {
    const std::type_info* types[] = {&typeid(detail::ResultOf<T>), &typeid(detail::ResultOf<U>),
                                     &typeid(detail::ResultOf<More>)...};
    Results results = run_all(types, {type_name<T>(), type_name<U>(), type_name<More>()...});
    return take_all<detail::ResultOf<T>, detail::ResultOf<U>, detail::ResultOf<More>...>(
        results, std::make_index_sequence<2 + sizeof...(More)>());
  }

 protected:
  /// Runs the workflow. `read`: the given nodes' results are wanted at once; else what is stored is
  /// left for Results to read.
  virtual Results execute(bool read) = 0;

  [[nodiscard]] const std::shared_ptr<detail::WorkflowState>& state() const noexcept {
    return state_;
  }

 private:
  template <class... A>
  static std::vector<NodeRef> gather(const A&... nodes_then_name) {
    std::vector<NodeRef> nodes;
    auto add = [&](const auto& argument) {
      if constexpr (std::derived_from<std::remove_cvref_t<decltype(argument)>, NodeRef>) {
        nodes.push_back(argument);
      }
    };
    (add(nodes_then_name), ...);
    return nodes;
  }
  template <class... A>
  static std::string_view name_in(const A&... nodes_then_name) {
    std::string_view name;
    auto keep = [&](const auto& argument) {
      if constexpr (!std::derived_from<std::remove_cvref_t<decltype(argument)>, NodeRef>) {
        name = argument;
      }
    };
    (keep(nodes_then_name), ...);
    return name;
  }

  template <class... T, std::size_t... I>
  static std::tuple<T...> take_all(Results& results, std::index_sequence<I...>) {
    return std::tuple<T...>{results.take<T>(I)...};
  }
  Results run_all(std::span<const std::type_info* const> types,
                  const std::vector<std::string>& names);
  [[nodiscard]] std::vector<NodeRef> require_nodes(std::string_view pattern) const;
  void replace_erased(const std::vector<NodeRef>& nodes, ErasedFunction function);
  void set_log_erased(std::shared_ptr<void> log, void (*write)(void*, std::string_view));

  std::shared_ptr<detail::WorkflowState> state_;
};

}  // namespace functionfuse
