#pragma once

#include <string>
#include <string_view>

namespace functionfuse {

namespace detail {
/// A compiler's spelling made readable: std::string for std::__cxx11::basic_string<...>, no default
/// allocators and comparators.
std::string readable_type(std::string_view compilers_spelling);
std::string readable_symbol(const char* mangled);

template <class T>
constexpr std::string_view raw_type_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  auto begin = text.find("T = ") + 4;
  auto end = text.find_first_of(';', begin);  // g++ appends what string_view stands for
  if (end == std::string_view::npos) end = text.rfind(']');
  return text.substr(begin, end - begin);
}
}  // namespace detail

/// The type as a user would write it: "std::vector<double>".
template <class T>
[[nodiscard]] std::string type_name() {
  return detail::readable_type(detail::raw_type_name<T>());
}

}  // namespace functionfuse
