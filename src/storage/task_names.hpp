#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "io/folder.hpp"
#include "io/sha1.hpp"

namespace functionfuse::detail {

/// In a workflow's folder: where persistent serializers keep their objects.
inline constexpr std::string_view kBigdata = "bigdata";

/// Calls `f(name)` for every task in a workflow's folder: files that are not hidden.
template <class F>
void for_each_task(const io::Folder& workflow, const io::Entries& entries, F f) {
  for (const io::Entries::Entry& entry : entries) {
    using What = io::Entries::What;
    if (entry.name.front() == '.' || entry.name == kBigdata) continue;
    if (entry.what == What::file) {
      f(entry.name);
    } else if (entry.what == What::unknown) {  // a link, or a file system that doesn't say
      io::FileInfo info;
      if (workflow.info_if_there(std::string(entry.name), info) && info.regular) {
        f(entry.name);
      }
    }
  }
}
template <class F>
void for_each_task(const io::Folder& workflow, F f) {
  for_each_task(workflow, io::Entries(workflow), f);
}

/// The digest that the task's file ends with; nothing where there is no file or it is too short.
[[nodiscard]] std::optional<io::Sha1Digest> stored_digest(const io::Folder& workflow,
                                                          const std::string& task);

/// A word of a command line that a shell takes as it is.
[[nodiscard]] std::string shell_word(std::string_view word);

}  // namespace functionfuse::detail
