#pragma once

#include <string>

#include "functionfuse/arrays/chunked_array.hpp"

#include "opened.hpp"
#include "places.hpp"

namespace functionfuse::cli {

/// The array that a command is about.
struct ChosenArray {
  ChunkedArray array;
  std::string name;  ///< "['frames'][0, ::2]"; empty: the result, all of it
  std::string note;  ///< what is left out of it: a mask
};

/// The array at a place, or, where that is none, the only one below it; of it the part that `slice`
/// means (empty: all).
///
/// \error not_found         there is none, or several: the text says which and how to choose
/// \error invalid_argument  as sliced()
/// \error unsupported       an array of Python objects
[[nodiscard]] ChosenArray choose_array(const Opened& opened, const std::string& workflow,
                                       const FoundPlace& place, const std::string& slice);

}  // namespace functionfuse::cli
