#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "functionfuse/backends/node_ref.hpp"

namespace functionfuse {

class Storage;
namespace detail {
struct WorkflowState;
template <class T>
using ResultOf = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
}  // namespace detail

/// The results of the nodes that a workflow was given, after a run. Owns them: they stay what they
/// are when the workflow runs again or goes away.
///
/// A result that was stored already is read when it is asked for; one that turns out to be damaged
/// then is computed again, with a warning.
///
/// \threads one at a time
class Results {
 public:
  /// The result of a given node, or of an item of one. The reference stays valid as long as this.
  /// \error invalid_argument  another node: its result was freed when its last consumer had run
  template <class N>
    requires std::derived_from<N, NodeRef>
  [[nodiscard]] const detail::ResultOf<typename N::result_type>& get(const N& node) {
    return *static_cast<const detail::ResultOf<typename N::result_type>*>(get_erased(node));
  }
  /// How many nodes the workflow was given.
  [[nodiscard]] std::size_t size() const noexcept { return given_.size(); }

  // For backends.
  Results(std::shared_ptr<detail::WorkflowState> workflow, std::vector<NodeRef> given);
  ~Results();
  Results(Results&&) noexcept;
  Results& operator=(Results&&) noexcept;
  void put(NodeBase* node, std::shared_ptr<void> value) { values_[node] = std::move(value); }
  /// A result that is in the storage under `name`.
  void put_stored(NodeBase* node, std::string name) { stored_[node] = std::move(name); }

  /// The i-th given node's result, moved out where nothing else refers to it.
  template <class T>
  [[nodiscard]] T take(std::size_t i) {
    const void* value = get_erased(given_[i]);
    if (!is_last(i)) {
      if constexpr (std::is_copy_constructible_v<T>) {
        return *static_cast<const T*>(value);
      } else {
        fail_given_twice(given_[i]);
      }
    }
    return std::move(*static_cast<T*>(const_cast<void*>(value)));
  }

 private:
  const void* get_erased(const NodeRef& node);
  std::shared_ptr<const void> owner_value(NodeBase* owner);
  std::shared_ptr<void> read(NodeBase* owner, const std::string& name);
  [[nodiscard]] bool is_last(std::size_t i) const;
  [[noreturn]] static void fail_given_twice(const NodeRef& node);

  std::shared_ptr<detail::WorkflowState> workflow_;
  std::shared_ptr<Storage> storage_;  // as it was at the run
  std::vector<NodeRef> given_;
  std::unordered_map<NodeBase*, std::shared_ptr<void>> values_;
  std::unordered_map<NodeBase*, std::shared_ptr<const void>> items_;
  std::unordered_map<NodeBase*, std::string> stored_;
};

}  // namespace functionfuse
