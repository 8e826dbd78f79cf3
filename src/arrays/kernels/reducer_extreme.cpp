// min and max. Of bools they are all and any.

#include <algorithm>

#include "extreme.hpp"
#include "reducer_kernels.hpp"

namespace functionfuse::detail {
namespace {

template <class T, bool Largest>
struct Extreme {
  static DType state() { return DType::of<T>(); }

  static void begin(std::byte* state) { *reinterpret_cast<T*>(state) = outermost<Largest, T>(); }

  static void take(T& best, const T& x) { best = displaces<Largest>(x, best) ? x : best; }

  static void fold(const std::byte* elements, std::size_t count, Positions, std::byte* state) {
    take(*reinterpret_cast<T*>(state),
         extreme_of<Largest>(reinterpret_cast<const T*>(elements), count));
  }

  static void columns(const Table& table, Positions, States states) {
    T best[kMostColumns];
    const std::size_t columns = table.columns;
    std::copy_n(row_of<T>(table, 0), columns, best);
    for (std::size_t row = 1; row < table.rows; ++row) {
      const T* x = row_of<T>(table, row);
      for (std::size_t c = 0; c < columns; ++c) take(best[c], x[c]);
    }
    for (std::size_t c = 0; c < columns; ++c) take(state_at<T>(states, c), best[c]);
  }

  static void merge(std::byte* state, const std::byte* next) {
    take(*reinterpret_cast<T*>(state), *reinterpret_cast<const T*>(next));
  }

  static constexpr ReduceKernel kKernel{state, begin, fold, columns, merge};
};

}  // namespace

const ReduceKernel* extreme_kernel(const DType& delivered, bool largest) {
  if (delivered.kind() == 'b') return truth_kernel(delivered, !largest);
  return for_number(delivered, [&]<class T>() -> const ReduceKernel* {
    if constexpr (std::is_same_v<T, Boolean>) {
      return nullptr;
    } else {
      return largest ? &Extreme<T, true>::kKernel : &Extreme<T, false>::kKernel;
    }
  });
}

}  // namespace functionfuse::detail
