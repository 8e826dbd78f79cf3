// Bools, and datetimes. A bool is a byte that is 0 or not: memory that came from a file need not
// keep to 0 and 1. What is written does.

#include <limits>

#include "ufunc_kernels.hpp"

namespace functionfuse::detail {
namespace {

using Byte = std::uint8_t;

Byte as_byte(bool value) { return value ? 1 : 0; }

}  // namespace

UfuncKernel bool_kernel(Ufunc f) {
  const auto two = [](auto function) { return binary<Byte, Byte>(function); };
  const auto one = [](auto function) { return unary<Byte, Byte>(function); };
  switch (f) {
    case Ufunc::add:
    case Ufunc::maximum:
    case Ufunc::logical_or:
    case Ufunc::bitwise_or:
      return two([](Byte a, Byte b) { return as_byte((a | b) != 0); });
    case Ufunc::multiply:
    case Ufunc::minimum:
    case Ufunc::logical_and:
    case Ufunc::bitwise_and:
      return two([](Byte a, Byte b) { return as_byte((a != 0) & (b != 0)); });
    case Ufunc::not_equal:
    case Ufunc::logical_xor:
    case Ufunc::bitwise_xor:
      return two([](Byte a, Byte b) { return as_byte((a != 0) != (b != 0)); });
    case Ufunc::equal:
      return two([](Byte a, Byte b) { return as_byte((a != 0) == (b != 0)); });
    case Ufunc::less:
      return two([](Byte a, Byte b) { return as_byte((a == 0) & (b != 0)); });
    case Ufunc::less_equal:
      return two([](Byte a, Byte b) { return as_byte((a == 0) | (b != 0)); });
    case Ufunc::greater:
      return two([](Byte a, Byte b) { return as_byte((a != 0) & (b == 0)); });
    case Ufunc::greater_equal:
      return two([](Byte a, Byte b) { return as_byte((a != 0) | (b == 0)); });
    case Ufunc::absolute:
    case Ufunc::real:
      return one([](Byte a) { return as_byte(a != 0); });
    case Ufunc::logical_not:
    case Ufunc::invert:
      return one([](Byte a) { return as_byte(a == 0); });
    case Ufunc::isfinite:
      return one([](Byte) { return as_byte(true); });
    case Ufunc::isnan:
    case Ufunc::imag:
      return one([](Byte) { return as_byte(false); });
    default:
      return nullptr;
  }
}

// NaT is unequal to everything, itself too, and neither before nor after anything.
UfuncKernel datetime_kernel(Ufunc f) {
  using Tick = std::int64_t;
  static constexpr Tick kNat = std::numeric_limits<Tick>::min();
  const auto two = [](auto function) { return binary<Tick, bool>(function); };
  switch (f) {
    case Ufunc::equal:
      return two([](Tick a, Tick b) { return (a == b) & (a != kNat); });
    case Ufunc::not_equal:
      return two([](Tick a, Tick b) { return (a != b) | (a == kNat); });
    case Ufunc::less:
      return two([](Tick a, Tick b) { return (a < b) & (a != kNat); });
    case Ufunc::less_equal:
      return two([](Tick a, Tick b) { return (a <= b) & (a != kNat); });
    case Ufunc::greater:
      return two([](Tick a, Tick b) { return (a > b) & (b != kNat); });
    case Ufunc::greater_equal:
      return two([](Tick a, Tick b) { return (a >= b) & (b != kNat); });
    default:
      return nullptr;
  }
}

}  // namespace functionfuse::detail
