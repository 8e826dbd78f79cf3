#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace functionfuse::cli {

struct Rgb {
  std::uint8_t red, green, blue;
  friend bool operator==(Rgb, Rgb) = default;
};

/// Colours for numbers from small to large.
struct ColourMap {
  std::string name;
  std::array<Rgb, 256> colours;
  Rgb nan;  ///< one that is not among them
};

/// \error invalid_argument  there is none of that name; says which there are
[[nodiscard]] ColourMap colour_map(std::string_view name);

}  // namespace functionfuse::cli
