#pragma once

#include <functional>
#include <string>

#include "functionfuse/pickle/value.hpp"

#include "one_line.hpp"
#include "opened.hpp"
#include "out.hpp"

namespace functionfuse::cli {

/// How a value is shown.
struct TextOptions {
  bool all = false;         ///< cut nothing
  bool statistics = true;   ///< of arrays beside the pickle: all of their chunks are read
  std::string path = {};    ///< where the value stands in the result: "['frames']"
  DescribeObject describe;  ///< objects beside the pickle
  std::function<KeptArray(const PersistentId&)> open;  ///< arrays beside the pickle
};

/// Writes a value as a person wants to see it: what is short on one line, what is long as an
/// indented tree that is cut with a count of what is left out.
/// \return  false: an array beside the pickle can't be read; the text says why
bool write_text(Out& out, const Value& value, const TextOptions& options);
/// The same for a lazy array.
bool write_text(Out& out, const ChunkedArray& array, const TextOptions& options);

/// A value's kind and extent in a few words: "ndarray float64 (3, 4)", "dict of 3", "str of 5".
[[nodiscard]] std::string short_kind(const Value& value);
/// "chunked array float64 (100, 100)"
[[nodiscard]] std::string short_kind(const ChunkedArray& array);

}  // namespace functionfuse::cli
