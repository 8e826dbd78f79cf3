#pragma once

#include <functionfuse/arrays/chunked_array.hpp>

#include "lazy_array.hpp"
#include "kernels/reducer.hpp"
#include "kernels/ufunc.hpp"

namespace functionfuse::detail {

/// An array whose chunks an operation makes.
template <class Made, class... Arguments>
ChunkedArray make_array(const DType& dtype, const Chunks& chunks, Arguments&&... arguments) {
  return ChunkedArray(std::make_shared<LazyArray>(
      dtype, chunks, std::make_shared<const Made>(std::forward<Arguments>(arguments)...)));
}

/// \error invalid_argument  not within -ndim <= axis < ndim
[[nodiscard]] std::size_t normal_axis(std::int64_t axis, std::size_t ndim);

/// The shape of arrays of these shapes broadcast against each other.
/// \error invalid_argument  they do not fit
[[nodiscard]] Shape broadcast_shapes(const std::vector<ChunkedArray>& arrays);
/// Dask's unify_chunks: the arrays, cut anew where they must be, and the chunks of their broadcast shape.
struct Unified {
  std::vector<ChunkedArray> arrays;
  Chunks chunks;
};
[[nodiscard]] Unified unify_chunks(const std::vector<ChunkedArray>& arrays);

/// What a function has made of the block that it was given.
/// \error invalid_argument  it is of another dtype or shape
void check_block(const NdArray& block, const DType& dtype, const Chunks& chunks, std::size_t number);

[[nodiscard]] ChunkedArray elementwise(Ufunc f, const std::vector<ChunkedArray>& operands);
[[nodiscard]] ChunkedArray reduce(Reduction reduction, const ChunkedArray& array,
                                  const std::vector<std::int64_t>& axes, bool keepdims,
                                  std::int64_t ddof = 0);
/// How to make the chunks `chunks` of an array of other chunks.
[[nodiscard]] std::shared_ptr<const Operation> rechunk_operation(const LazyArrayPtr& array,
                                                                 const Chunks& chunks);

}  // namespace functionfuse::detail
