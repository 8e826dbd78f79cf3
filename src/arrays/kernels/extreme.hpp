#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <type_traits>

#include "complex_order.hpp"
#include "reducer_kernels.hpp"

namespace functionfuse::detail {

/// Whether x takes the place of `best` as the least (or largest) so far: if it is further out, or
/// NaN.
template <bool Largest, class T>
bool displaces(const T& x, const T& best) {
  if constexpr (kComplexNumber<T>) {
    return has_nan(x) || (Largest ? below(best, x) : below(x, best));
  } else if constexpr (std::is_floating_point_v<T>) {
    return (Largest ? x > best : x < best) | (x != x);
  } else {
    return Largest ? x > best : x < best;
  }
}

/// What every number displaces or equals.
template <bool Largest, class T>
T outermost() {
  if constexpr (kComplexNumber<T>) {
    using Part = typename T::value_type;
    return {outermost<Largest, Part>(), outermost<Largest, Part>()};
  } else if constexpr (std::is_floating_point_v<T>) {
    return Largest ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
  } else {
    return Largest ? std::numeric_limits<T>::lowest() : std::numeric_limits<T>::max();
  }
}

/// The least (or largest) of some numbers, a NaN if there is one.
template <bool Largest, class T>
T extreme_of(const T* x, std::size_t count) {
  // Independent of each other, for the processor's sake.
  constexpr std::size_t kLanes = std::max<std::size_t>(8, 64 / sizeof(T));
  T best[kLanes];
  for (T& lane : best) lane = outermost<Largest, T>();
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      best[lane] = displaces<Largest>(x[i + lane], best[lane]) ? x[i + lane] : best[lane];
    }
  }
  for (; i < count; ++i) best[0] = displaces<Largest>(x[i], best[0]) ? x[i] : best[0];
  for (const T& lane : best) best[0] = displaces<Largest>(lane, best[0]) ? lane : best[0];
  return best[0];
}

}  // namespace functionfuse::detail
