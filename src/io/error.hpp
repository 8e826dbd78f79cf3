#pragma once

#include <string>
#include <string_view>

namespace functionfuse::io {

/// What a call was about, for its error: a path, or a folder's path and a name in it. Only put
/// together when there is an error to report.
struct Where {
  std::string_view folder;
  std::string_view name;
  Where(std::string_view path) : folder(path) {}
  Where(const std::string& path) : folder(path) {}
  Where(const char* path) : folder(path) {}
  Where(std::string_view in, std::string_view entry) : folder(in), name(entry) {}
  [[nodiscard]] std::string path() const;
};

/// "cannot <action> <path>: <strerror>", and what to do about it where there is something.
[[noreturn]] void fail(std::string_view action, const Where& where, int error);

}  // namespace functionfuse::io
