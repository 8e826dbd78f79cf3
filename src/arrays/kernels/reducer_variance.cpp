// var and std. Of a few elements the mean, then the squared distances to it while they are still in
// the cache; such parts are merged by Chan's formula. So nothing cancels, however large the mean.

#include <algorithm>

#include "lane_sum.hpp"
#include "reducer_kernels.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::size_t kRun = 1024;
constexpr std::size_t kRows = 16;

double squared(double x) { return x * x; }
double squared(const std::complex<double>& x) { return x.real() * x.real() + x.imag() * x.imag(); }

template <class T>
struct Deviating {
  using Mean = std::conditional_t<kComplexNumber<T>, std::complex<double>, double>;
  using State = Variance<Mean>;

  static DType state() {
    return DType::packed({{"count", {}, DType::of<std::int64_t>()},
                          {"mean", {}, DType::of<Mean>()},
                          {"squares", {}, DType::of<double>()}});
  }

  static void begin(std::byte* state) { *reinterpret_cast<State*>(state) = State{0, Mean(0), 0}; }

  static void join(State& a, const State& b) {
    if (b.count == 0) return;
    if (a.count == 0) {
      a = b;
      return;
    }
    const std::int64_t count = a.count + b.count;
    const double weight = static_cast<double>(b.count) / static_cast<double>(count);
    const Mean distance = b.mean - a.mean;
    a.mean += distance * weight;
    a.squares += b.squares + squared(distance) * weight * static_cast<double>(a.count);
    a.count = count;
  }

  static State of_run(const T* x, std::size_t count) {
    const auto n = static_cast<double>(count);
    const Mean mean = sum_of<Mean>(x, count) / n;
    double squares = 0;
    if constexpr (kComplexNumber<T>) {
      for (std::size_t i = 0; i < count; ++i) squares += squared(Mean(x[i]) - mean);
    } else {
      const auto distance = [mean](T v) {
        return squared(static_cast<double>(value_of(v)) - mean);
      };
      add_in_lanes<1>(x, count, &squares, distance);
    }
    return {static_cast<std::int64_t>(count), mean, squares};
  }

  static void fold(const std::byte* elements, std::size_t count, Positions, std::byte* state) {
    const T* x = reinterpret_cast<const T*>(elements);
    State total = *reinterpret_cast<State*>(state);
    for (std::size_t done = 0; done < count; done += kRun) {
      join(total, of_run(x + done, std::min(kRun, count - done)));
    }
    *reinterpret_cast<State*>(state) = total;
  }

  static void columns(const Table& table, Positions, States states) {
    Mean means[kMostColumns];
    double squares[kMostColumns];
    const std::size_t columns = table.columns;
    for (std::size_t first = 0; first < table.rows; first += kRows) {
      const std::size_t last = std::min(first + kRows, table.rows);
      const auto count = static_cast<double>(last - first);
      std::fill_n(means, columns, Mean(0));
      std::fill_n(squares, columns, 0.0);
      for (std::size_t row = first; row < last; ++row) {
        const T* x = row_of<T>(table, row);
        for (std::size_t c = 0; c < columns; ++c) means[c] += static_cast<Mean>(value_of(x[c]));
      }
      for (std::size_t c = 0; c < columns; ++c) means[c] /= count;
      for (std::size_t row = first; row < last; ++row) {
        const T* x = row_of<T>(table, row);
        for (std::size_t c = 0; c < columns; ++c) {
          squares[c] += squared(static_cast<Mean>(value_of(x[c])) - means[c]);
        }
      }
      for (std::size_t c = 0; c < columns; ++c) {
        const State part{static_cast<std::int64_t>(last - first), means[c], squares[c]};
        join(state_at<State>(states, c), part);
      }
    }
  }

  static void merge(std::byte* state, const std::byte* next) {
    join(*reinterpret_cast<State*>(state), *reinterpret_cast<const State*>(next));
  }

  static constexpr ReduceKernel kKernel{state, begin, fold, columns, merge};
};

}  // namespace

const ReduceKernel* variance_kernel(const DType& delivered) {
  return for_number(delivered, []<class T>() { return &Deviating<T>::kKernel; });
}

}  // namespace functionfuse::detail
