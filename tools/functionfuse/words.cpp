#include "words.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fnmatch.h>

#include "functionfuse/error.hpp"

#include "storage/suggest.hpp"

namespace functionfuse::cli {
namespace {

std::string formatted(std::time_t time, const char* format, bool utc) {
  std::tm parts{};
  if ((utc ? ::gmtime_r(&time, &parts) : ::localtime_r(&time, &parts)) == nullptr) return "?";
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

void append_escape(std::string& text, char32_t code) {
  if (code == '\n') {
    text += "\\n";
  } else if (code == '\r') {
    text += "\\r";
  } else if (code == '\t') {
    text += "\\t";
  } else if (code <= 0xFF) {
    text += fmt::format("\\x{:02x}", static_cast<unsigned>(code));
  } else if (code <= 0xFFFF) {
    text += fmt::format("\\u{:04x}", static_cast<unsigned>(code));
  } else {
    text += fmt::format("\\U{:08x}", static_cast<unsigned>(code));
  }
}

std::string escaped(std::string_view utf8, char mark) {
  std::string text;
  while (!utf8.empty()) {
    const CodePoint next = code_point(utf8);
    if (mark != '\0' && (next.code == static_cast<char32_t>(mark) || next.code == '\\')) {
      text += '\\';
      text += utf8[0];
    } else if (next.valid && is_printable(next.code)) {
      text += utf8.substr(0, next.length);
    } else {
      append_escape(text, next.code);
    }
    utf8.remove_prefix(next.length);
  }
  return text;
}

char mark_for(std::string_view text) {
  const bool twofold = text.find('\'') != text.npos && text.find('"') == text.npos;
  return twofold ? '"' : '\'';
}

std::vector<std::string> all_printable(std::span<const std::string> words) {
  std::vector<std::string> all;
  for (const std::string& word : words) all.push_back(printable(word));
  return all;
}

}  // namespace

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  return detail::did_you_mean(printable(word), all_printable(candidates));
}

std::string some_of(std::span<const std::string> words, std::size_t most) {
  return detail::quoted_list(all_printable(words), most);
}

bool matches(const std::string& glob, const std::string& name) {
  return ::fnmatch(glob.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
}

std::string counted(std::uint64_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) return counted(bytes, "byte");
  constexpr std::string_view kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (size >= 1023.95 && unit + 1 < std::size(kUnits)) {
    size /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::string age_text(std::time_t time) {
  const auto age = static_cast<std::int64_t>(std::time(nullptr) - time);
  if (age < 0 || age >= 24 * 3600) return formatted(time, "%Y-%m-%d %H:%M", false);
  if (age < 60) return fmt::format("{} s ago", age);
  if (age < 3600) return fmt::format("{} min ago", age / 60);
  return fmt::format("{} h ago", age / 3600);
}
std::string time_text(std::time_t time) { return formatted(time, "%Y-%m-%d %H:%M:%S", false); }
std::string utc_text(std::time_t time) { return formatted(time, "%Y-%m-%dT%H:%M:%SZ", true); }

double parse_duration(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  double seconds = 0;
  if (unit.empty() || unit == "s") {
    seconds = 1;
  } else if (unit == "m" || unit == "min") {
    seconds = 60;
  } else if (unit == "h") {
    seconds = 3600;
  } else if (unit == "d") {
    seconds = 24 * 3600;
  }
  if (error != std::errc() || seconds == 0 || !(number >= 0) || std::isinf(number)) {
    throw Error(Errc::invalid_argument, "\"" + printable(text) +
                                            "\" is no length of time: write seconds, or a number "
                                            "and s, m, h or d, for example 90, 30m, 1.5h");
  }
  return number * seconds;
}

std::string error_text(std::string_view what) {
  constexpr std::string_view kFunctions = "(ComputeOptions::memory_limit, set_memory_limit)";
  std::string text(what);
  if (const std::size_t at = text.find(kFunctions); at != text.npos) {
    text.replace(at, kFunctions.size(), "(--memory-limit)");
  }
  return text;
}

std::size_t parse_size(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  std::string unit;
  for (const char c : std::string_view(rest, static_cast<std::size_t>(end - rest))) {
    if (c != ' ') unit += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  if (unit.ends_with('b')) unit.pop_back();
  constexpr std::string_view kPrefixes = "kmgt";
  const bool binary = unit.size() == 2 && unit[1] == 'i';
  const std::size_t power = unit.empty() ? 0 : kPrefixes.find(unit[0]) + 1;
  const bool known = unit.empty() || (power != 0 && (unit.size() == 1 || binary));
  const double bytes = number * std::pow(binary ? 1024.0 : 1000.0, static_cast<double>(power));
  if (error != std::errc() || !known || !(bytes >= 1) || bytes > 1e18) {
    throw Error(Errc::invalid_argument, "\"" + printable(text) +
                                            "\" is no size: write bytes, or a number and kB, MB, "
                                            "GB, KiB, MiB or GiB, for example 256MB, 1.5GiB");
  }
  return static_cast<std::size_t>(bytes);
}

CodePoint code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1, true};
  const CodePoint invalid{lead, 1, false};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return invalid;
  char32_t code = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return invalid;
    code = code << 6 | (next & 0x3Fu);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10FFFF) return invalid;
  return {code, length, true};
}

bool is_printable(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  // Controls, formats, separators other than the space, surrogates, private use.
  constexpr Range kNot[] = {
      {0, 0x1F},        {0x7F, 0xA0},     {0xAD, 0xAD},     {0x61C, 0x61C},     {0x180E, 0x180E},
      {0x2000, 0x200F}, {0x2028, 0x202F}, {0x205F, 0x206F}, {0x3000, 0x3000},   {0xD800, 0xF8FF},
      {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xFFFE, 0xFFFF}, {0xE0000, 0x10FFFF}};
  return std::ranges::none_of(kNot, [&](Range r) { return r.first <= code && code <= r.last; });
}

std::string printable(std::string_view name) { return escaped(name, '\0'); }

std::string quoted(std::string_view utf8) {
  const char mark = mark_for(utf8);
  return mark + escaped(utf8, mark) + mark;
}

std::string quoted_bytes(std::string_view bytes) {
  const char mark = mark_for(bytes);
  std::string text = {'b', mark};
  for (const char c : bytes) {
    const auto code = static_cast<unsigned char>(c);
    if (c == mark || c == '\\') {
      text += {'\\', c};
    } else if (code >= 0x20 && code < 0x7F) {
      text += c;
    } else {
      append_escape(text, code);
    }
  }
  return text + mark;
}

std::string shell_word(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+=,";
  if (!word.empty() && word.find_first_not_of(kPlain) == word.npos) return std::string(word);
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::size_t width(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void Table::print(Out& out) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width(row[i].text));
    }
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const Cell& cell = row[i];
      const std::string space(widths[i] - width(cell.text), ' ');
      if (i != 0) out << "  ";
      if (cell.right) out << space;
      out << (cell.coloured ? out.in(cell.colour, cell.text) : cell.text);
      if (!cell.right && i + 1 != row.size()) out << space;
    }
    out << '\n';
  }
}

}  // namespace functionfuse::cli
