#pragma once

#include "functionfuse/pickle/value.hpp"

#include "out.hpp"

namespace functionfuse::cli {

/// Writes a value as JSON that says exactly what the pickle does; docs/cli.md has the grammar. The
/// text is written as it is made, so that an array takes no second time its size, and nesting takes
/// no stack.
void write_json(Out& out, const Value& value);

}  // namespace functionfuse::cli
