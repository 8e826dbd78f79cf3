#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <xtensor/xadapt.hpp>

#include <functionfuse/arrays/nd_array.hpp>

/// \file
/// xtensor's expressions over the elements of an NdArray, without a copy. For programs that have
/// xtensor: functionfuse.hpp does not include it.
///
///     auto x = ff::xtensor_adapt<double>(array.compute());    // keeps the elements alive
///     double total = xt::sum(x)();

namespace functionfuse {

/// A read-only expression of any rank.
///
/// \error type_mismatch  as NdArray::view: the elements are not T, or do not lie in C order; the text says
///                       what to call first
template <ArrayElement T>
[[nodiscard]] auto xtensor_adapt(const NdArray& array) {
  const T* elements = array.view<T>().data();
  const std::vector<std::size_t> shape(array.shape().begin(), array.shape().end());
  return xt::adapt_smart_ptr(elements, shape, std::make_shared<const NdArray>(array));
}

}  // namespace functionfuse
