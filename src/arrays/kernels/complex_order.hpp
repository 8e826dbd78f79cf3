#pragma once

namespace functionfuse::detail {

// Numpy's order of complex numbers: by real part, then by imaginary part. A NaN makes a comparison
// false, except that equal real parts leave the decision to the imaginary parts.

template <class C>
bool has_nan(const C& a) {
  return a.real() != a.real() || a.imag() != a.imag();
}

template <class C>
bool real_below(const C& a, const C& b) {
  return a.real() < b.real() && a.imag() == a.imag() && b.imag() == b.imag();
}

/// a < b
template <class C>
bool below(const C& a, const C& b) {
  return real_below(a, b) || (a.real() == b.real() && a.imag() < b.imag());
}

/// a <= b
template <class C>
bool not_above(const C& a, const C& b) {
  return real_below(a, b) || (a.real() == b.real() && a.imag() <= b.imag());
}

}  // namespace functionfuse::detail
