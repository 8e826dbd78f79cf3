// sum and mean: both keep a sum. That of integers is kept modulo 2^64, or for their mean in
// float64.

#include <algorithm>

#include "lane_sum.hpp"
#include "reducer_kernels.hpp"

namespace functionfuse::detail {
namespace {

// Rows that are added up before their sum is added to the state, so that the sum of many rows does
// not lose more than it must.
constexpr std::size_t kRows = 256;

template <class T, class Sum>
struct Summing {
  static DType state() {
    if constexpr (std::is_integral_v<Sum>) {
      if constexpr (std::is_unsigned_v<T>) return DType::of<std::uint64_t>();
      return DType::of<std::int64_t>();
    } else {
      return DType::of<Sum>();
    }
  }

  static void begin(std::byte* state) { *reinterpret_cast<Sum*>(state) = Sum(0); }

  static void fold(const std::byte* elements, std::size_t count, Positions, std::byte* state) {
    *reinterpret_cast<Sum*>(state) += sum_of<Sum>(reinterpret_cast<const T*>(elements), count);
  }

  static void columns(const Table& table, Positions, States states) {
    Sum sums[kMostColumns];
    const std::size_t columns = table.columns;
    for (std::size_t first = 0; first < table.rows; first += kRows) {
      const std::size_t last = std::min(first + kRows, table.rows);
      std::fill_n(sums, columns, Sum(0));
      for (std::size_t row = first; row < last; ++row) {
        const T* x = row_of<T>(table, row);
        for (std::size_t c = 0; c < columns; ++c) sums[c] += static_cast<Sum>(value_of(x[c]));
      }
      for (std::size_t c = 0; c < columns; ++c) state_at<Sum>(states, c) += sums[c];
    }
  }

  static void merge(std::byte* state, const std::byte* next) {
    *reinterpret_cast<Sum*>(state) += *reinterpret_cast<const Sum*>(next);
  }

  static constexpr ReduceKernel kKernel{state, begin, fold, columns, merge};
};

}  // namespace

const ReduceKernel* sum_kernel(const DType& delivered) {
  return for_number(delivered, []<class T>() {
    using Sum = std::conditional_t<std::is_integral_v<Widest<T>>, std::uint64_t, Widest<T>>;
    return &Summing<T, Sum>::kKernel;
  });
}

const ReduceKernel* mean_kernel(const DType& delivered) {
  return for_number(delivered, []<class T>() {
    using Sum = std::conditional_t<std::is_integral_v<Widest<T>>, double, Widest<T>>;
    return &Summing<T, Sum>::kKernel;
  });
}

}  // namespace functionfuse::detail
