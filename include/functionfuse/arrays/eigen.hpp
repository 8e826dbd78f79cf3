#pragma once

#include <cstddef>
#include <string>

#if __has_include(<Eigen/Core>)
#include <Eigen/Core>
#else
#include <eigen3/Eigen/Core>
#endif

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

/// \file
/// Eigen's matrices over the elements of an NdArray, without a copy. For programs that have Eigen:
/// functionfuse.hpp does not include it.
///
///     auto m = ff::eigen_map<double>(array.compute());        // keeps the elements alive
///     Eigen::VectorXd v = *m * Eigen::VectorXd::Ones(m->cols());

namespace functionfuse {

/// An Eigen::Map that owns its elements together with the array that they are of.
template <class Map>
class EigenMap {
 public:
  EigenMap(NdArray array, Map map) : array_(std::move(array)), map_(map) {}
  [[nodiscard]] const Map& operator*() const noexcept { return map_; }
  [[nodiscard]] const Map* operator->() const noexcept { return &map_; }
  [[nodiscard]] Map& operator*() noexcept { return map_; }
  [[nodiscard]] Map* operator->() noexcept { return &map_; }
  [[nodiscard]] const NdArray& array() const noexcept { return array_; }

 private:
  NdArray array_;
  Map map_;
};

namespace detail {
template <class T>
using EigenMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using EigenStride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;

/// Checks that elements of T lie in memory as Eigen can walk them, and returns steps in elements.
inline EigenStride eigen_stride(const NdArray& array, const DType& wanted) {
  if (!(array.dtype() == wanted)) {
    throw Error(Errc::type_mismatch, "eigen_map: the array is of " + array.dtype().to_string() + ", not " +
                                         wanted.to_string() + ": convert it with astype");
  }
  if (array.ndim() == 0 || array.ndim() > 2) {
    throw Error(Errc::invalid_argument, "eigen_map: the array has shape " + shape_text(array.shape()) +
                                            ": Eigen's matrices have one or two dimensions");
  }
  const auto item = static_cast<std::int64_t>(wanted.itemsize());
  for (const std::int64_t stride : array.strides()) {
    if (stride < 0 || stride % item != 0) {
      throw Error(Errc::unsupported, "eigen_map: the elements lie in an order that Eigen can't walk: take a copy()");
    }
  }
  if (array.ndim() == 1) return {array.strides()[0] / item, 1};
  return {array.strides()[0] / item, array.strides()[1] / item};
}
}  // namespace detail

/// A read-only matrix of an array of two dimensions, or a column of one of one dimension.
///
/// \error type_mismatch  another dtype or byte order
/// \error invalid_argument  rank 0 or above 2
/// \error unsupported  negative strides, or fields of a structure: take a copy()
template <ArrayElement T>
[[nodiscard]] auto eigen_map(const NdArray& array) {
  using Map = Eigen::Map<const detail::EigenMatrix<T>, Eigen::Unaligned, detail::EigenStride>;
  const auto stride = detail::eigen_stride(array, DType::of<T>());
  const Map map(reinterpret_cast<const T*>(array.data()), array.shape()[0],
                array.ndim() == 2 ? array.shape()[1] : 1, stride);
  return EigenMap<Map>(array, map);
}

/// The same to be written through; seen by all arrays that share the elements.
/// \error invalid_argument  also where the array is not writable()
template <ArrayElement T>
[[nodiscard]] auto mutable_eigen_map(NdArray& array) {
  using Map = Eigen::Map<detail::EigenMatrix<T>, Eigen::Unaligned, detail::EigenStride>;
  const auto stride = detail::eigen_stride(array, DType::of<T>());
  Map map(reinterpret_cast<T*>(array.mutable_data()), array.shape()[0],
          array.ndim() == 2 ? array.shape()[1] : 1, stride);
  return EigenMap<Map>(array, map);
}

}  // namespace functionfuse
