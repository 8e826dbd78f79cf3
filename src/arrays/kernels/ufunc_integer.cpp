// Integers. What does not depend on the sign has one loop for int and unsigned of a size, in the
// unsigned type, where overflow wraps by definition.

#include <limits>
#include <string>
#include <type_traits>

#include <functionfuse/error.hpp>

#include "ufunc_kernels.hpp"

namespace functionfuse::detail {
namespace {

// Narrow types are promoted to int, whose product of two uint16 overflows.
template <class U>
using Wide = std::common_type_t<U, unsigned>;

template <class U>
UfuncKernel signless_binary(Ufunc f) {
  using W = Wide<U>;
  switch (f) {
    case Ufunc::add:
      return binary<U, U>([](U a, U b) { return static_cast<U>(W{a} + W{b}); });
    case Ufunc::subtract:
      return binary<U, U>([](U a, U b) { return static_cast<U>(W{a} - W{b}); });
    case Ufunc::multiply:
      return binary<U, U>([](U a, U b) { return static_cast<U>(W{a} * W{b}); });
    case Ufunc::bitwise_and:
      return binary<U, U>([](U a, U b) { return static_cast<U>(a & b); });
    case Ufunc::bitwise_or:
      return binary<U, U>([](U a, U b) { return static_cast<U>(a | b); });
    case Ufunc::bitwise_xor:
      return binary<U, U>([](U a, U b) { return static_cast<U>(a ^ b); });
    case Ufunc::equal:
      return binary<U, bool>([](U a, U b) { return a == b; });
    case Ufunc::not_equal:
      return binary<U, bool>([](U a, U b) { return a != b; });
    case Ufunc::logical_and:
      return binary<U, bool>([](U a, U b) { return (a != 0) & (b != 0); });
    case Ufunc::logical_or:
      return binary<U, bool>([](U a, U b) { return (a | b) != 0; });
    case Ufunc::logical_xor:
      return binary<U, bool>([](U a, U b) { return (a != 0) != (b != 0); });
    default:
      return nullptr;
  }
}

template <class U>
UfuncKernel signless_unary(Ufunc f) {
  using W = Wide<U>;
  switch (f) {
    case Ufunc::negative:
      return unary<U, U>([](U a) { return static_cast<U>(W{0} - W{a}); });
    case Ufunc::square:
      return unary<U, U>([](U a) { return static_cast<U>(W{a} * W{a}); });
    case Ufunc::invert:
      return unary<U, U>([](U a) { return static_cast<U>(~W{a}); });
    case Ufunc::conjugate:
    case Ufunc::real:
      return unary<U, U>([](U a) { return a; });
    case Ufunc::imag:
      return unary<U, U>([](U) { return U{0}; });
    case Ufunc::logical_not:
      return unary<U, bool>([](U a) { return a == 0; });
    case Ufunc::isfinite:
      return unary<U, bool>([](U) { return true; });
    case Ufunc::isnan:
      return unary<U, bool>([](U) { return false; });
    default:
      return nullptr;
  }
}

// --- What depends on the sign -----------------------------------------------------------------

// The least value by -1 overflows, which traps; its quotient wraps to itself.
template <class T>
T floor_divided(T a, T b) {
  if (b == 0) return 0;
  if constexpr (std::is_signed_v<T>) {
    if (b == -1)
      return static_cast<T>(Wide<std::make_unsigned_t<T>>{0} -
                            static_cast<std::make_unsigned_t<T>>(a));
    const auto quotient = static_cast<T>(a / b);
    const bool towards_zero = (a < 0) != (b < 0) && quotient * b != a;
    return static_cast<T>(quotient - (towards_zero ? 1 : 0));
  } else {
    return static_cast<T>(a / b);
  }
}

template <class T>
T remainder_of(T a, T b) {
  if (b == 0) return 0;
  if constexpr (std::is_signed_v<T>) {
    if (b == -1) return 0;
    const auto rest = static_cast<T>(a % b);
    return static_cast<T>(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
  } else {
    return static_cast<T>(a % b);
  }
}

template <class T>
T raised(T base, T exponent) {
  using U = std::make_unsigned_t<T>;
  if constexpr (std::is_signed_v<T>) {
    if (exponent < 0) {
      throw Error(Errc::invalid_argument,
                  "power: an integer to the negative power " + std::to_string(exponent) +
                      " is no integer; convert the base to float64 with astype first");
    }
  }
  Wide<U> factor = static_cast<U>(base);
  Wide<U> result = 1;
  for (auto rest = static_cast<U>(exponent); rest != 0; rest = static_cast<U>(rest >> 1)) {
    if ((rest & 1U) != 0) result *= factor;
    factor *= factor;
  }
  return static_cast<T>(result);
}

template <class T>
T magnitude(T a) {
  using U = std::make_unsigned_t<T>;
  const auto bits = static_cast<U>(a);
  return static_cast<T>(a < 0 ? static_cast<U>(Wide<U>{0} - bits) : bits);
}

template <class T>
UfuncKernel comparison(Ufunc f) {
  switch (f) {
    case Ufunc::less:
      return binary<T, bool>([](T a, T b) { return a < b; });
    case Ufunc::less_equal:
      return binary<T, bool>([](T a, T b) { return a <= b; });
    case Ufunc::greater:
      return binary<T, bool>([](T a, T b) { return a > b; });
    case Ufunc::greater_equal:
      return binary<T, bool>([](T a, T b) { return a >= b; });
    default:
      return nullptr;
  }
}

template <class T>
UfuncKernel signed_or_not(Ufunc f) {
  switch (f) {
    case Ufunc::minimum:
      return binary<T, T>([](T a, T b) { return b < a ? b : a; });
    case Ufunc::maximum:
      return binary<T, T>([](T a, T b) { return a < b ? b : a; });
    case Ufunc::floor_divide:
      return binary<T, T>([](T a, T b) { return floor_divided(a, b); });
    case Ufunc::remainder:
      return binary<T, T>([](T a, T b) { return remainder_of(a, b); });
    case Ufunc::power:
      return binary<T, T>([](T a, T b) { return raised(a, b); });
    case Ufunc::absolute:
      return unary<T, T>([](T a) { return magnitude(a); });
    case Ufunc::sign:
      return unary<T, T>([](T a) { return static_cast<T>((a > 0 ? 1 : 0) - (a < 0 ? 1 : 0)); });
    default:
      return comparison<T>(f);
  }
}

template <class T>
UfuncKernel kernel_of(Ufunc f, bool is_signed) {
  using U = std::make_unsigned_t<T>;
  if (const UfuncKernel found = signless_binary<U>(f)) return found;
  if (const UfuncKernel found = signless_unary<U>(f)) return found;
  return is_signed ? signed_or_not<T>(f) : signed_or_not<U>(f);
}

}  // namespace

UfuncKernel integer_kernel(Ufunc f, bool is_signed, std::size_t size) {
  switch (size) {
    case 1:
      return kernel_of<std::int8_t>(f, is_signed);
    case 2:
      return kernel_of<std::int16_t>(f, is_signed);
    case 4:
      return kernel_of<std::int32_t>(f, is_signed);
    default:
      return kernel_of<std::int64_t>(f, is_signed);
  }
}

}  // namespace functionfuse::detail
