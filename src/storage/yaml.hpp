#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace functionfuse::detail {

/// The one document of a YAML 1.2 text, with the core schema's plain scalars: null, true, 12, 0x1f,
/// 1.5, .inf; all else is text. A name that stands twice keeps its last value.
///
/// \param path  starts the errors; no value is in their text, as it may be a secret
/// \error invalid_argument  not YAML, more than one document, a tag, names that are no text, or
/// much
///                          more by its aliases than it is long
[[nodiscard]] nlohmann::json parse_yaml(const std::string& text, const std::string& path);

}  // namespace functionfuse::detail
