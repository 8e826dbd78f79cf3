#pragma once

#include <string>

#include "functionfuse/pickle/value.hpp"

#include "one_line.hpp"
#include "out.hpp"

namespace functionfuse::cli {

/// Writes a value as a person wants to see it: what is short on one line, what is long as an
/// indented tree that is cut with a count of what is left out; `all` cuts nothing.
void write_text(Out& out, const Value& value, const DescribeObject& describe, bool all);

/// A value's kind and extent in a few words: "ndarray float64 (3, 4)", "dict of 3", "str of 5".
[[nodiscard]] std::string short_kind(const Value& value);

}  // namespace functionfuse::cli
