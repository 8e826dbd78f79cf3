#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/pickle/value.hpp"

namespace functionfuse::cli {

/// A value within a result, and where, in the words of `show`: "['frames'][0]"; empty: the result.
struct Place {
  std::string path;
  Value value;
};

/// A place that was asked for. Where the words lead into an array, the rest of them are names of
/// fields of a structured dtype.
struct FoundPlace : Place {
  std::vector<std::string> fields;
};

/// The value at a place: `['frames'][0]`, `.weights`. What shells make hard to type is understood
/// too: `frames[0]`, `frames.0`.
///
/// \error invalid_argument  the text is no place: says where and what is expected
/// \error not_found         there is nothing; says what there is, and what was probably meant
[[nodiscard]] FoundPlace place_in(const Value& result, std::string_view path);

/// An array in the pickle or beside it, or a subclass of one; not a numpy scalar.
[[nodiscard]] bool is_array(const Value& value);

/// The arrays in a value in the order of `show`, each once; itself, if it is one. \param most  then
/// no more are looked for
[[nodiscard]] std::vector<Place> arrays_in(const Place& top, std::size_t most = 1000);

}  // namespace functionfuse::cli
