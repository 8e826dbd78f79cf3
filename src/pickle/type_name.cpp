#include "functionfuse/pickle/type_name.hpp"

#include <cxxabi.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

namespace functionfuse::detail {

namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

/// The end of the template argument list that begins at `open`, a '<'.
std::size_t closing(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '<') ++depth;
    if (text[i] == '>' && --depth == 0) return i;
  }
  return text.size();
}

/// Drops every ", std::NAME<...>" that stands as a default template argument.
void drop_arguments(std::string& text, std::string_view name) {
  for (std::size_t at; (at = text.find(name)) != std::string::npos;) {
    std::size_t end = closing(text, at + name.size() - 1);
    text.erase(at, end - at + 1);
    while (at < text.size() && text[at] == ' ') text.erase(at, 1);
  }
}

}  // namespace

std::string readable_type(std::string_view compilers_spelling) {
  std::string text(compilers_spelling);
  replace_all(text, "__cxx11::", "");
  replace_all(text, "__debug::", "");
  for (std::string_view name :
       {", std::allocator<", ", std::char_traits<", ", std::less<", ", std::equal_to<",
        ", std::hash<", ", std::default_delete<"}) {
    drop_arguments(text, name);
  }
  replace_all(text, "std::basic_string<char>", "std::string");
  replace_all(text, "> >", ">>");
  replace_all(text, " >", ">");
  return text;
}

std::string readable_symbol(const char* mangled) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  return readable_type(status == 0 ? name.get() : mangled);
}

}  // namespace functionfuse::detail
