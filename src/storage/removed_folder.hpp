#pragma once

#include <string>
#include <string_view>

namespace functionfuse::detail {

/// Start of the hidden name under which a workflow's folder is removed.
inline constexpr std::string_view kRemoved = ".removed-";

/// Renames the folder to a hidden name in `root`, and returns that path; empty where there is no
/// such folder.
[[nodiscard]] std::string hide_removed(const std::string& root, const std::string& folder);

}  // namespace functionfuse::detail
