#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <functionfuse/arrays/dtype.hpp>

namespace functionfuse::detail {

/// Strides in bytes of contiguous elements in order 'C' or 'F'. Lengths of 0 count as 1.
Shape contiguous_strides(const Shape& shape, std::size_t itemsize, char order);

/// Whether strides are those of contiguous elements in C order, for dimensions where it matters.
/// For F order, give shape and strides reversed.
bool is_contiguous(const Shape& shape, const Shape& strides, std::size_t itemsize);

/// Walks N arrays of one shape together, a row at a time, in C order. Dimensions of length 1 are
/// left out, and two dimensions that lie in all N arrays like one are joined, so that rows are
/// long.
template <std::size_t N>
class RowWalk {
 public:
  RowWalk(const Shape& shape, const std::array<Shape, N>& strides);

  /// Calls row(offsets, count, steps, first) for every row: the offsets in bytes of its first
  /// element in each array, how many elements it has, the bytes from one to the next, and how many
  /// elements came before it. Stops where row returns false.
  template <class Row>
  void run(Row row) const;

  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] const Shape& strides(std::size_t array) const { return strides_[array]; }

 private:
  Shape shape_;  // never empty; the last is a row
  std::array<Shape, N> strides_;
};

/// Copies elements of any size from one strided place to another; the two do not overlap.
void copy_elements(const Shape& shape, std::size_t itemsize, const std::byte* src,
                   const Shape& src_strides, std::byte* dst, const Shape& dst_strides);

// ---------------------------------------------------------------------------------------------

template <std::size_t N>
RowWalk<N>::RowWalk(const Shape& shape, const std::array<Shape, N>& strides) {
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 1) continue;
    bool joins = !shape_.empty();
    for (std::size_t n = 0; joins && n < N; ++n) {
      std::int64_t whole = 0;
      joins =
          !__builtin_mul_overflow(strides[n][d], shape[d], &whole) && strides_[n].back() == whole;
    }
    if (joins) {
      shape_.back() *= shape[d];
    } else {
      shape_.push_back(shape[d]);
    }
    for (std::size_t n = 0; n < N; ++n) {
      if (joins) {
        strides_[n].back() = strides[n][d];
      } else {
        strides_[n].push_back(strides[n][d]);
      }
    }
  }
  if (!shape_.empty()) return;
  shape_.push_back(1);  // one element
  for (Shape& s : strides_) s.push_back(0);
}

template <std::size_t N>
template <class Row>
void RowWalk<N>::run(Row row) const {
  for (const std::int64_t length : shape_) {
    if (length == 0) return;
  }
  const std::size_t outer = shape_.size() - 1;
  std::array<std::int64_t, DType::kMaxRank> index{};
  std::array<std::int64_t, N> offsets{};
  std::array<std::int64_t, N> steps{};
  for (std::size_t n = 0; n < N; ++n) steps[n] = strides_[n][outer];
  const auto count = static_cast<std::size_t>(shape_[outer]);
  for (std::size_t first = 0;; first += count) {
    if (!row(offsets, count, steps, first)) return;
    std::size_t d = outer;
    for (;;) {  // to the next row, as an odometer does
      if (d == 0) return;
      --d;
      for (std::size_t n = 0; n < N; ++n) offsets[n] += strides_[n][d];
      if (++index[d] < shape_[d]) break;
      for (std::size_t n = 0; n < N; ++n) offsets[n] -= strides_[n][d] * shape_[d];
      index[d] = 0;
    }
  }
}

}  // namespace functionfuse::detail
