// float32 and float64; float16 is computed as float32 (see BlockReader).

#include <cmath>

#include "ufunc_kernels.hpp"

namespace functionfuse::detail {
namespace {

// Quotient and remainder as Python and numpy define them: the remainder has the divisor's sign, and
// the quotient is a whole number such that the two fit each other.
template <class T>
struct Division {
  T quotient, remainder;
};

template <class T>
Division<T> floor_division(T a, T b) {
  T rest = std::fmod(a, b);
  if (b == 0) return {a / b, rest};  // infinity or NaN, and NaN
  T quotient = (a - rest) / b;
  if (rest == 0) {
    rest = std::copysign(T(0), b);
  } else if ((b < 0) != (rest < 0)) {
    rest += b;
    quotient -= 1;
  }
  if (quotient == 0) return {std::copysign(T(0), a / b), rest};
  // Rounding may have left it next to a whole number.
  const T whole = std::floor(quotient);
  return {quotient - whole > T(0.5) ? whole + 1 : whole, rest};
}

template <class T>
UfuncKernel arithmetic(Ufunc f) {
  switch (f) {
    case Ufunc::add:
      return binary<T, T>([](T a, T b) { return a + b; });
    case Ufunc::subtract:
      return binary<T, T>([](T a, T b) { return a - b; });
    case Ufunc::multiply:
      return binary<T, T>([](T a, T b) { return a * b; });
    case Ufunc::divide:
      return binary<T, T>([](T a, T b) { return a / b; });
    case Ufunc::floor_divide:
      return binary<T, T>([](T a, T b) { return floor_division(a, b).quotient; });
    case Ufunc::remainder:
      return binary<T, T>([](T a, T b) { return floor_division(a, b).remainder; });
    case Ufunc::power:
      return binary<T, T>([](T a, T b) { return std::pow(a, b); });
    case Ufunc::minimum:  // without a branch, so that it can use vectors
      return binary<T, T>([](T a, T b) { return ((a <= b) | (a != a)) ? a : b; });
    case Ufunc::maximum:
      return binary<T, T>([](T a, T b) { return ((a >= b) | (a != a)) ? a : b; });
    default:
      return nullptr;
  }
}

template <class T>
UfuncKernel comparison(Ufunc f) {
  switch (f) {
    case Ufunc::equal:
      return binary<T, bool>([](T a, T b) { return a == b; });
    case Ufunc::not_equal:
      return binary<T, bool>([](T a, T b) { return a != b; });
    case Ufunc::less:
      return binary<T, bool>([](T a, T b) { return a < b; });
    case Ufunc::less_equal:
      return binary<T, bool>([](T a, T b) { return a <= b; });
    case Ufunc::greater:
      return binary<T, bool>([](T a, T b) { return a > b; });
    case Ufunc::greater_equal:
      return binary<T, bool>([](T a, T b) { return a >= b; });
    case Ufunc::logical_and:
      return binary<T, bool>([](T a, T b) { return (a != 0) & (b != 0); });
    case Ufunc::logical_or:
      return binary<T, bool>([](T a, T b) { return (a != 0) | (b != 0); });
    case Ufunc::logical_xor:
      return binary<T, bool>([](T a, T b) { return (a != 0) != (b != 0); });
    case Ufunc::logical_not:
      return unary<T, bool>([](T a) { return a == 0; });
    case Ufunc::isnan:
      return unary<T, bool>([](T a) { return a != a; });
    case Ufunc::isfinite:
      return unary<T, bool>([](T a) { return std::isfinite(a); });
    default:
      return nullptr;
  }
}

template <class T>
UfuncKernel function(Ufunc f) {
  const auto one = [](auto of) { return unary<T, T>(of); };
  switch (f) {
    case Ufunc::negative:
      return one([](T a) { return -a; });
    case Ufunc::absolute:
      return one([](T a) { return std::fabs(a); });
    case Ufunc::sign:  // of NaN: NaN
      return one([](T a) { return a > 0 ? T(1) : a < 0 ? T(-1) : a == 0 ? T(0) : a; });
    case Ufunc::square:
      return one([](T a) { return a * a; });
    case Ufunc::sqrt:
      return one([](T a) { return std::sqrt(a); });
    case Ufunc::exp:
      return one([](T a) { return std::exp(a); });
    case Ufunc::log:
      return one([](T a) { return std::log(a); });
    case Ufunc::log10:
      return one([](T a) { return std::log10(a); });
    case Ufunc::sin:
      return one([](T a) { return std::sin(a); });
    case Ufunc::cos:
      return one([](T a) { return std::cos(a); });
    case Ufunc::tan:
      return one([](T a) { return std::tan(a); });
    case Ufunc::tanh:
      return one([](T a) { return std::tanh(a); });
    case Ufunc::floor:
      return one([](T a) { return std::floor(a); });
    case Ufunc::ceil:
      return one([](T a) { return std::ceil(a); });
    case Ufunc::rint:
      return one([](T a) { return std::rint(a); });
    case Ufunc::conjugate:
    case Ufunc::real:
      return one([](T a) { return a; });
    case Ufunc::imag:
      return one([](T) { return T(0); });
    default:
      return nullptr;
  }
}

template <class T>
UfuncKernel kernel_of(Ufunc f) {
  if (const UfuncKernel found = arithmetic<T>(f)) return found;
  if (const UfuncKernel found = comparison<T>(f)) return found;
  return function<T>(f);
}

}  // namespace

UfuncKernel float_kernel(Ufunc f, std::size_t size) {
  return size == sizeof(float) ? kernel_of<float>(f) : kernel_of<double>(f);
}

}  // namespace functionfuse::detail
