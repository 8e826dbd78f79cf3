#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "functionfuse/arrays/nd_array.hpp"
#include "functionfuse/pickle/value.hpp"

namespace functionfuse::cli {

/// An opaque object (Kind::object) in parts that a person can read. Objects of well-known classes
/// are told by what they mean, others by what their pickle says.
struct Readable {
  /// The whole object in one text, "datetime(2024-02-29 23:59:58)". The rest is then empty.
  std::string text;

  std::string name;  ///< of the class, without the module where the class is well known
  bool known = false;
  std::optional<NdArray> array;  ///< the elements of a subclass of numpy.ndarray, of an array.array
  std::string fact;              ///< about the array: "masked 1 of 3"
  std::string note;              ///< behind the name: "object (2, 2)"
  std::vector<Value> args;
  std::vector<std::pair<std::string, Value>> named;  ///< keyword arguments, maxlen
  bool is_sequence = false, is_mapping = false;      ///< though there may be nothing in it
  std::vector<Value> items;
  std::vector<std::pair<Value, Value>> pairs;
  std::optional<Value> state;
};

/// \pre value.kind() == Kind::object
[[nodiscard]] Readable readable(const Value& value);

}  // namespace functionfuse::cli
