#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include "reducer_kernels.hpp"

namespace functionfuse::detail {

// Sums of numbers that lie side by side. Several lanes add every sixteenth number each: they keep
// the processor's adders busy, and errors small, as each lane adds few numbers. Longer runs are
// halved and the halves' sums added, as numpy does, so that the error grows with log(n).

constexpr std::size_t kLanes = 16;
constexpr std::size_t kLaneRun = 256;

/// Adds f(x[i]) to total[i % Parts]: two parts for complex numbers. `count` is a multiple of Parts.
template <std::size_t Parts, class T, class Sum, class F>
void add_in_lanes(const T* x, std::size_t count, Sum* total, F f) {
  Sum lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += f(x[i + lane]);
  }
  for (std::size_t lane = 0; i < count; ++i, ++lane) lanes[lane] += f(x[i]);
  for (std::size_t width = kLanes / 2; width >= Parts; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  for (std::size_t part = 0; part < Parts; ++part) total[part] += lanes[part];
}

template <std::size_t Parts, class Sum, class T>
std::array<Sum, Parts> pairwise_sum(const T* x, std::size_t count) {
  std::array<Sum, Parts> total{};
  if (count <= kLaneRun) {
    add_in_lanes<Parts>(x, count, total.data(), [](T v) { return static_cast<Sum>(value_of(v)); });
    return total;
  }
  const std::size_t half = (count / 2 + kLaneRun - 1) / kLaneRun * kLaneRun;
  const auto first = pairwise_sum<Parts, Sum>(x, half);
  const auto second = pairwise_sum<Parts, Sum>(x + half, count - half);
  for (std::size_t part = 0; part < Parts; ++part) total[part] = first[part] + second[part];
  return total;
}

/// The sum of numbers of any type; complex ones as pairs of their parts.
template <class Sum, class T>
Sum sum_of(const T* x, std::size_t count) {
  if constexpr (kComplexNumber<T>) {
    using Part = typename T::value_type;
    const auto parts =
        pairwise_sum<2, typename Sum::value_type>(reinterpret_cast<const Part*>(x), 2 * count);
    return {parts[0], parts[1]};
  } else if constexpr (sizeof(T) < 8 && !std::is_floating_point_v<T> && !std::is_integral_v<Sum>) {
    return static_cast<Sum>(sum_of<std::int64_t>(x, count));  // exact, and faster
  } else if constexpr (std::is_integral_v<Sum>) {
    Sum total = 0;
    for (std::size_t i = 0; i < count; ++i) total += static_cast<Sum>(value_of(x[i]));
    return total;
  } else {
    return pairwise_sum<1, Sum>(x, count)[0];
  }
}

}  // namespace functionfuse::detail
