#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "functionfuse/workflow/function_node.hpp"
#include "functionfuse/workflow/node.hpp"
#include "functionfuse/workflow/stateful.hpp"

/// The front end: functions become nodes.
///
///     double sum(double a, double b) { return a + b; }
///
///     auto a = ff::workflow<sum>()(1, 2).set_name("a");
///     auto b = ff::workflow("twice", [](double x) { return 2 * x; })(a);
///
/// - Arguments are nodes, items of nodes (node.hpp), containers of nodes, plain values
///   (arguments.hpp). A node whose argument is a node runs after it.
/// - The result has to be a type that can be stored (pickle/types.hpp).
/// - Default arguments don't reach a node, nor do braces without a type: write them out.
/// - Overloads: `workflow<static_cast<double (*)(double)>(std::sqrt)>()`, or a lambda with a name.
///
/// Making n nodes takes time in proportion to n. Nothing runs before a backend runs it.
namespace functionfuse {

namespace detail {

/// What `workflow<f>()` gives: call it with arguments, nodes among them, to make a node.
template <auto f>
struct FunctionMaker {
  template <class... A>
  auto operator()(A&&... arguments) const {
    return make_node(StaticFunction<f>(), std::forward<A>(arguments)...);
  }
};

/// What `workflow("name", f)` gives. Keeps `f`; nodes that are made of it share it.
template <class F>
class NamedMaker {
 public:
  NamedMaker(std::string name, F f) : function_(std::move(name), std::move(f)) {}
  template <class... A>
  auto operator()(A&&... arguments) const {
    return make_node(function_, std::forward<A>(arguments)...);
  }

 private:
  NamedFunction<F> function_;
};

}  // namespace detail

/// A function, a pointer to a member function (its object is the first argument), or a function
/// object of a class without state, `workflow<Object{}>()`.
template <auto f>
[[nodiscard]] constexpr auto workflow() {
  using F = std::remove_cv_t<decltype(f)>;
  if constexpr (std::is_class_v<F>) {
    static_assert(!detail::is_lambda<F>,
                  "functionfuse: a lambda has no name; write workflow(\"name\", lambda)");
  } else {
    static_assert(std::is_pointer_v<F> || std::is_member_function_pointer_v<F>,
                  "functionfuse: workflow<f>() takes a function; a class for stateful nodes is "
                  "workflow<Class>()");
  }
  return detail::FunctionMaker<f>();
}

/// Any callable under a name, from which default names are made: a lambda, with captures or
/// without, a function object, a std::function, a function pointer; it may be one that can only be
/// moved. The nodes share and keep it.
/// \error invalid_argument  the name can't be one of a task (check_name)
template <class F>
[[nodiscard]] auto workflow(std::string name, F f) {
  detail::check_function_name(name);
  return detail::NamedMaker<F>(std::move(name), std::move(f));
}

/// A stateful object of class C: see stateful.hpp.
template <class C>
[[nodiscard]] constexpr auto workflow() {
  static_assert(std::is_class_v<C> && std::is_same_v<C, std::remove_cvref_t<C>>,
                "functionfuse: workflow<Class>() takes a class (and a function object is "
                "workflow<Object{}>())");
  return detail::ClassMaker<C>();
}

/// Another name of workflow, for programs that have a `workflow` of their own.
template <auto f>
[[nodiscard]] constexpr auto task() {
  return workflow<f>();
}
template <class F>
[[nodiscard]] auto task(std::string name, F f) {
  return workflow(std::move(name), std::move(f));
}
template <class C>
[[nodiscard]] constexpr auto task() {
  return workflow<C>();
}

}  // namespace functionfuse
