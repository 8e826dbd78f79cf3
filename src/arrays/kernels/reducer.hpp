#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <functionfuse/arrays/nd_array.hpp>

namespace functionfuse::detail {

/// Reductions, with numpy's names and numpy's meaning.
enum class Reduction : std::uint8_t { sum, mean, min, max, std, var, any, all, argmin, argmax };

[[nodiscard]] std::string_view name(Reduction r);

struct ReduceKernel;

/// A reduction in three steps, so that an array can be reduced chunk by chunk in any tree:
///
///     state = partial(chunk)      of every chunk: reduced axes have length 1
///     state = merge(state, ...)   of neighbours along reduced axes, in the order of the array
///     result = finish(state)      once
///
/// Equal input, equally strided, in an equal tree gives equal bits. Sums of float32 are kept in
/// float64, those of float16 too (numpy adds pairwise: the results agree within its own rounding);
/// of float64 pairwise and in several lanes, no worse than numpy. Integers as numpy: int64 or
/// uint64, modulo 2^64; bool sums to int64. var and std by count, mean and M2 (Chan's formula), in
/// float64. NaN goes on into min, max, argmin and argmax. argmin and argmax take the first of
/// equals; over all axes the result is the flat index in C order, over one axis the index along it.
/// any and all of floats: NaN is true.
///
/// A thread's own work: it starts no other.
class Reducer {
 public:
  /// \param axes   reduced[axis], one for each axis of the array
  /// \param shape  of the whole array
  /// \param ddof   of std and var
  /// \error unsupported       a dtype that numpy can't reduce so, or S, U, V, M, m
  /// \error invalid_argument  argmin or argmax over some but not all or one axes; min, max, argmin,
  ///                          argmax of no elements
  Reducer(Reduction reduction, const DType& input, const Shape& shape, std::vector<bool> reduced,
          std::int64_t ddof = 0);

  /// The dtype of a state (may be structured) and of the result, native byte order.
  [[nodiscard]] const DType& state_dtype() const noexcept { return state_; }
  [[nodiscard]] const DType& result_dtype() const noexcept { return result_; }

  /// \param chunk   of the input dtype, any strides and byte order
  /// \param origin  position of its first element in the array
  /// \param state   of state_dtype() and the chunk's shape with the reduced axes of length 1;
  ///                C order, content unspecified
  void partial(const NdArray& chunk, const Shape& origin, NdArray& state) const;
  /// The same for a chunk that is read piece by piece: begin(), then add() for every piece. Where
  /// the pieces are parts along an axis that is kept, each is added to its part of the state.
  ///
  /// \param state  of add: of the piece's shape with the reduced axes of length 1, C order
  void begin(NdArray& state) const;
  void add(const NdArray& piece, const Shape& origin, NdArray& state) const;
  /// state = merge(state, next); `next` lies behind `state` in the array. Both of one shape.
  void merge(NdArray& state, const NdArray& next) const;
  /// \param result  of result_dtype() and the state's shape, C order
  void finish(const NdArray& state, NdArray& result) const;

 private:
  void choose_positions(const Shape& shape);

  Reduction reduction_;
  DType input_, state_, result_;
  std::vector<bool> reduced_;
  std::int64_t ddof_;
  std::int64_t count_ = 1;  // of the elements that become one
  Shape positions_;         // argmin, argmax: from one element to the next along each axis
  const ReduceKernel* kernel_ = nullptr;  // never null once constructed
};

}  // namespace functionfuse::detail
