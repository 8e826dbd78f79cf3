// float16 by its bits. Both wider types use one algorithm, as their layouts differ only in widths:
//
// Narrowing, with F fraction bits in the wide type:
//   1. NaN: the top ten bits of the payload, and at least one bit so that it stays a NaN.
//   2. Too large: infinity. The limit is 65520, half way from the largest float16 to 2^16.
//   3. Otherwise count in units of the last place of the result, 2^(e - 10), with e the exponent
//      but at least -14: shift the fraction right, and round to nearest even by what falls off.
//   4. Add (e + 14) << 10. The leading bit of a normal fraction is then what makes the exponent
//      field e + 15; a carry from rounding moves on into the exponent, which is just right.

#include <bit>
#include <cmath>

#include <functionfuse/arrays/half.hpp>

namespace functionfuse {
namespace {

template <class Float>
struct Layout;
template <>
struct Layout<float> {
  using Bits = std::uint32_t;
  static constexpr int kFraction = 23, kBias = 127, kExponentMax = 255;
};
template <>
struct Layout<double> {
  using Bits = std::uint64_t;
  static constexpr int kFraction = 52, kBias = 1023, kExponentMax = 2047;
};

template <class Float>
Float widen(std::uint16_t half) {
  using L = Layout<Float>;
  using Bits = typename L::Bits;
  const Bits sign = static_cast<Bits>(half >> 15) << (sizeof(Bits) * 8 - 1);
  int exponent = (half >> 10) & 0x1f;
  Bits fraction = half & 0x3ffU;
  if (exponent == 0x1f) {  // infinity or NaN
    exponent = L::kExponentMax;
  } else if (exponent != 0) {
    exponent += L::kBias - 15;
  } else if (fraction != 0) {  // subnormal, and normal in the wider type
    const int shift = std::countl_zero(static_cast<std::uint16_t>(fraction)) - 5;
    fraction = (fraction << shift) & 0x3ffU;
    exponent = L::kBias - 14 - shift;
  }
  return std::bit_cast<Float>(sign | static_cast<Bits>(exponent) << L::kFraction |
                              fraction << (L::kFraction - 10));
}

template <class Float>
std::uint16_t narrow(Float value) {
  using L = Layout<Float>;
  using Bits = typename L::Bits;
  const Bits bits = std::bit_cast<Bits>(value);
  const auto sign = static_cast<unsigned>(bits >> (sizeof(Bits) * 8 - 16)) & 0x8000U;
  const Bits fraction = bits & ((Bits{1} << L::kFraction) - 1);
  const int field = static_cast<int>(bits >> L::kFraction) & L::kExponentMax;
  if (field == L::kExponentMax) {
    auto payload = static_cast<unsigned>(fraction >> (L::kFraction - 10));
    if (fraction != 0 && payload == 0) payload = 1;
    return static_cast<std::uint16_t>(sign | 0x7c00U | payload);
  }
  const int exponent = field - L::kBias;
  if (exponent > 15) return static_cast<std::uint16_t>(sign | 0x7c00U);
  if (exponent < -25) return static_cast<std::uint16_t>(sign);  // below half of the smallest
  const int shift = L::kFraction - 10 + (exponent < -14 ? -14 - exponent : 0);
  const Bits whole = fraction | Bits{1} << L::kFraction;
  const Bits rest = whole & ((Bits{1} << shift) - 1);
  const Bits tie = Bits{1} << (shift - 1);
  auto rounded = static_cast<unsigned>(whole >> shift);
  if (rest > tie || (rest == tie && (rounded & 1U) != 0)) ++rounded;
  if (exponent > -14) rounded += static_cast<unsigned>(exponent + 14) << 10;
  return static_cast<std::uint16_t>(sign | rounded);
}

}  // namespace

float half_to_float(std::uint16_t bits) noexcept { return widen<float>(bits); }
double half_to_double(std::uint16_t bits) noexcept { return widen<double>(bits); }
std::uint16_t float_to_half(float value) noexcept { return narrow(value); }
std::uint16_t double_to_half(double value) noexcept { return narrow(value); }

std::uint16_t long_double_to_half(long double value) noexcept {
  const auto rounded = static_cast<double>(value);
  if (static_cast<long double>(rounded) == value || !std::isfinite(rounded)) {
    return narrow(rounded);
  }
  // Rounding twice could go wrong on a tie. A double whose last bit is set where bits were lost
  // ("round to odd") is never a tie of float16, and lies on the same side of it as the value.
  auto bits = std::bit_cast<std::uint64_t>(rounded);
  if ((bits & 1U) == 0) {
    const bool toward_zero = std::fabs(static_cast<long double>(rounded)) > std::fabs(value);
    bits = toward_zero ? bits - 1 : bits + 1;
  }
  return narrow(std::bit_cast<double>(bits));
}

}  // namespace functionfuse
