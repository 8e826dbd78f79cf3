#pragma once

#include <string>

namespace functionfuse {

/// Python's repr of a float: the shortest digits that read back as the same number.
[[nodiscard]] std::string float_text(double value);

}  // namespace functionfuse
