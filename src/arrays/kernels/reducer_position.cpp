// argmin and argmax. The value is kept beside its position, in the largest type of its kind. Pieces
// come in any order (an array is walked in the order of its memory), so that of equal values the
// one with the lower position wins, not the one that came first.

#include <algorithm>

#include "extreme.hpp"
#include "reducer_kernels.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::size_t kRun = 512;

template <class T, bool Largest>
struct Position {
  using Value = Widest<T>;
  using State = Located<Value>;

  static DType state() {
    return DType::packed(
        {{"position", {}, DType::of<std::int64_t>()}, {"value", {}, DType::of<Value>()}});
  }

  static void begin(std::byte* state) { *reinterpret_cast<State*>(state) = State{-1, Value(0)}; }

  static bool is_nan(const Value& x) {
    if constexpr (kComplexNumber<Value>) {
      return has_nan(x);
    } else {
      return x != x;
    }
  }

  static bool same(const Value& a, const Value& b) { return a == b || (is_nan(a) && is_nan(b)); }

  // Whether a value is further out than the state's, or as far at a lower position.
  static bool wins(const Value& x, std::int64_t position, const State& state) {
    if (state.position < 0) return true;
    if (same(x, state.value)) return position < state.position;
    return !is_nan(state.value) && displaces<Largest>(x, state.value);
  }

  static Value wide(const T& x) { return static_cast<Value>(value_of(x)); }

  static Value best_of(const T* x, std::size_t count) {
    if constexpr (std::is_same_v<T, Boolean>) {
      Value best = wide(x[0]);
      for (std::size_t i = 1; i < count; ++i) {
        best = Largest ? std::max(best, wide(x[i])) : std::min(best, wide(x[i]));
      }
      return best;
    } else {
      return wide(extreme_of<Largest>(x, count));
    }
  }

  // First the best value of a run, which vectors are good at; its place only if it wins.
  static void fold(const std::byte* elements, std::size_t count, Positions at, std::byte* state) {
    const T* x = reinterpret_cast<const T*>(elements);
    auto& kept = *reinterpret_cast<State*>(state);
    for (std::size_t done = 0; done < count; done += kRun) {
      const T* run = x + done;
      const std::size_t part = std::min(kRun, count - done);
      const Value best = best_of(run, part);
      if (!wins(best, at.first + static_cast<std::int64_t>(done) * at.step, kept)) continue;
      const T* found =
          std::find_if(run, run + part, [&](const T& v) { return same(wide(v), best); });
      const std::int64_t position = at.first + (found - x) * at.step;
      if (wins(best, position, kept)) kept = {position, best};
    }
  }

  static void columns(const Table& table, Positions at, States states) {
    for (std::size_t row = 0; row < table.rows; ++row) {
      const T* x = row_of<T>(table, row);
      const std::int64_t position = at.first + static_cast<std::int64_t>(row) * at.step;
      for (std::size_t c = 0; c < table.columns; ++c) {
        auto& kept = state_at<State>(states, c);
        if (wins(wide(x[c]), position, kept)) kept = {position, wide(x[c])};
      }
    }
  }

  static void merge(std::byte* state, const std::byte* next) {
    auto& kept = *reinterpret_cast<State*>(state);
    const auto& other = *reinterpret_cast<const State*>(next);
    if (other.position >= 0 && wins(other.value, other.position, kept)) kept = other;
  }

  static constexpr ReduceKernel kKernel{state, begin, fold, columns, merge};
};

}  // namespace

const ReduceKernel* position_kernel(const DType& delivered, bool largest) {
  return for_number(delivered, [&]<class T>() {
    return largest ? &Position<T, true>::kKernel : &Position<T, false>::kKernel;
  });
}

}  // namespace functionfuse::detail
