#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "functionfuse/backends/erased_function.hpp"
#include "functionfuse/workflow/check_arguments.hpp"
#include "functionfuse/workflow/function_name.hpp"
#include "functionfuse/workflow/typed_node.hpp"

namespace functionfuse::detail {

/// A member function's object is its first argument.
template <class F, class... A>
decltype(auto) call(F&& f, A&&... arguments) {
  if constexpr (std::is_member_function_pointer_v<std::remove_cvref_t<F>>) {
    return [&](auto&& object, auto&&... rest) -> decltype(auto) {
      return (object.*f)(std::forward<decltype(rest)>(rest)...);
    }(std::forward<A>(arguments)...);
  } else {
    return f(std::forward<A>(arguments)...);
  }
}

/// A function that is known at compile time: `workflow<f>()`.
template <auto f>
struct StaticFunction {
  using Callable = std::remove_cv_t<decltype(f)>;
  static constexpr std::uint64_t kTypeHash = type_hash<Callable>();
  [[nodiscard]] const FunctionInfo& info() const noexcept { return function_info<f>; }
  template <class... A>
  decltype(auto) operator()(A&&... arguments) const {
    return call(f, std::forward<A>(arguments)...);
  }
};

/// Throws unless a storage can keep results under the name.
void check_function_name(std::string_view name);

/// A callable with a name, `workflow("name", f)`: shared by the nodes that are made of it.
template <class F>
class NamedFunction {
 public:
  using Callable = F;
  NamedFunction(std::string name, F f)
      : shared_(std::make_shared<Shared>(std::move(name), std::move(f))) {}
  [[nodiscard]] const FunctionInfo& info() const noexcept { return shared_->info; }
  template <class... A>
  decltype(auto) operator()(A&&... arguments) const {
    return call(shared_->f, std::forward<A>(arguments)...);
  }

 private:
  struct Shared {
    Shared(std::string n, F function)
        : name(std::move(n)), info{name, name}, f(std::move(function)) {}
    std::string name;
    FunctionInfo info;
    F f;
  };
  std::shared_ptr<Shared> shared_;
};

/// An argument on its way to a function that is known only by its signature.
template <class P, class Argument>
class Passed {
  using D = std::remove_cvref_t<P>;
  using Got = decltype(std::declval<const Argument&>().get());
  static constexpr bool refers = std::is_same_v<Got, const D&>;

 public:
  explicit Passed(const Argument& argument)
      : got_(argument.get()), value_(static_cast<Got&&>(got_)) {}
  [[nodiscard]] const void* address() const { return &value_; }

 private:
  Got got_;
  std::conditional_t<refers, const D&, D> value_;
};

template <class Function, class Result, class Parameters, class... Arguments>
class FunctionNode;

/// A call of Function with what Arguments keep.
template <class Function, class Result, class... P, class... Arguments>
class FunctionNode<Function, Result, TypeList<P...>, Arguments...> final
    : public TypedNode<Kept<Result>> {
  using T = Kept<Result>;

 public:
  template <class... A>
  FunctionNode(const Function& function, NodeBuilder& builder, A&&... arguments)
      : TypedNode<T>(NodeBase::Type::function, function.info()),
        function_(function),
        arguments_{Arguments(builder, std::forward<A>(arguments))...} {}

  void run(const ErasedFunction* replacement) override {
    if (replacement != nullptr) {
      run_replacement(*replacement, std::index_sequence_for<Arguments...>());
    } else {
      std::apply(
          [this](const Arguments&... argument) {
            if constexpr (std::is_void_v<Result>) {
              function_(argument.get()...);
              new (this->memory()) T;
            } else {
              new (this->memory()) T(function_(argument.get()...));
            }
          },
          arguments_);
    }
    this->value_ = this->memory();
  }
  const ErasedSignature* signature() const override {
    static const ErasedSignature kSignature = erase_signature<Result, TypeList<P...>>();
    return &kSignature;
  }
  void digest_arguments(ArgumentDigest& digest) const override {
    if constexpr (requires { Function::kTypeHash; }) digest.function(Function::kTypeHash);
    std::apply([&](const Arguments&... argument) { (argument.digest(digest), ...); }, arguments_);
  }

 private:
  template <std::size_t... I>
  void run_replacement(const ErasedFunction& replacement, std::index_sequence<I...>) {
    [[maybe_unused]] std::tuple<Passed<P, Arguments>...> passed(std::get<I>(arguments_)...);
    const void* addresses[] = {std::get<I>(passed).address()..., nullptr};
    replacement.call(replacement.function.get(), addresses, this->memory());
  }

  [[no_unique_address]] Function function_;
  [[no_unique_address]] std::tuple<Arguments...> arguments_;
};

template <class Function, class Result, class... P, class... A>
Node<Result> make_checked_node(const Function& function, TypeList<P...>, A&&... arguments) {
  using N = FunctionNode<Function, Result, TypeList<P...>, ArgumentFor<P, A&&>...>;
  NodeBuilder builder;
  (join(builder, arguments), ...);
  auto [graph, node] = builder.make<N>(function, builder, std::forward<A>(arguments)...);
  return Node<Result>(std::move(graph), node);
}

template <class Function, class... A>
auto make_node(const Function& function, A&&... arguments) {
  using S = Signature<typename Function::Callable>;
  if constexpr (S::known) {
    using R = std::conditional_t<std::is_void_v<typename S::Result>, void,
                                 std::remove_cvref_t<typename S::Result>>;
    constexpr bool ok =
        CheckArguments<Function, typename S::Parameters, TypeList<A&&...>>::ok;
    if constexpr (ok && check_result<Kept<R>>()) {
      return make_checked_node<Function, R>(function, typename S::Parameters(),
                                            std::forward<A>(arguments)...);
    } else {
      return Node<R>(nullptr, nullptr);
    }
  } else {
    using Parameters = TypeList<typename OwnParameter<A&&>::type...>;
    using R = std::remove_cvref_t<
        decltype(function(std::declval<typename OwnParameter<A&&>::type>()...))>;
    if constexpr (check_result<Kept<R>>()) {
      return make_checked_node<Function, R>(function, Parameters(), std::forward<A>(arguments)...);
    } else {
      return Node<R>(nullptr, nullptr);
    }
  }
}

}  // namespace functionfuse::detail
