#pragma once

#include <string>
#include <vector>

#include "functionfuse/arrays/nd_array.hpp"

namespace functionfuse::cli {

/// "float64", ">f8"; of a structured one its fields: "{x: float64, y: int32}".
[[nodiscard]] std::string dtype_words(const DType& dtype);

/// An array for people, in lines.
struct ArrayText {
  std::vector<std::string> values;  ///< as numpy prints them; none for an empty array
  std::vector<std::string>
      facts;  ///< "min 0, max 11, mean 5.5", for each field of a structured one
};
/// \param threshold  more elements than this: the first and last three along each axis
[[nodiscard]] ArrayText array_text(const NdArray& array, std::size_t threshold);

}  // namespace functionfuse::cli
