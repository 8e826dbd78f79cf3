// Complex numbers. Products and quotients are written out, as numpy does: std::complex's operators
// look for NaN afterwards to recover infinities, which costs time and gives other results.

#include <cmath>
#include <complex>
#include <limits>

#include "complex_order.hpp"
#include "ufunc_kernels.hpp"

namespace functionfuse::detail {
namespace {

template <class T>
T product(const T& a, const T& b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

// Smith's way, which does not overflow on the way to a result that does not.
template <class T>
T quotient(const T& a, const T& b) {
  using R = typename T::value_type;
  const R real = std::fabs(b.real());
  const R imag = std::fabs(b.imag());
  if (real >= imag) {
    if (real == 0 && imag == 0) return {a.real() / real, a.imag() / real};
    const R ratio = b.imag() / b.real();
    const R scale = R(1) / (b.real() + b.imag() * ratio);
    return {(a.real() + a.imag() * ratio) * scale, (a.imag() - a.real() * ratio) * scale};
  }
  const R ratio = b.real() / b.imag();
  const R scale = R(1) / (b.imag() + b.real() * ratio);
  return {(a.real() * ratio + a.imag()) * scale, (a.imag() * ratio - a.real()) * scale};
}

template <class T>
T whole_power(T base, int exponent) {
  if (exponent == 1) return base;
  if (exponent == 2) return product(base, base);
  if (exponent == 3) return product(base, product(base, base));
  T result = 1;
  for (int rest = std::abs(exponent);;) {
    if ((rest & 1) != 0) result = product(result, base);
    rest >>= 1;
    if (rest == 0) break;
    base = product(base, base);
  }
  return exponent < 0 ? quotient(T(1), result) : result;
}

// Numpy's cases: powers of 0 are exact, whole powers are products.
template <class T>
T raised(const T& a, const T& b) {
  using R = typename T::value_type;
  constexpr R kNan = std::numeric_limits<R>::quiet_NaN();
  if (b.real() == 0 && b.imag() == 0) return 1;
  if (a.real() == 0 && a.imag() == 0) {
    return b.real() > 0 && b.imag() == 0 ? T(0) : T(kNan, kNan);
  }
  if (b.imag() == 0 && std::fabs(b.real()) < 100 && b.real() == std::trunc(b.real())) {
    return whole_power(a, static_cast<int>(b.real()));
  }
  return std::pow(a, b);
}

template <class T>
bool is_true(const T& a) {
  return a.real() != 0 || a.imag() != 0;
}

template <class T>
UfuncKernel arithmetic(Ufunc f) {
  using C = const T&;
  switch (f) {
    case Ufunc::add:
      return binary<T, T>([](C a, C b) { return T(a.real() + b.real(), a.imag() + b.imag()); });
    case Ufunc::subtract:
      return binary<T, T>([](C a, C b) { return T(a.real() - b.real(), a.imag() - b.imag()); });
    case Ufunc::multiply:
      return binary<T, T>([](C a, C b) { return product(a, b); });
    case Ufunc::divide:
      return binary<T, T>([](C a, C b) { return quotient(a, b); });
    case Ufunc::power:
      return binary<T, T>([](C a, C b) { return raised(a, b); });
    case Ufunc::minimum:
      return binary<T, T>([](C a, C b) { return has_nan(a) || not_above(a, b) ? a : b; });
    case Ufunc::maximum:
      return binary<T, T>([](C a, C b) { return has_nan(a) || not_above(b, a) ? a : b; });
    default:
      return nullptr;
  }
}

template <class T>
UfuncKernel comparison(Ufunc f) {
  using C = const T&;
  switch (f) {
    case Ufunc::equal:
      return binary<T, bool>([](C a, C b) { return a.real() == b.real() && a.imag() == b.imag(); });
    case Ufunc::not_equal:
      return binary<T, bool>([](C a, C b) { return a.real() != b.real() || a.imag() != b.imag(); });
    case Ufunc::less:
      return binary<T, bool>([](C a, C b) { return below(a, b); });
    case Ufunc::less_equal:
      return binary<T, bool>([](C a, C b) { return not_above(a, b); });
    case Ufunc::greater:
      return binary<T, bool>([](C a, C b) { return below(b, a); });
    case Ufunc::greater_equal:
      return binary<T, bool>([](C a, C b) { return not_above(b, a); });
    case Ufunc::logical_and:
      return binary<T, bool>([](C a, C b) { return is_true(a) && is_true(b); });
    case Ufunc::logical_or:
      return binary<T, bool>([](C a, C b) { return is_true(a) || is_true(b); });
    case Ufunc::logical_xor:
      return binary<T, bool>([](C a, C b) { return is_true(a) != is_true(b); });
    case Ufunc::logical_not:
      return unary<T, bool>([](C a) { return !is_true(a); });
    case Ufunc::isnan:
      return unary<T, bool>([](C a) { return has_nan(a); });
    case Ufunc::isfinite:
      return unary<T, bool>([](C a) { return std::isfinite(a.real()) && std::isfinite(a.imag()); });
    default:
      return nullptr;
  }
}

template <class T>
UfuncKernel to_real(Ufunc f) {
  using R = typename T::value_type;
  switch (f) {
    case Ufunc::absolute:
      return unary<T, R>([](const T& a) { return std::hypot(a.real(), a.imag()); });
    case Ufunc::real:
      return unary<T, R>([](const T& a) { return a.real(); });
    case Ufunc::imag:
      return unary<T, R>([](const T& a) { return a.imag(); });
    default:
      return nullptr;
  }
}

template <class T>
T sign_of(const T& a) {
  if (has_nan(a)) return std::numeric_limits<typename T::value_type>::quiet_NaN();
  return below(T(0), a) ? T(1) : below(a, T(0)) ? T(-1) : T(0);
}

template <class T>
UfuncKernel function(Ufunc f) {
  using C = const T&;
  using R = typename T::value_type;
  const auto one = [](auto of) { return unary<T, T>(of); };
  switch (f) {
    case Ufunc::negative:
      return one([](C a) { return T(-a.real(), -a.imag()); });
    case Ufunc::conjugate:
      return one([](C a) { return T(a.real(), -a.imag()); });
    case Ufunc::sign:
      return one([](C a) { return sign_of(a); });
    case Ufunc::square:
      return one([](C a) { return product(a, a); });
    case Ufunc::rint:
      return one([](C a) { return T(std::rint(a.real()), std::rint(a.imag())); });
    case Ufunc::sqrt:
      return one([](C a) { return std::sqrt(a); });
    case Ufunc::exp:
      return one([](C a) { return std::exp(a); });
    case Ufunc::log:
      return one([](C a) { return std::log(a); });
    case Ufunc::log10:
      return one([](C a) {
        constexpr R kScale = R(0.434294481903251827651128918916605082L);
        const T natural = std::log(a);
        return T(natural.real() * kScale, natural.imag() * kScale);
      });
    case Ufunc::sin:
      return one([](C a) { return std::sin(a); });
    case Ufunc::cos:
      return one([](C a) { return std::cos(a); });
    case Ufunc::tan:
      return one([](C a) { return std::tan(a); });
    case Ufunc::tanh:
      return one([](C a) { return std::tanh(a); });
    default:
      return nullptr;
  }
}

template <class T>
UfuncKernel kernel_of(Ufunc f) {
  if (const UfuncKernel found = arithmetic<T>(f)) return found;
  if (const UfuncKernel found = comparison<T>(f)) return found;
  if (const UfuncKernel found = to_real<T>(f)) return found;
  return function<T>(f);
}

}  // namespace

UfuncKernel complex_kernel(Ufunc f, std::size_t size) {
  return size == sizeof(std::complex<float>) ? kernel_of<std::complex<float>>(f)
                                             : kernel_of<std::complex<double>>(f);
}

}  // namespace functionfuse::detail
