// any and all. Everything but 0 is true, NaN too.

#include <algorithm>

#include "reducer_kernels.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::size_t kRun = 512;

bool is_true(Boolean x) { return x.byte != 0; }
template <class T>
bool is_true(const T& x) {
  if constexpr (kComplexNumber<T>) {
    return x.real() != 0 || x.imag() != 0;
  } else {
    return x != 0;
  }
}

// Both look for an element of one truth: any for one that is true, all for one that is not.
template <class T, bool Sought>
struct Truth {
  static DType state() { return DType::of<bool>(); }

  static void begin(std::byte* state) { *state = std::byte{Sought ? 0 : 1}; }
  static bool found(std::byte state) { return (state != std::byte{0}) == Sought; }
  static void find(std::byte& state) { state = std::byte{Sought ? 1 : 0}; }

  static void fold(const std::byte* elements, std::size_t count, Positions, std::byte* state) {
    const T* x = reinterpret_cast<const T*>(elements);
    for (std::size_t done = 0; done < count && !found(*state); done += kRun) {
      const std::size_t last = std::min(done + kRun, count);
      unsigned hits = 0;
      for (std::size_t i = done; i < last; ++i) hits += is_true(x[i]) == Sought ? 1U : 0U;
      if (hits != 0) find(*state);
    }
  }

  static void columns(const Table& table, Positions, States states) {
    std::uint8_t hits[kMostColumns] = {};
    for (std::size_t row = 0; row < table.rows; ++row) {
      const T* x = row_of<T>(table, row);
      for (std::size_t c = 0; c < table.columns; ++c) {
        hits[c] = static_cast<std::uint8_t>(hits[c] | (is_true(x[c]) == Sought ? 1 : 0));
      }
    }
    for (std::size_t c = 0; c < table.columns; ++c) {
      if (hits[c] != 0) find(state_at<std::byte>(states, c));
    }
  }

  static void merge(std::byte* state, const std::byte* next) {
    if (found(*next)) find(*state);
  }

  static constexpr ReduceKernel kKernel{state, begin, fold, columns, merge};
};

}  // namespace

const ReduceKernel* truth_kernel(const DType& delivered, bool all) {
  return for_number(delivered, [&]<class T>() {
    return all ? &Truth<T, false>::kKernel : &Truth<T, true>::kKernel;
  });
}

}  // namespace functionfuse::detail
