#pragma once

#include <functional>
#include <string>

#include "functionfuse/arrays/chunked_array.hpp"
#include "functionfuse/pickle/value.hpp"

#include "opened.hpp"
#include "out.hpp"

namespace functionfuse::cli {

/// Writes a value as JSON that says exactly what the pickle does; docs/cli.md has the grammar. The
/// text is written as it is made, so that an array takes no second time its size, and nesting takes
/// no stack.
/// \param more  the members that are said about an object beside the pickle: `, "array": ...`
void write_json(Out& out, const Value& value,
                const std::function<std::string(const PersistentId&)>& more);

/// `{"dtype": "<f8", "shape": [4], "chunks": [[2, 2]], ...}`: an array beside the pickle.
/// \param statistics  JSON, or empty
[[nodiscard]] std::string kept_array_json(const KeptArray& kept, const std::string& statistics);

}  // namespace functionfuse::cli
