#include "colour_map.hpp"

#include <algorithm>
#include <cmath>

#include "functionfuse/error.hpp"

#include "words.hpp"

namespace functionfuse::cli {
namespace {

/// Red, green and blue, 0 to 1, as a polynomial of degree 6.
using Polynomial = std::array<std::array<double, 3>, 7>;

// Fits of the colour maps of these names in matplotlib (which are in the public domain, CC0): the
// lightness rises evenly, so that equal steps in a number look equal, in grey and to the colour
// blind too. They differ by a few of 255 steps at most.
constexpr Polynomial kViridis = {{{0.2777273272, 0.0054073445, 0.3340998053},
                                  {0.1050930431, 1.4046135299, 1.3845901626},
                                  {-0.3308618287, 0.2148475595, 0.0950951630},
                                  {-4.6342304990, -5.7991009734, -19.3324409563},
                                  {6.2282699363, 14.1799333668, 56.6905526007},
                                  {4.7763849977, -13.7451453777, -65.3530326334},
                                  {-5.4354558559, 4.6458526122, 26.3124352496}}};
constexpr Polynomial kMagma = {{{-0.0021364851, -0.0007496551, -0.0053861279},
                                {0.2516605407, 0.6775232437, 2.4940265993},
                                {8.3537172792, -3.5777195150, 0.3144679030},
                                {-27.6687330858, 14.2647307810, -13.6492131881},
                                {52.1761398123, -27.9436060717, 12.9441694424},
                                {-50.7685253647, 29.0465828213, 4.2341529938},
                                {18.6557050659, -11.4897735200, -5.6019615087}}};

ColourMap from(std::string_view name, const Polynomial& polynomial, Rgb nan) {
  ColourMap map{std::string(name), {}, nan};
  for (std::size_t i = 0; i < map.colours.size(); ++i) {
    const double x = static_cast<double>(i) / 255;
    std::array<std::uint8_t, 3> parts{};
    for (std::size_t part = 0; part < 3; ++part) {
      double value = 0;
      for (std::size_t power = polynomial.size(); power-- > 0;) {
        value = value * x + polynomial[power][part];
      }
      parts[part] = static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 1.0) * 255));
    }
    map.colours[i] = {parts[0], parts[1], parts[2]};
  }
  return map;
}

ColourMap grey() {
  ColourMap map{"gray", {}, {200, 90, 90}};  // no grey can stand for what is no number
  for (std::size_t i = 0; i < map.colours.size(); ++i) {
    const auto level = static_cast<std::uint8_t>(i);
    map.colours[i] = {level, level, level};
  }
  return map;
}

}  // namespace

ColourMap colour_map(std::string_view name) {
  constexpr Rgb kLightGrey = {190, 190, 190};
  if (name == "viridis") return from("viridis", kViridis, kLightGrey);
  if (name == "magma") return from("magma", kMagma, kLightGrey);
  if (name == "gray" || name == "grey") return grey();
  const std::vector<std::string> names = {"viridis", "magma", "gray"};
  const std::string near = did_you_mean(name, names);
  throw Error(Errc::invalid_argument,
              "there is no colour map \"" + printable(name) + "\"" +
                  (near.empty() ? "; there are viridis, magma and gray" : near));
}

}  // namespace functionfuse::cli
