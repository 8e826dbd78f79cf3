#pragma once

#include <cstddef>
#include <type_traits>

#include "functionfuse/workflow/arguments.hpp"

/// Compile-time checks of a node's arguments, for errors that say which argument it is. The types
/// stand in the compiler's note: "In instantiation of ... CheckArgument<2, Function, Parameter,
/// Argument>".
namespace functionfuse::detail {

template <class P, class A>
constexpr bool argument_fits() {
  using Plain = std::remove_cvref_t<A>;
  if constexpr (AnyNode<A>) {
    return can_pass<P, typename Plain::result_type>();
  } else if constexpr (NodeContainer<Plain>::is) {
    return ArgumentFor<P, A>::possible();
  } else {
    using V = typename Keep<P, A>::type;
    if constexpr (std::is_convertible_v<A&&, V>) {
      return std::is_same_v<std::remove_cvref_t<P>, const char*> || can_pass<P, V>() ||
             !std::is_copy_constructible_v<V>;  // which has an error of its own
    } else {
      return !std::is_same_v<Plain, V> && can_pass<V, Plain>();
    }
  }
}

/// By value or &&, of what can't be copied.
template <class P, class A>
constexpr bool argument_is_moved_from() {
  using Plain = std::remove_cvref_t<A>;
  if constexpr (std::is_lvalue_reference_v<P>) {
    return false;
  } else if constexpr (AnyNode<A>) {
    using T = typename Plain::result_type;
    return std::is_same_v<T, std::remove_cvref_t<P>> && !std::is_copy_constructible_v<T>;
  } else {
    return !std::is_copy_constructible_v<std::remove_cvref_t<P>>;
  }
}

template <class A>
constexpr bool is_void_node() {
  if constexpr (AnyNode<A>) {
    return std::is_void_v<typename std::remove_cvref_t<A>::result_type>;
  } else {
    return false;
  }
}

template <std::size_t Number, class Function, class Parameter, class Argument>
struct CheckArgument {
  static constexpr bool is_reference =
      std::is_lvalue_reference_v<Parameter> &&
      !std::is_const_v<std::remove_reference_t<Parameter>>;
  static_assert(!is_reference,
                "functionfuse: a parameter of this node's function is a non-const reference. A "
                "node's result belongs to all who use it: take it by value or by const&");
  static constexpr bool is_void = is_void_node<Argument>();
  static_assert(!is_void,
                "functionfuse: an argument of this node is a node of a function that returns "
                "nothing; to run after it write node.after(other)");
  static constexpr bool moved =
      !is_reference && !is_void && argument_is_moved_from<Parameter, Argument>();
  static_assert(!moved,
                "functionfuse: an argument of this node can't be copied, and the function takes it "
                "by value: nothing would be left for a second run. Take it by const&");

  static constexpr bool fits = [] {
    if constexpr (is_reference || is_void || moved) {
      return true;
    } else {
      return argument_fits<Parameter, Argument>();
    }
  }();
#define FUNCTIONFUSE_DETAIL_FITS(n)                                              \
  static_assert(Number != n || fits,                                             \
                "functionfuse: argument " #n                                     \
                " of this node is not convertible to the function's parameter " \
                "(CheckArgument<number, function, parameter, argument>)")
  FUNCTIONFUSE_DETAIL_FITS(1);
  FUNCTIONFUSE_DETAIL_FITS(2);
  FUNCTIONFUSE_DETAIL_FITS(3);
  FUNCTIONFUSE_DETAIL_FITS(4);
  FUNCTIONFUSE_DETAIL_FITS(5);
  FUNCTIONFUSE_DETAIL_FITS(6);
  FUNCTIONFUSE_DETAIL_FITS(7);
  FUNCTIONFUSE_DETAIL_FITS(8);
  FUNCTIONFUSE_DETAIL_FITS(9);
#undef FUNCTIONFUSE_DETAIL_FITS
  static_assert(Number < 10 || fits,
                "functionfuse: an argument of this node is not convertible to the function's "
                "parameter (CheckArgument<number, function, parameter, argument>)");

  static constexpr bool ok = !is_reference && !is_void && !moved && fits;
};

template <class Function, class Parameters, class Arguments, class Numbers>
struct CheckEach;
template <class Function, class... P, class... A, std::size_t... I>
struct CheckEach<Function, TypeList<P...>, TypeList<A...>, std::index_sequence<I...>> {
  static constexpr bool ok = (CheckArgument<I + 1, Function, P, A>::ok && ...);
};

/// `ok`: a node of Function can be made of arguments of these types.
template <class Function, class Parameters, class Arguments>
struct CheckArguments {
  static constexpr bool too_few = Arguments::size < Parameters::size;
  static constexpr bool too_many = Arguments::size > Parameters::size;
  static_assert(!too_few,
                "functionfuse: this node has fewer arguments than the function has parameters "
                "(CheckArguments<function, parameters, arguments>); default arguments don't reach a "
                "node: write them");
  static_assert(!too_many,
                "functionfuse: this node has more arguments than the function has parameters "
                "(CheckArguments<function, parameters, arguments>)");
  static constexpr bool ok = [] {
    if constexpr (too_few || too_many) {
      return false;
    } else {
      return CheckEach<Function, Parameters, Arguments,
                       std::make_index_sequence<Parameters::size>>::ok;
    }
  }();
};

}  // namespace functionfuse::detail
