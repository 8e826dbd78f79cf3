#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <functionfuse/arrays/nd_array.hpp>

#include "reducer.hpp"

namespace functionfuse::detail {

/// Where elements are in the array, for argmin and argmax: one after the other, `step` apart.
struct Positions {
  std::int64_t first = 0, step = 0;
};

/// Elements of a table of rows; those of a row lie side by side, and the rows `row_step` bytes
/// apart. Never without elements, at most kMostColumns wide.
struct Table {
  const std::byte* data;
  std::int64_t row_step;
  std::size_t rows, columns;
};
constexpr std::size_t kMostColumns = 512;

/// States that are `step` bytes apart.
struct States {
  std::byte* data;
  std::int64_t step;
};

/// The loops of one reduction over elements of one type: aligned, native, as BlockReader delivers
/// them.
struct ReduceKernel {
  DType (*state)();
  /// A state of no elements.
  void (*begin)(std::byte* state);
  /// All elements into one state.
  void (*fold)(const std::byte* elements, std::size_t count, Positions at, std::byte* state);
  /// Every column into a state of its own; `at` are the rows.
  void (*columns)(const Table& table, Positions at, States states);
  void (*merge)(std::byte* state, const std::byte* next);
};

/// Null where the reduction does not exist for the dtype.
const ReduceKernel* sum_kernel(const DType& delivered);
const ReduceKernel* mean_kernel(const DType& delivered);
const ReduceKernel* variance_kernel(const DType& delivered);
const ReduceKernel* extreme_kernel(const DType& delivered, bool largest);
const ReduceKernel* position_kernel(const DType& delivered, bool largest);
const ReduceKernel* truth_kernel(const DType& delivered, bool all);

/// The state of var and std.
template <class Mean>
struct Variance {
  std::int64_t count;
  Mean mean;
  double squares;  // sum of squared distances to the mean
};

/// The state of argmin and argmax; no position yet: -1.
template <class Value>
struct Located {
  std::int64_t position;
  Value value;
};

/// A bool in memory: 0, or anything else.
struct Boolean {
  std::uint8_t byte;
};
inline std::uint8_t value_of(Boolean x) { return x.byte != 0 ? 1 : 0; }
template <class T>
T value_of(T x) {
  return x;
}

template <class T>
constexpr bool kComplexNumber = IsComplex<T>::value;

/// The largest type of a number's kind, which holds its value.
template <class T>
using Widest = std::conditional_t<
    std::is_integral_v<T>, std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>,
    std::conditional_t<std::is_same_v<T, Boolean>, std::uint64_t,
                       std::conditional_t<kComplexNumber<T>, std::complex<double>, double>>>;

/// Calls the template f for the C++ type that a delivered dtype stands for, and gives what it
/// gives; null for types that have no loops.
template <class F>
const ReduceKernel* for_number(const DType& dtype, const F& f) {
  const std::size_t size = dtype.itemsize();
  switch (dtype.kind()) {
    case 'b':
      return f.template operator()<Boolean>();
    case 'i':
      if (size == 1) return f.template operator()<std::int8_t>();
      if (size == 2) return f.template operator()<std::int16_t>();
      if (size == 4) return f.template operator()<std::int32_t>();
      return f.template operator()<std::int64_t>();
    case 'u':
      if (size == 1) return f.template operator()<std::uint8_t>();
      if (size == 2) return f.template operator()<std::uint16_t>();
      if (size == 4) return f.template operator()<std::uint32_t>();
      return f.template operator()<std::uint64_t>();
    case 'f':
      if (size == sizeof(float)) return f.template operator()<float>();
      return size == sizeof(double) ? f.template operator()<double>() : nullptr;
    case 'c':
      if (size == 8) return f.template operator()<std::complex<float>>();
      return size == 16 ? f.template operator()<std::complex<double>>() : nullptr;
    default:
      return nullptr;
  }
}

template <class T>
const T* row_of(const Table& table, std::size_t row) {
  return reinterpret_cast<const T*>(table.data + static_cast<std::int64_t>(row) * table.row_step);
}

template <class State>
State& state_at(const States& states, std::size_t index) {
  return *reinterpret_cast<State*>(states.data + static_cast<std::int64_t>(index) * states.step);
}

}  // namespace functionfuse::detail
