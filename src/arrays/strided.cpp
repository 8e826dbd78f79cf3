// Copying elements from one strided place to another:
//
//   1. Order the dimensions by their stride in the destination, largest first, so that writing
//      goes through memory once; then join dimensions that lie like one in both.
//   2. If the last dimension is contiguous in both, copy row by row with memcpy.
//   3. Otherwise find the dimension in which the source is denser than in the last one. If there is
//      one, the copy transposes these two: go through them in tiles that fit into L1, for every
//      index of the other dimensions. Elements larger than a cache line gain nothing by that.
//   4. Otherwise gather row by row, element by element.

#include "strided.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

namespace functionfuse::detail {
namespace {

// Elements along each side of a tile: whole cache lines on both, in a buffer that stays in L1.
constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kLargestTile = 64;
constexpr std::size_t kTileBytes = 8192;

std::int64_t tile_side(std::size_t itemsize) {
  std::size_t side = kLargestTile;
  while (side > 1 && side * side * itemsize > kTileBytes) side /= 2;
  return static_cast<std::int64_t>(side);
}

// An element of a size known when compiling, which memcpy turns into one move, or of any size.
template <std::size_t Size>
void copy_one(std::byte* dst, const std::byte* src, std::size_t size) {
  std::memcpy(dst, src, Size == 0 ? size : Size);
}

template <std::size_t Size>
void gather(std::byte* dst, std::int64_t dst_step, const std::byte* src, std::int64_t src_step,
            std::int64_t count, std::size_t size) {
  const auto whole = static_cast<std::int64_t>(size);
  if (src_step == whole && dst_step == whole) {
    std::memcpy(dst, src, static_cast<std::size_t>(count) * size);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    copy_one<Size>(dst + i * dst_step, src + i * src_step, size);
  }
}

struct Plane {
  std::int64_t rows, row_from, row_to;           // length and steps of the one dimension
  std::int64_t columns, column_from, column_to;  // and of the other
};

// Through a buffer, so that every cache line of both sides is touched once: lines whose addresses
// differ by a power of two push each other out of the cache.
template <std::size_t Size>
void transpose_plane(std::byte* dst, const std::byte* src, const Plane& p, std::size_t size) {
  const std::int64_t side = tile_side(size);
  const auto step = static_cast<std::int64_t>(size);
  alignas(64) std::array<std::byte, kTileBytes> tile;  // an element's columns, then its rows
  for (std::int64_t r = 0; r < p.rows; r += side) {
    const std::int64_t rows = std::min(side, p.rows - r);
    for (std::int64_t c = 0; c < p.columns; c += side) {
      const std::int64_t columns = std::min(side, p.columns - c);
      for (std::int64_t i = 0; i < columns; ++i) {
        gather<Size>(tile.data() + i * side * step, step,
                     src + r * p.row_from + (c + i) * p.column_from, p.row_from, rows, size);
      }
      for (std::int64_t i = 0; i < rows; ++i) {
        gather<Size>(dst + (r + i) * p.row_to + c * p.column_to, p.column_to,
                     tile.data() + i * step, side * step, columns, size);
      }
    }
  }
}

template <class F>
void with_size(std::size_t size, F f) {
  switch (size) {
    case 1:
      return f(std::integral_constant<std::size_t, 1>());
    case 2:
      return f(std::integral_constant<std::size_t, 2>());
    case 4:
      return f(std::integral_constant<std::size_t, 4>());
    case 8:
      return f(std::integral_constant<std::size_t, 8>());
    case 16:
      return f(std::integral_constant<std::size_t, 16>());
    default:
      return f(std::integral_constant<std::size_t, 0>());
  }
}

Shape pick(const Shape& from, const std::vector<std::size_t>& axes) {
  Shape result;
  for (const std::size_t axis : axes) result.push_back(from[axis]);
  return result;
}

// The dimension in which the source's elements are closest together.
std::size_t densest(const Shape& strides) {
  const auto least = std::min_element(
      strides.begin(), strides.end(),
      [](std::int64_t a, std::int64_t b) { return std::llabs(a) < std::llabs(b); });
  return static_cast<std::size_t>(least - strides.begin());
}

void copy_transposed(const RowWalk<2>& walk, std::size_t dense, std::size_t itemsize,
                     const std::byte* src, std::byte* dst) {
  const std::size_t last = walk.shape().size() - 1;
  const Plane plane{walk.shape()[dense], walk.strides(0)[dense], walk.strides(1)[dense],
                    walk.shape()[last],  walk.strides(0)[last],  walk.strides(1)[last]};
  Shape shape = walk.shape();
  shape[dense] = shape[last] = 1;  // what is left: every index of the other dimensions
  const RowWalk<2> others(shape, {walk.strides(0), walk.strides(1)});
  others.run([&](const auto& offsets, std::size_t count, const auto& steps, std::size_t) {
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(count); ++i) {
      const std::byte* from = src + offsets[0] + i * steps[0];
      std::byte* to = dst + offsets[1] + i * steps[1];
      with_size(itemsize, [&](auto size) { transpose_plane<size()>(to, from, plane, itemsize); });
    }
    return true;
  });
}

}  // namespace

Shape contiguous_strides(const Shape& shape, std::size_t itemsize, char order) {
  Shape strides(shape.size());
  auto stride = static_cast<std::int64_t>(itemsize);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::size_t d = order == 'F' ? i : shape.size() - 1 - i;
    strides[d] = stride;
    if (shape[d] != 0) stride *= shape[d];
  }
  return strides;
}

bool is_contiguous(const Shape& shape, const Shape& strides, std::size_t itemsize) {
  auto expected = static_cast<std::int64_t>(itemsize);
  bool result = true;
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (shape[d] == 0) return true;
    if (shape[d] == 1) continue;
    result = result && strides[d] == expected;
    expected *= shape[d];
  }
  return result;
}

void copy_elements(const Shape& shape, std::size_t itemsize, const std::byte* src,
                   const Shape& src_strides, std::byte* dst, const Shape& dst_strides) {
  if (itemsize == 0) return;
  std::vector<std::size_t> axes(shape.size());
  std::iota(axes.begin(), axes.end(), 0U);
  std::stable_sort(axes.begin(), axes.end(), [&](std::size_t a, std::size_t b) {
    return std::llabs(dst_strides[a]) > std::llabs(dst_strides[b]);
  });
  const RowWalk<2> walk(pick(shape, axes), {pick(src_strides, axes), pick(dst_strides, axes)});
  if (std::find(walk.shape().begin(), walk.shape().end(), 0) != walk.shape().end()) return;
  const std::size_t last = walk.shape().size() - 1;
  const auto size = static_cast<std::int64_t>(itemsize);
  const bool rows =
      walk.shape()[last] == 1 || (walk.strides(0)[last] == size && walk.strides(1)[last] == size);
  const std::size_t dense = densest(walk.strides(0));
  if (!rows && dense != last && itemsize <= kCacheLine)
    return copy_transposed(walk, dense, itemsize, src, dst);
  walk.run([&](const auto& offsets, std::size_t count, const auto& steps, std::size_t) {
    if (rows) {
      std::memcpy(dst + offsets[1], src + offsets[0], count * itemsize);
    } else {
      with_size(itemsize, [&](auto fixed) {
        gather<fixed()>(dst + offsets[1], steps[1], src + offsets[0], steps[0],
                        static_cast<std::int64_t>(count), itemsize);
      });
    }
    return true;
  });
}

}  // namespace functionfuse::detail
