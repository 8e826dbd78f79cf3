#include "json.hpp"

#include <charconv>

#include <fmt/format.h>

#include "words.hpp"

namespace functionfuse::cli {
namespace {

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
}

template <class T>
std::string shortest(T value) {
  char text[32];
  std::string json(text, std::to_chars(text, text + sizeof text, value).ptr);
  if (json.find_first_of(".e") == json.npos) json += ".0";
  return json;
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string json = "\"";
  json.reserve(text.size() + 2);
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    json += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const CodePoint next = code_point(text);
    if (!next.valid) {
      json += fmt::format("\\udc{:02x}", static_cast<unsigned>(next.code));
    } else if (next.code == '"' || next.code == '\\') {
      json += {'\\', text[0]};
    } else if (next.code == '\n') {
      json += "\\n";
    } else if (next.code == '\t') {
      json += "\\t";
    } else if (next.code < 0xA0 || (next.code >= 0xD800 && next.code <= 0xDFFF) ||
               (next.code <= 0xFFFF && !is_printable(next.code))) {
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(next.code));
    } else {
      json += text.substr(0, next.length);
    }
    text.remove_prefix(next.length);
  }
  return json += '"';
}

std::string json_float(double value) { return shortest(value); }
std::string json_float(float value) { return shortest(value); }

std::string Json::text() const {
  std::string text(1, open_);
  for (std::string_view separator = "\n  "; const std::string& item : items_) {
    text += separator;
    separator = ",\n  ";
    for (const char c : item) {  // a line break in a string is escaped: this one is layout
      text += c;
      if (c == '\n') text += "  ";
    }
  }
  if (!items_.empty()) text += '\n';
  return text += close_;
}

}  // namespace functionfuse::cli
