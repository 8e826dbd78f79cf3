#include "storage/filenames.hpp"

#include <limits.h>

namespace functionfuse::detail {

bool is_plain_filename(std::string_view filename) {
  return !filename.empty() && filename.size() <= NAME_MAX && filename.front() != '.' &&
         filename.find('/') == filename.npos && filename.find('\0') == filename.npos;
}

bool belongs_to(std::string_view name, std::string_view filename) {
  return name.starts_with(filename) &&
         (name.size() == filename.size() || name[filename.size()] == '.');
}

bool Filenames::own(std::string_view name) const {
  for (;;) {
    if (names_.contains(name)) return true;
    const std::size_t dot = name.rfind('.');
    if (dot == name.npos) return false;
    name = name.substr(0, dot);
  }
}

}  // namespace functionfuse::detail
