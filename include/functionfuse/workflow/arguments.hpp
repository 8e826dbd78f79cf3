#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "functionfuse/backends/argument_digest.hpp"
#include "functionfuse/backends/erased_function.hpp"
#include "functionfuse/backends/node_builder.hpp"
#include "functionfuse/pickle/pickle.hpp"
#include "functionfuse/workflow/node.hpp"

/// How arguments of a node are kept until it runs, and passed to the function's parameter P then:
///
/// - a plain value is converted to P's type when the node is made, and kept. For a parameter that
///   only refers to its argument (std::string_view, const char*, std::span) the argument is kept;
/// - a node's result is converted when the node runs: implicitly, as in a call; from a Value as a
///   task is read; to a Value whatever can be stored;
/// - of a container of nodes (std::vector, std::array, std::map with nodes as mapped type) the
///   container of their results is built when the node runs.
///
/// What can't be passed: braces without a type, as to every template, and default arguments, as a
/// function's type doesn't have them. By value and && parameters get a copy: a node can run again.
namespace functionfuse::detail {

template <class A>
concept AnyNode = std::derived_from<std::remove_cvref_t<A>, NodeRef>;

template <class C>
struct NodeContainer {
  static constexpr bool is = false;
};
template <AnyNode N, class A>
struct NodeContainer<std::vector<N, A>> {
  static constexpr bool is = true;
  using Result = typename N::result_type;
  using Default = std::vector<Result>;
  static const N& node(const N& element) { return element; }
};
template <AnyNode N, std::size_t Size>
struct NodeContainer<std::array<N, Size>> : NodeContainer<std::vector<N>> {};
template <class K, AnyNode N, class C, class A>
struct NodeContainer<std::map<K, N, C, A>> {
  static constexpr bool is = true;
  using Result = typename N::result_type;
  using Key = K;
  using Default = std::map<K, Result, C>;
  static const N& node(const std::pair<const K, N>& element) { return element.second; }
};

template <class D>
inline constexpr bool is_span = false;
template <class T, std::size_t N>
inline constexpr bool is_span<std::span<T, N>> = true;

template <class C>
inline constexpr std::size_t fixed_array_size = 0;
template <class E, std::size_t N>
inline constexpr std::size_t fixed_array_size<std::array<E, N>> = N;
template <class C>
inline constexpr bool is_fixed_array = false;
template <class E, std::size_t N>
inline constexpr bool is_fixed_array<std::array<E, N>> = true;

/// A `const T&` as an argument of a parameter of type P.
template <class P, class T>
constexpr bool can_pass() {
  using D = std::remove_cvref_t<P>;
  if constexpr (std::is_void_v<T>) {
    return false;
  } else if constexpr (std::is_rvalue_reference_v<P>) {
    return std::is_convertible_v<const T&, D> ||
           (std::is_same_v<T, Value> ? Storable<D> : std::is_same_v<D, Value> && Storable<T>);
  } else {
    return std::is_convertible_v<const T&, P> ||
           (std::is_same_v<T, Value> ? Storable<D> : std::is_same_v<D, Value> && Storable<T>);
  }
}

/// Converts; a reference to `value` where P takes one.
template <class P, class T>
decltype(auto) pass_as(const T& value) {
  using D = std::remove_cvref_t<P>;
  constexpr bool is_reference = std::is_lvalue_reference_v<P>;
  if constexpr (std::is_same_v<T, D> && !std::is_rvalue_reference_v<P>) {
    return (value);
  } else if constexpr (is_reference && std::is_base_of_v<D, T>) {
    return static_cast<const D&>(value);
  } else if constexpr (std::is_convertible_v<const T&, D>) {
    return static_cast<D>(value);
  } else if constexpr (std::is_same_v<T, Value>) {
    return value.template get<D>();
  } else {
    static_assert(std::is_same_v<D, Value>);
    return loads(dumps(value));
  }
}

template <class V>
void digest_plain(ArgumentDigest& digest, const V& value) {
  if constexpr (std::is_same_v<V, bool>) {
    digest.number('b', &value, 1);
  } else if constexpr (std::is_integral_v<V> || std::is_enum_v<V>) {
    auto wide = static_cast<std::int64_t>(value);
    digest.number('i', &wide, sizeof(wide));
  } else if constexpr (std::is_same_v<V, double> || std::is_same_v<V, float>) {
    auto wide = static_cast<double>(value);
    digest.number('d', &wide, sizeof(wide));
  } else if constexpr (std::is_same_v<V, std::string>) {
    digest.text(value);
  } else if constexpr (Storable<V> && !is_persistent<V>) {
    digest.pickled(
        &value,
        [](Pickler& pickler, const void* object) { pickler.save(*static_cast<const V*>(object)); },
        raw_type_name<V>());
  } else {
    digest.type(raw_type_name<V>());
  }
}

/// What a plain argument of type A is kept as for a parameter of type P.
template <class P, class A>
struct Keep {
  using D = std::remove_cvref_t<P>;
  using Plain = std::decay_t<A>;
  static constexpr bool is_text =
      std::is_same_v<D, std::string_view> || std::is_same_v<D, const char*>;
  static constexpr bool as_it_is =
      is_span<D> || (std::is_lvalue_reference_v<P> && std::is_base_of_v<D, Plain>);
  using type =
      std::conditional_t<is_text, std::string, std::conditional_t<as_it_is, Plain, D>>;
};

template <class P, class V>
class PlainArgument {
 public:
  template <class A>
  PlainArgument(NodeBuilder&, A&& value) : value_(convert(std::forward<A>(value))) {}

  decltype(auto) get() const {
    if constexpr (std::is_same_v<std::remove_cvref_t<P>, const char*>) {
      return value_.c_str();
    } else {
      return pass_as<P>(value_);
    }
  }
  void digest(ArgumentDigest& digest) const { digest_plain(digest, value_); }

 private:
  template <class A>
  static V convert(A&& value) {
    if constexpr (std::is_convertible_v<A&&, V>) {
      return static_cast<V>(std::forward<A>(value));
    } else {
      return V(pass_as<V>(value));
    }
  }
  V value_;
};

template <class T>
NodeBase* add_argument(NodeBuilder& builder, const NodeRef& ref) {
  // What is not a class is no stateful object: its node need not be looked at.
  return std::is_class_v<T> ? builder.argument(ref) : builder.argument_as_is(ref);
}

template <class P, class T>
class NodeArgument {
 public:
  NodeArgument(NodeBuilder& builder, const NodeRef& ref) : node_(add_argument<T>(builder, ref)) {}

  decltype(auto) get() const { return pass_as<P>(*static_cast<const T*>(node_->value())); }
  void digest(ArgumentDigest& digest) const { digest.node(); }

 private:
  NodeBase* node_;
};

/// Whether a container of type D can be built of T, element by element.
template <class D, class T, class Container>
constexpr bool can_build() {
  if constexpr (requires { typename NodeContainer<Container>::Key; }) {
    return requires(D d, typename NodeContainer<Container>::Key k, const T& t) { d.emplace(k, t); };
  } else {
    return requires(D d, const T& t) {
      requires !std::is_same_v<D, std::string>;
      d.push_back(t);
    };
  }
}

template <class P, class T, class Container>
class ContainerArgument {
  using D = std::remove_cvref_t<P>;
  using Traits = NodeContainer<Container>;
  // A std::array, and what only refers to its elements, is made of the default container.
  using Built =
      std::conditional_t<can_build<D, T, Container>(), D, typename Traits::Default>;

 public:
  ContainerArgument(NodeBuilder& builder, const Container& container) {
    nodes_.reserve(container.size());
    for (const auto& element : container) {
      nodes_.push_back(add_argument<T>(builder, Traits::node(element)));
      if constexpr (requires { typename Traits::Key; }) keys_.push_back(element.first);
    }
  }

  auto get() const {
    if constexpr (is_fixed_array<D>) {
      return make_array(std::make_index_sequence<std::tuple_size_v<D>>());
    } else {
      return Holder{build()};
    }
  }
  void digest(ArgumentDigest& digest) const {
    digest.nodes(nodes_.size());
    if constexpr (requires { typename Traits::Key; }) {
      for (const auto& key : keys_) digest_plain(digest, key);
    }
  }
  static constexpr bool possible() {
    if constexpr (is_fixed_array<D>) {
      return std::tuple_size_v<D> == fixed_array_size<Container> &&
             std::is_convertible_v<const T&, typename D::value_type>;
    } else {
      return std::is_convertible_v<Built&, D>;
    }
  }

 private:
  /// Keeps the container as long as the call: the parameter may refer to it.
  struct Holder {
    Built built;
    operator D() && {
      if constexpr (std::is_same_v<Built, D>) {
        return std::move(built);
      } else {
        return D(built);
      }
    }
  };

  const T& value(std::size_t i) const { return *static_cast<const T*>(nodes_[i]->value()); }
  Built build() const {
    Built built;
    if constexpr (requires { built.reserve(nodes_.size()); }) built.reserve(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if constexpr (requires { typename Traits::Key; }) {
        built.emplace(keys_[i], value(i));
      } else {
        built.push_back(value(i));
      }
    }
    return built;
  }
  template <std::size_t... I>
  D make_array(std::index_sequence<I...>) const {
    return D{{static_cast<typename D::value_type>(value(I))...}};
  }

  template <class C>
  struct Keys {
    using type = std::vector<char>;
  };
  template <class C>
    requires requires { typename C::Key; }
  struct Keys<C> {
    using type = std::vector<typename C::Key>;
  };
  std::vector<NodeBase*> nodes_;
  typename Keys<Traits>::type keys_;
};

/// The class that keeps an argument of type A for a parameter of type P.
template <class P, class A>
constexpr auto choose_argument() {
  using Plain = std::remove_cvref_t<A>;
  if constexpr (AnyNode<A>) {
    return std::type_identity<NodeArgument<P, typename Plain::result_type>>();
  } else if constexpr (NodeContainer<Plain>::is) {
    return std::type_identity<
        ContainerArgument<P, typename NodeContainer<Plain>::Result, Plain>>();
  } else {
    return std::type_identity<PlainArgument<P, typename Keep<P, A>::type>>();
  }
}
template <class P, class A>
using ArgumentFor = typename decltype(choose_argument<P, A>())::type;

/// Tells the builder which nodes there are in an argument.
template <class A>
void join(NodeBuilder& builder, const A& argument) {
  if constexpr (AnyNode<A>) {
    builder.join(argument);
  } else if constexpr (NodeContainer<A>::is) {
    for (const auto& element : argument) builder.join(NodeContainer<A>::node(element));
  }
}

/// Where the types are not known from the function: as what the argument itself is.
template <class A>
struct OwnParameter {
  using Plain = std::decay_t<A>;
  using type = const std::conditional_t<std::is_same_v<Plain, const char*> ||
                                            std::is_same_v<Plain, char*>,
                                        std::string, Plain>&;
};
template <AnyNode A>
struct OwnParameter<A> {
  using type = const Kept<typename std::remove_cvref_t<A>::result_type>&;
};
template <class A>
  requires NodeContainer<std::remove_cvref_t<A>>::is
struct OwnParameter<A> {
  using type = const typename NodeContainer<std::remove_cvref_t<A>>::Default&;
};

}  // namespace functionfuse::detail
