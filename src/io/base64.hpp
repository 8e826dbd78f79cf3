#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace functionfuse::io {

/// RFC 4648, section 4, with padding.
[[nodiscard]] std::string to_base64(std::span<const std::byte> bytes);
/// Empty: it is not such a text.
[[nodiscard]] std::optional<std::vector<std::byte>> from_base64(std::string_view text);

}  // namespace functionfuse::io
