#pragma once

#include <cstdint>

namespace functionfuse {

// float16 (IEEE 754 binary16) as its 16 bits: 1 sign, 5 exponent, 10 fraction. 0x3c00 is 1.0.
//
// To the wider type every one of the 65536 values converts exactly; a NaN keeps its sign and its
// payload, so that converting back gives the same bits. To float16, values round to the nearest,
// ties to even, in one step (never through a type in between); beyond 65519.99... becomes infinity.
// Nothing depends on the rounding mode or touches the floating-point flags, but for long double.

float half_to_float(std::uint16_t bits) noexcept;
double half_to_double(std::uint16_t bits) noexcept;

std::uint16_t float_to_half(float value) noexcept;
std::uint16_t double_to_half(double value) noexcept;
/// \threads  uses the thread's rounding mode, which must be to nearest
std::uint16_t long_double_to_half(long double value) noexcept;

}  // namespace functionfuse
