#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>

#include "functionfuse/backends/node_ref.hpp"
#include "functionfuse/pickle/type_name.hpp"

namespace functionfuse {

template <class T>
class Node;
template <class T>
class Item;

namespace detail {
/// What a node keeps of a function that returns T.
template <class T>
using Kept = std::conditional_t<std::is_void_v<T>, std::monostate, std::remove_cvref_t<T>>;

/// `node`, if its result is of that type. \error type_mismatch
const NodeRef& of_type(const NodeRef& node, const std::type_info& type, std::string (*name)());

template <class Parent, class Access>
auto make_item(const Node<Parent>& parent, Access access);
}  // namespace detail

/// A call of a function in the DAG: a handle to it; the result, of type T, is there once a backend
/// has run it. Copies are handles to the same node. `workflow<f>()(arguments...)` makes nodes.
///
/// A node, an item of a node and a plain value can all be arguments of other nodes. Items:
///
///     node[&Split::train]      a member of a struct
///     get<0>(node)             of a tuple, pair or array
///     node[3]                  of a vector, array, deque; of a Value that is a list or tuple
///     node["key"]              of a map; of a Value that is a dict
///     node["key"][3]           and so on
///
/// An item is evaluated when somebody needs it, is not stored and has no name of its own. One that
/// is not there (index out of range) fails the node that needs it. A node can't be iterated over.
///
/// \threads handles to connected nodes belong to one thread at a time
template <class T>
class Node : public NodeRef {
 public:
  using result_type = T;

  using NodeRef::NodeRef;
  /// The same node, its type known again. \error type_mismatch  its result is not a T
  explicit Node(const NodeRef& node)
      : NodeRef(detail::of_type(node, typeid(detail::Kept<T>), &type_name<T>)) {}

  /// The result's name in the storage.
  /// \error invalid_argument  empty, longer than 255 bytes, with a slash, NUL or leading dot,
  ///                          `bigdata`; an item
  Node& set_name(std::string_view name) & {
    rename(name);
    return *this;
  }
  Node set_name(std::string_view name) && {
    rename(name);
    return std::move(*this);
  }
  /// What tells this function's results from those of an older version of it: set another one when
  /// the function has changed, and stored results are computed again.
  Node& set_version(std::string_view version) & {
    node()->set_version(version);
    return *this;
  }
  Node set_version(std::string_view version) && {
    node()->set_version(version);
    return std::move(*this);
  }
  /// This node runs after `other`, of which it takes no value: for what a function does besides
  /// returning. If `other` is computed again, so is this node.
  /// \error invalid_argument  `other` was made after this node
  Node& after(const NodeRef& other) & {
    order_after(other);
    return *this;
  }
  Node after(const NodeRef& other) && {
    order_after(other);
    return std::move(*this);
  }

  template <class M, class C>
    requires(std::is_object_v<M> && std::derived_from<T, C>)
  [[nodiscard]] Item<M> operator[](M C::*member) const;
  template <class Key>
    requires(!std::is_member_pointer_v<Key>)
  [[nodiscard]] auto operator[](const Key& key) const;

  // Nothing to iterate over before the node has run: make a node of a function that takes it all.
  void begin() const = delete;
  void end() const = delete;
};

/// A part of a node's result, as an argument or a given node. It has no name to set.
template <class T>
class Item : public Node<T> {
 public:
  using Node<T>::Node;
  void set_name(std::string_view) = delete;
};

/// The I-th element of a node whose result is a tuple, pair or array: `get<0>(node)`.
template <std::size_t I, class T>
[[nodiscard]] auto get(const Node<T>& node);

}  // namespace functionfuse

#include "functionfuse/workflow/item_node.hpp"
