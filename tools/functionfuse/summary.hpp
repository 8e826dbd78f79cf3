#pragma once

#include <string>
#include <string_view>

#include "opened.hpp"

namespace functionfuse::cli {

/// What a task is, for a list.
struct Summary {
  std::string type;     ///< Python's name of the result's type; empty where that is not known
  std::string kind;     ///< "ndarray float64 (3, 4)", "dict of 3"
  std::string problem;  ///< why it can't be read; empty where it can, or where nobody tried
};

/// Reads small tasks whole, of large ones only what says what they are, without their digest.
[[nodiscard]] Summary summarize(const Opened& opened, const std::string& workflow,
                                const ListedTask& task);

}  // namespace functionfuse::cli
