#pragma once

#include <string>
#include <string_view>

namespace functionfuse {

/// Python's repr of a str, without cutting.
[[nodiscard]] std::string quoted(std::string_view utf8);
/// Python's repr of bytes.
[[nodiscard]] std::string quoted_bytes(std::string_view bytes);
/// Python's repr of a float: the shortest digits that read back as the same number.
[[nodiscard]] std::string float_text(double value);

}  // namespace functionfuse
