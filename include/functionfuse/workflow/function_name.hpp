#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "functionfuse/backends/node_base.hpp"

/// Names of functions and classes, from what the compiler says about a template's parameters.
namespace functionfuse::detail {

/// `operator+`, `operator int`; not `operators`.
constexpr bool names_operator(std::string_view text) {
  constexpr std::string_view kOperator = "operator";
  if (!text.starts_with(kOperator)) return false;
  if (text.size() == kOperator.size()) return true;
  char c = text[kOperator.size()];
  return !(c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

/// `stats::mean<float>` without its scopes and arguments: `mean`.
constexpr std::string_view unqualified(std::string_view full) {
  std::size_t depth = 0, begin = 0, end = full.size();
  for (std::size_t i = 0; i < full.size(); ++i) {
    char c = full[i];
    if (i == begin && names_operator(full.substr(begin))) break;
    if (c == '<') {
      if (depth++ == 0) end = i;
    } else if (c == '>') {
      --depth;
    } else if (depth == 0 && c == ':') {
      begin = i + 1;
      end = full.size();
    }
  }
  return full.substr(begin, end - begin);
}

constexpr std::string_view without_anonymous(std::string_view full) {
  for (std::string_view prefix : {"{anonymous}::", "(anonymous namespace)::"}) {
    if (full.starts_with(prefix)) full.remove_prefix(prefix.size());
  }
  return full;
}

template <auto f>
constexpr std::string_view value_text() {
  std::string_view text = __PRETTY_FUNCTION__;
  std::size_t begin = text.find("f = ") + 4;
  std::size_t end = text.find(';', begin);  // g++ appends what string_view stands for
  if (end == std::string_view::npos) end = text.rfind(']');
  text = text.substr(begin, end - begin);
  if (text.starts_with('&')) text.remove_prefix(1);
  return without_anonymous(text);
}

template <class T>
constexpr std::string_view class_text() {
  std::string_view text = __PRETTY_FUNCTION__;
  std::size_t begin = text.find("T = ") + 4;
  std::size_t end = text.find(';', begin);
  if (end == std::string_view::npos) end = text.rfind(']');
  return without_anonymous(text.substr(begin, end - begin));
}

template <class T>
inline constexpr bool is_lambda = class_text<T>().find("<lambda") != std::string_view::npos ||
                                  class_text<T>().find("(lambda") != std::string_view::npos;

/// FNV-1a of the type's text: tells overloads of one name apart.
template <class T>
constexpr std::uint64_t type_hash() {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : class_text<T>()) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

template <auto f>
constexpr FunctionInfo make_function_info() {
  using F = std::remove_cv_t<decltype(f)>;
  if constexpr (std::is_class_v<F>) {
    return {unqualified(class_text<F>()), class_text<F>()};
  } else {
    return {unqualified(value_text<f>()), value_text<f>()};
  }
}

template <auto f>
inline constexpr FunctionInfo function_info = make_function_info<f>();
template <class T>
inline constexpr FunctionInfo class_info{unqualified(class_text<T>()), class_text<T>()};

}  // namespace functionfuse::detail
