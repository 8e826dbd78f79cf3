#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "functionfuse/arrays/nd_array.hpp"

namespace functionfuse::cli {

/// Calls `f(NdArray)` with parts of `array` of at most about 1 MiB that, one behind the other, are
/// its elements in C order. The parts share the array's elements.
template <class F>
void for_each_part(const NdArray& array, const F& f) {
  constexpr std::size_t kPart = 1 << 20;
  if (array.nbytes() <= kPart || array.ndim() == 0 || array.dtype().itemsize() > kPart / 2) {
    if (array.size() != 0) f(array);
    return;
  }
  const std::int64_t length = array.shape()[0];
  const std::size_t row = array.nbytes() / static_cast<std::size_t>(length);
  if (row > kPart) {
    for (std::int64_t i = 0; i < length; ++i) for_each_part(array[i], f);
    return;
  }
  const auto step = static_cast<std::int64_t>(kPart / row);
  for (std::int64_t i = 0; i < length; i += step) {
    f(array.slice({{.start = i, .stop = std::min(length, i + step)}}));
  }
}

/// Calls `f(span of bytes)` with the elements in C order, in the byte order in which they lie;
/// without a copy where they lie so.
template <class F>
void for_each_bytes(const NdArray& array, const F& f) {
  if (array.is_c_contiguous()) {
    if (array.nbytes() != 0) f(std::span(array.data(), array.nbytes()));
    return;
  }
  std::vector<std::byte> buffer;
  for_each_part(array, [&](const NdArray& part) {
    buffer.resize(part.nbytes());
    part.copy_to(buffer.data());
    f(std::span<const std::byte>(buffer));
  });
}

}  // namespace functionfuse::cli
