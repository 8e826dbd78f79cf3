#include "io/s3/profile_file.hpp"

#include <fcntl.h>

#include "functionfuse/error.hpp"

#include "io/file.hpp"

namespace functionfuse::io::s3 {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const auto first = text.find_first_not_of(kBlank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

[[noreturn]] void fail_line(std::string_view where, std::size_t line) {
  throw Error(Errc::invalid_argument,
              std::string(where) + ", line " + std::to_string(line) +
                  ": neither [section] nor name = value nor # comment; correct the file");
}

}  // namespace

Sections parse_profile_file(std::string_view text, std::string_view where) {
  Sections sections;
  Section* section = nullptr;
  std::string outer;  // the setting that indented lines belong to
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    const std::string_view line = trimmed(raw);
    ++number;
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      const auto close = line.find(']');
      if (close == line.npos) fail_line(where, number);
      section = &sections[std::string(trimmed(line.substr(1, close - 1)))];
      outer.clear();
      continue;
    }
    const auto equals = line.find('=');
    if (equals == line.npos || equals == 0 || section == nullptr) fail_line(where, number);
    std::string name(trimmed(line.substr(0, equals)));
    const std::string_view value = trimmed(line.substr(equals + 1));
    const bool indented = raw.front() == ' ' || raw.front() == '\t';
    if (indented && !outer.empty()) {
      name = outer + '.' + name;
    } else {
      outer = value.empty() ? name : std::string();
    }
    (*section)[name] = value;
  }
  return sections;
}

Sections read_profile_file(const std::string& path) {
  const Fd file = open_if_there(path, O_RDONLY);
  if (!file) return {};
  const FileInfo about = info(file.get(), path);
  if (!about.regular || about.size > kMostBytes) {
    throw Error(Errc::invalid_argument,
                path + " is no file of AWS profiles: it is not a plain file, or too large");
  }
  std::string text(about.size, '\0');
  read_all(file.get(), 0, text.data(), text.size(), path);
  return parse_profile_file(text, path);
}

std::optional<std::string> find(const Sections& sections, std::string_view section,
                                std::string_view name) {
  const auto in = sections.find(section);
  if (in == sections.end()) return {};
  const auto found = in->second.find(name);
  if (found == in->second.end() || found->second.empty()) return {};
  return found->second;
}

}  // namespace functionfuse::io::s3
