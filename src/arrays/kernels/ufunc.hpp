#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <functionfuse/arrays/nd_array.hpp>

namespace functionfuse::detail {

/// Elementwise functions, with numpy's names and numpy's meaning.
enum class Ufunc : std::uint8_t {
  // two operands
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  remainder,
  power,
  minimum,
  maximum,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
  logical_xor,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
  // one operand
  negative,
  absolute,
  sign,
  square,
  sqrt,
  exp,
  log,
  log10,
  sin,
  cos,
  tan,
  tanh,
  floor,
  ceil,
  rint,
  isnan,
  isfinite,
  logical_not,
  invert,
  conjugate,
  real,
  imag,
};

[[nodiscard]] std::string_view name(Ufunc f);
[[nodiscard]] unsigned operand_count(Ufunc f);

/// What an operand is, for the choice of types.
struct OperandType {
  DType dtype;
  /// Of a scalar: its value, an array of rank 0. Numpy 1.x then looks at the value, not only at the
  /// dtype: uint8 + 1 is uint8, uint8 + 300 is uint16, int8 + 1.0 is float64, float32 + 1.0
  /// float32.
  const NdArray* scalar = nullptr;
};

/// numpy.result_type: the dtype that all operands can be converted to without loss. Numeric only.
/// More than two are taken one after the other.
/// \error unsupported  a dtype without arithmetic (S, U, V, M, m)
[[nodiscard]] DType promote(std::span<const OperandType> operands);
/// numpy.promote_types.
[[nodiscard]] DType promote(const DType& a, const DType& b);

/// The dtypes in which a function computes and of what it returns (native byte order), as
/// numpy 1.24 chooses its loop: divide of integers computes in float64, sqrt of int8 in float16,
/// comparisons return bool, absolute and real of complex the real type, ...
struct Loop {
  DType in;
  DType out;
};
/// \error unsupported  says which function and which dtypes: subtract of bools, bitwise of floats,
///                     floor_divide of complex, anything of S, U, V, M, m
[[nodiscard]] Loop loop(Ufunc f, std::span<const OperandType> operands);

/// f of one or two arrays. A thread's own work: it starts no other.
///
/// Integer arithmetic wraps; integer division and remainder by zero give 0; floats follow IEEE 754
/// without a warning; remainder and floor_divide have Python's sign; min/max pass NaN on. float16
/// is computed in float and rounded once per operation. Comparing int64 with uint64: as numpy 1.24.
///
/// \param operands  of any numeric dtype, byte order and strides; broadcast against `out` (aligned
/// at
///                  the last axis, length 1 repeats)
/// \param out  of the dtype loop().out and the broadcast shape, in C order; may be the same memory
/// as an
///             operand of that dtype and shape
/// \param loop_in  loop().in
void apply(Ufunc f, std::span<const NdArray> operands, const DType& loop_in, NdArray& out);

}  // namespace functionfuse::detail
