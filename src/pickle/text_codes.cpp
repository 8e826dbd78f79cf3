#include "pickle/text_codes.hpp"

#include <charconv>
#include <cstdint>
#include <cstdlib>

#include "pickle/utf8.hpp"

namespace functionfuse {

namespace {

/// `digits` of that base at the start of `text`, which are taken off it.
std::optional<std::uint32_t> take_number(std::string_view& text, std::size_t digits, int base) {
  if (text.size() < digits) return std::nullopt;
  std::uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + digits, value, base);
  if (error != std::errc() || end != text.data() + digits) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

std::optional<char> simple_escape(char c) {
  switch (c) {
    case '\\':
    case '\'':
    case '"': return c;
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<double> parse_float(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // Too large or too small for from_chars, which leaves the value alone; Python rounds.
    return std::strtod(std::string(text).c_str(), nullptr);
  }
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::optional<std::string> decode_string_literal(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
  if (line.size() < 2 || line.front() != line.back() ||
      (line.front() != '\'' && line.front() != '"')) {
    return std::nullopt;
  }
  std::string_view text = line.substr(1, line.size() - 2);
  std::string result;
  while (!text.empty()) {
    char c = text[0];
    text.remove_prefix(1);
    if (c != '\\') {
      result.push_back(c);
      continue;
    }
    if (text.empty()) return std::nullopt;
    c = text[0];
    if (auto simple = simple_escape(c)) {
      text.remove_prefix(1);
      result.push_back(*simple);
    } else if (c == 'x') {
      text.remove_prefix(1);
      auto value = take_number(text, 2, 16);
      if (!value) return std::nullopt;
      result.push_back(static_cast<char>(*value));
    } else if (c >= '0' && c <= '7') {
      std::size_t digits = 1;
      while (digits < 3 && digits < text.size() && text[digits] >= '0' && text[digits] <= '7') {
        ++digits;
      }
      result.push_back(static_cast<char>(*take_number(text, digits, 8)));
    } else {
      result.push_back('\\');  // as Python: an unknown escape stands for itself
    }
  }
  return result;
}

std::optional<std::string> decode_raw_unicode_escape(std::string_view line) {
  std::string result;
  while (!line.empty()) {
    // Only a backslash behind an even number of backslashes starts an escape.
    if (line[0] == '\\') {
      std::size_t run = line.find_first_not_of('\\');
      if (run == std::string_view::npos) run = line.size();
      const bool escape = run % 2 == 1 && run < line.size() &&
                          (line[run] == 'u' || line[run] == 'U');
      result.append(escape ? run - 1 : run, '\\');
      line.remove_prefix(run);
      if (!escape) continue;
      std::size_t digits = line[0] == 'u' ? 4 : 8;
      line.remove_prefix(1);
      auto code_point = take_number(line, digits, 16);
      if (!code_point || *code_point > 0x10FFFF) return std::nullopt;
      append_utf8(result, *code_point);
      continue;
    }
    append_utf8(result, static_cast<unsigned char>(line[0]));
    line.remove_prefix(1);
  }
  return result;
}

}  // namespace functionfuse
