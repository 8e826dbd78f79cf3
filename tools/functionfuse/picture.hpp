#pragma once

#include <cstdint>
#include <optional>

#include "functionfuse/arrays/chunked_array.hpp"

#include "canvas.hpp"
#include "colour_map.hpp"

namespace functionfuse::cli {

struct PictureOptions {
  ColourMap colours;
  std::optional<double> vmin, vmax;  ///< of the scale; not given: of what is drawn
};

/// An array of two dimensions drawn as a picture, with a scale at its right.
struct Picture {
  Canvas canvas;
  std::int64_t row_block, column_block;  ///< elements whose mean is one dot
  std::int64_t dot_height, dot_width;    ///< pixels
  double vmin, vmax;                     ///< of the scale
  bool has_nan;
};

/// Axis 0 goes down, as in matplotlib's imshow. Many elements are drawn as the means of blocks, so
/// that neither side is longer than about 2000 pixels and the means take a quarter of the memory
/// limit at most; NaNs do not count, and what has no other element is drawn in a colour of its own.
/// Few elements are drawn as large dots.
///
/// \param what  for people who wait
/// \error unsupported       not two dimensions of real numbers or bools, or no element
/// \error invalid_argument  vmin is not below vmax
[[nodiscard]] Picture draw(const ChunkedArray& array, const PictureOptions& options,
                           const std::string& what);

}  // namespace functionfuse::cli
