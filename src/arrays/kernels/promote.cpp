// Numpy 1.24's rules for the type that holds several others. A kind is wider than those before it:
// b, then i and u, then f, then c. Two dtypes of numbers become the smallest dtype of the wider
// kind that holds the values of both, where float64 counts as large enough for every integer.
//
// Scalars among arrays are looked at by value (NEP 50 calls it "value-based casting"): unless a
// scalar's kind is wider than that of all arrays, it stands for the smallest dtype of its kind that
// holds its value.

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <string>

#include <functionfuse/error.hpp>

#include "arrays/convert.hpp"
#include "ufunc.hpp"

namespace functionfuse::detail {
namespace {

DType number(char kind, std::size_t size) {
  return DType::parse(std::string(1, kind) + std::to_string(size));
}

void check_numeric(const DType& dtype) {
  if (dtype.is_numeric()) return;
  throw UnsupportedError("arithmetic with " + dtype.to_string() +
                         ": only bool, integers, floats and complex numbers have a common type");
}

bool is_integer(const DType& dtype) { return dtype.kind() == 'i' || dtype.kind() == 'u'; }

// Bytes of the real numbers that hold a dtype's values.
std::size_t real_size(const DType& dtype) {
  if (dtype.kind() == 'c') return dtype.itemsize() / 2;
  if (dtype.kind() == 'f') return dtype.itemsize();
  return std::min<std::size_t>(2 * dtype.itemsize(), 8);
}

DType promote_integers(const DType& a, const DType& b) {
  const DType& s = a.kind() == 'i' ? a : b;
  const DType& u = a.kind() == 'i' ? b : a;
  if (s.itemsize() > u.itemsize()) return number('i', s.itemsize());
  return u.itemsize() < 8 ? number('i', 2 * u.itemsize()) : DType::of<double>();
}

// --- Scalars --------------------------------------------------------------------------------

struct Smallest {
  DType dtype;
  bool small_unsigned = false;  // the signed dtype of this size would hold it, too
};

Smallest smallest_unsigned(std::uint64_t value) {
  std::size_t size = 1;
  while (size < 8 && value >> (8 * size) != 0) size *= 2;
  return {number('u', size), value >> (8 * size - 1) == 0};
}

Smallest smallest_signed(std::int64_t value) {
  if (value >= 0) return smallest_unsigned(static_cast<std::uint64_t>(value));
  std::size_t size = 1;
  while (size < 8 && value < -(std::int64_t{1} << (8 * size - 1))) size *= 2;
  return {number('i', size)};
}

// Numpy's own limits, which are round numbers below the largest finite value.
Smallest smallest_float(long double value, std::size_t size) {
  const long double magnitude = std::fabs(value);
  if (!std::isfinite(value) || magnitude < 65000) return {number('f', 2)};
  if (magnitude < static_cast<long double>(3.4e38)) size = std::min<std::size_t>(size, 4);
  if (magnitude < static_cast<long double>(1.7e308)) size = std::min<std::size_t>(size, 8);
  return {number('f', size)};
}

// Not finite is not small here: numpy does not ask.
Smallest smallest_complex(const std::complex<long double>& value, std::size_t size) {
  const auto below = [&](double limit) {
    const auto bound = static_cast<long double>(limit);
    return std::fabs(value.real()) < bound && std::fabs(value.imag()) < bound;
  };
  if (below(3.4e38)) return {number('c', 8)};
  if (below(1.7e308)) size = std::min<std::size_t>(size, 16);
  return {number('c', size)};
}

template <class T>
T value_of(const NdArray& scalar) {
  T value{};
  convert_numbers({}, scalar.dtype(), scalar.data(), {}, DType::of<T>(),
                  reinterpret_cast<std::byte*>(&value), {}, Fit::cast);
  return value;
}

Smallest smallest(const NdArray& scalar) {
  const DType& dtype = scalar.dtype();
  switch (dtype.kind()) {
    case 'i':
      return smallest_signed(value_of<std::int64_t>(scalar));
    case 'u':
      return smallest_unsigned(value_of<std::uint64_t>(scalar));
    case 'f':
      return smallest_float(value_of<long double>(scalar), dtype.itemsize());
    case 'c':
      return smallest_complex(value_of<std::complex<long double>>(scalar), dtype.itemsize());
    default:
      return {dtype};
  }
}

// A small unsigned value takes part as signed where the other one is not unsigned.
DType promote_smallest(const Smallest& a, const Smallest& b) {
  const auto against = [](const Smallest& x, const Smallest& other) {
    const bool as_signed =
        x.small_unsigned && other.dtype.kind() != 'b' && other.dtype.kind() != 'u';
    return as_signed ? number('i', x.dtype.itemsize()) : x.dtype;
  };
  return promote(against(a, b), against(b, a));
}

int width(const DType& dtype) {
  if (dtype.kind() == 'b') return 0;
  return is_integer(dtype) ? 1 : 2;
}

bool looks_at_values(std::span<const OperandType> operands) {
  int scalars = -1;
  int arrays = -1;
  for (const OperandType& operand : operands) {
    int& widest = operand.scalar != nullptr ? scalars : arrays;
    widest = std::max(widest, width(operand.dtype));
  }
  return arrays >= 0 && scalars >= 0 && arrays >= scalars;
}

}  // namespace

DType promote(const DType& a, const DType& b) {
  check_numeric(a);
  check_numeric(b);
  if (a.kind() == b.kind()) return number(a.kind(), std::max(a.itemsize(), b.itemsize()));
  if (a.kind() == 'b') return b.newbyteorder('=');
  if (b.kind() == 'b') return a.newbyteorder('=');
  if (is_integer(a) && is_integer(b)) return promote_integers(a, b);
  const std::size_t real = std::max(real_size(a), real_size(b));
  const bool complex = a.kind() == 'c' || b.kind() == 'c';
  return complex ? number('c', 2 * real) : number('f', real);
}

DType promote(std::span<const OperandType> operands) {
  if (operands.empty()) throw Error(Errc::invalid_argument, "promote: no operands");
  for (const OperandType& operand : operands) check_numeric(operand.dtype);
  const bool by_value = looks_at_values(operands);
  const auto stands_for = [&](const OperandType& operand) {
    if (by_value && operand.scalar != nullptr) return smallest(*operand.scalar);
    return Smallest{operand.dtype.newbyteorder('=')};
  };
  Smallest result = stands_for(operands[0]);
  for (const OperandType& operand : operands.subspan(1)) {
    const Smallest next = stands_for(operand);
    result = {promote_smallest(next, result), next.small_unsigned && result.small_unsigned};
  }
  return result.dtype;
}

}  // namespace functionfuse::detail
