#pragma once

#include <string>
#include <vector>

#include "functionfuse/arrays/nd_array.hpp"

namespace functionfuse::cli {

/// "float64", ">f8"; of a structured one its fields: "{x: float64, y: int32}".
[[nodiscard]] std::string dtype_words(const DType& dtype);

/// The elements as numpy prints them, line by line; none for an empty array.
/// \param threshold  more elements than this: the first and last three along each axis
[[nodiscard]] std::vector<std::string> array_lines(const NdArray& array, std::size_t threshold);

/// An array for people, in lines.
struct ArrayText {
  std::vector<std::string> values;
  std::vector<std::string>
      facts;  ///< "min 0, max 11, mean 5.5", for each field of a structured one
};
[[nodiscard]] ArrayText array_text(const NdArray& array, std::size_t threshold);

}  // namespace functionfuse::cli
