#pragma once

#include <functional>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

#include "functionfuse/backends/signature.hpp"
#include "functionfuse/pickle/type_name.hpp"

namespace functionfuse {

/// What a function takes and gives, for comparison when the program runs: parameter types without
/// const and references.
struct ErasedSignature {
  std::vector<const std::type_info*> parameters;
  const std::type_info* result = nullptr;
  std::string text;  ///< "double(double, int)"

  [[nodiscard]] bool operator==(const ErasedSignature& other) const noexcept;
};

/// A callable whose type is not known any more: what `replace_func` puts in place of a node's
/// function.
struct ErasedFunction {
  ErasedSignature signature;
  std::string name;  ///< see detail::callable_name: what a Record keeps of it
  std::shared_ptr<void> function;
  /// \param arguments  one pointer to a value of each parameter's type
  /// \param result     memory where the result is built
  void (*call)(void* function, const void* const* arguments, void* result) = nullptr;
};

namespace detail {

template <class... P>
std::vector<const std::type_info*> type_infos(TypeList<P...>) {
  return {&typeid(std::remove_cvref_t<P>)...};
}
template <class... P>
std::string type_names(TypeList<P...>) {
  std::string text;
  ((text += (text.empty() ? "" : ", ") + type_name<std::remove_cvref_t<P>>()), ...);
  return text;
}

template <class Result, class Parameters>
ErasedSignature erase_signature() {
  using R = std::remove_cvref_t<Result>;
  return {type_infos(Parameters()), &typeid(R),
          type_name<R>() + "(" + type_names(Parameters()) + ")"};
}

/// A const value as what a parameter of type P takes; by value and && it is a copy.
template <class P>
decltype(auto) pass(const std::remove_cvref_t<P>& value) {
  if constexpr (std::is_rvalue_reference_v<P>) {
    return std::remove_cvref_t<P>(value);
  } else {
    return (value);
  }
}

template <class F, class Result, class... P, std::size_t... I>
void call_erased(F& function, const void* const* arguments, void* result, TypeList<P...>,
                 std::index_sequence<I...>) {
  (void)arguments;
  if constexpr (std::is_void_v<Result>) {
    function(pass<P>(*static_cast<const std::remove_cvref_t<P>*>(arguments[I]))...);
    new (result) std::monostate;
  } else {
    new (result) std::remove_cvref_t<Result>(
        function(pass<P>(*static_cast<const std::remove_cvref_t<P>*>(arguments[I]))...));
  }
}

/// `main::{lambda(int)#2}`: its type, each lambda's being its own.
[[nodiscard]] std::string callable_name(const std::type_info& type);
/// The same for a function: its type, and where it lies in which program or library. That is another
/// place when the program was built anew.
[[nodiscard]] std::string callable_name(const std::type_info& type, const void* function);

template <class F>
std::string callable_name(const F& f) {
  if constexpr (std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>) {
    return callable_name(typeid(F), reinterpret_cast<const void*>(f));
  } else {
    return callable_name(typeid(F));
  }
}
template <class R, class... P>
std::string callable_name(const std::function<R(P...)>& f) {
  if (auto* function = f.template target<R (*)(P...)>()) return callable_name(*function);
  return callable_name(f.target_type());
}

template <class F>
ErasedFunction erase_function(F f) {
  using S = Signature<F>;
  static_assert(S::known,
                "functionfuse: the types of this callable's parameters can't be told (it is "
                "overloaded or generic); write a lambda with parameter types");
  ErasedFunction erased;
  if constexpr (S::known) {
    erased.signature = erase_signature<typename S::Result, typename S::Parameters>();
    erased.name = callable_name(f);
    erased.function = std::make_shared<F>(std::move(f));
    erased.call = [](void* function, const void* const* arguments, void* result) {
      call_erased<F, typename S::Result>(*static_cast<F*>(function), arguments, result,
                                         typename S::Parameters(),
                                         std::make_index_sequence<S::Parameters::size>());
    };
  }
  return erased;
}

}  // namespace detail
}  // namespace functionfuse
