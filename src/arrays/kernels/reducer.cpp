// Reducer: takes an array's elements to the loops of reducer_*.cpp. The axes are walked in the
// order of the memory, the closest elements last, and joined where they lie like one. What is left
// is either runs of elements that become one (fold), or tables whose columns each become one: rows
// of a C array that is reduced along its first axis, for example.

#include "reducer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <string>

#include <functionfuse/error.hpp>

#include "block_reader.hpp"
#include "arrays/convert.hpp"
#include "reducer_kernels.hpp"
#include "arrays/strided.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::array<std::string_view, 10> kNames{"sum", "mean", "min", "max",    "std",
                                                  "var", "any",  "all", "argmin", "argmax"};

bool finds_position(Reduction r) { return r == Reduction::argmin || r == Reduction::argmax; }
bool needs_elements(Reduction r) {
  return finds_position(r) || r == Reduction::min || r == Reduction::max;
}

const ReduceKernel* find_kernel(Reduction r, const DType& input) {
  if (!input.is_numeric()) return nullptr;
  const DType delivered = BlockReader::delivered(input);
  switch (r) {
    case Reduction::sum:
      return sum_kernel(delivered);
    case Reduction::mean:
      return mean_kernel(delivered);
    case Reduction::min:
    case Reduction::max:
      return extreme_kernel(delivered, r == Reduction::max);
    case Reduction::std:
    case Reduction::var:
      return variance_kernel(delivered);
    case Reduction::any:
    case Reduction::all:
      return truth_kernel(delivered, r == Reduction::all);
    default:
      return position_kernel(delivered, r == Reduction::argmax);
  }
}

DType result_of(Reduction r, const DType& input, const DType& state) {
  const bool inexact = input.kind() == 'f' || input.kind() == 'c';
  switch (r) {
    case Reduction::sum:
      return inexact ? input : state;
    case Reduction::mean:
      return inexact ? input : DType::of<double>();
    case Reduction::std:
    case Reduction::var:
      if (input.kind() == 'f') return input;
      return input == DType::of<std::complex<float>>() ? DType::of<float>() : DType::of<double>();
    case Reduction::min:
    case Reduction::max:
      return input;
    case Reduction::any:
    case Reduction::all:
      return DType::of<bool>();
    default:
      return DType::of<std::int64_t>();
  }
}

[[noreturn]] void fail(Reduction r, const std::string& what) {
  throw Error(Errc::invalid_argument, std::string(name(r)) + ": " + what);
}

[[noreturn]] void fail_unsupported(Reduction r, const DType& input) {
  const std::string text = std::string(name(r)) + " of " + input.to_string();
  if (!input.is_numeric()) {
    throw UnsupportedError(text + ": only numbers and bools can be reduced; take a field first");
  }
  throw UnsupportedError(text +
                         ", which is only stored and converted here: convert with astype to " +
                         (input.kind() == 'c' ? "complex128" : "float64") + " first");
}

void check_state(Reduction r, const Shape& shape, const std::vector<bool>& reduced,
                 const DType& dtype, const NdArray& state) {
  bool fits = shape.size() == reduced.size() && state.ndim() == shape.size() &&
              state.dtype().itemsize() == dtype.itemsize() && state.is_c_contiguous();
  for (std::size_t d = 0; fits && d < shape.size(); ++d) {
    fits = state.shape()[d] == (reduced[d] ? 1 : shape[d]);
  }
  if (fits) return;
  fail(r, "elements of shape " + shape_text(shape) + " do not go into a state of shape " +
              shape_text(state.shape()) + " and dtype " + state.dtype().to_string());
}

// --- Walking ----------------------------------------------------------------------------------

struct Axis {
  std::int64_t length;
  std::int64_t source, state, position;  // from one element to the next

  [[nodiscard]] bool kept() const { return state != 0; }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(length); }
};

struct Place {
  std::int64_t source, state, position;
};

// The axes of an array in the order in which they are walked.
class Axes {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  Axis& operator[](std::size_t i) { return axes_[i]; }

  void insert(const Axis& axis) {  // before those whose elements are closer together
    std::size_t at = size_++;
    for (; at > 0 && std::llabs(axes_[at - 1].source) < std::llabs(axis.source); --at) {
      axes_[at] = axes_[at - 1];
    }
    axes_[at] = axis;
  }

  void join() {
    std::size_t last = 0;
    for (std::size_t i = 1; i < size_; ++i) {
      Axis& outer = axes_[last];
      const Axis& inner = axes_[i];
      if (outer.source == inner.source * inner.length &&
          outer.state == inner.state * inner.length &&
          outer.position == inner.position * inner.length) {
        outer = {outer.length * inner.length, inner.source, inner.state, inner.position};
      } else {
        axes_[++last] = inner;
      }
    }
    if (size_ > 0) size_ = last + 1;
  }

  /// Takes out the last axis that is kept (or reduced); one of length 1 if there is none.
  Axis take(bool kept) {
    for (std::size_t i = size_; i-- > 0;) {
      if (axes_[i].kept() != kept) continue;
      const Axis found = axes_[i];
      std::copy(axes_.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                axes_.begin() + static_cast<std::ptrdiff_t>(size_),
                axes_.begin() + static_cast<std::ptrdiff_t>(i));
      --size_;
      return found;
    }
    return {1, 0, 0, 0};
  }

  [[nodiscard]] std::int64_t longest_kept() const {
    std::int64_t longest = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (axes_[i].kept()) longest = std::max(longest, axes_[i].length);
    }
    return longest;
  }

 private:
  std::array<Axis, DType::kMaxRank> axes_;
  std::size_t size_ = 0;
};

class Walk {
 public:
  Walk(const ReduceKernel& kernel, const BlockReader& reader, std::byte* states, const Axes& axes)
      : kernel_(kernel), reader_(reader), states_(states), axes_(axes) {
    axes_.join();
    // Short runs are not worth a call each where there are many of them side by side.
    constexpr std::int64_t kShort = 16;
    const bool ends_kept = axes_.size() > 0 && axes_[axes_.size() - 1].kept();
    const bool short_runs = axes_.size() > 0 && axes_[axes_.size() - 1].length < kShort &&
                            axes_.longest_kept() >= kShort;
    if (ends_kept || short_runs) columns_ = axes_.take(true);
    in_columns_ = ends_kept || short_runs;
    rows_ = axes_.take(false);
  }

  void run(Place place) { run(0, place); }

 private:
  void run(std::size_t axis, Place place) {
    if (axis == axes_.size()) return in_columns_ ? table(place) : fold(place);
    const Axis& outer = axes_[axis];
    for (std::int64_t i = 0; i < outer.length; ++i) {
      run(axis + 1, place);
      place.source += outer.source;
      place.state += outer.state;
      place.position += outer.position;
    }
  }

  void fold(const Place& place) {
    const std::size_t count = rows_.size();
    const bool direct = reader_.direct(rows_.source) || count == 1;
    const std::size_t block = direct ? count : buffer_.size() / reader_.size();
    for (std::size_t done = 0; done < count; done += block) {
      const auto at = static_cast<std::int64_t>(done);
      const std::size_t part = std::min(block, count - done);
      const std::byte* elements =
          reader_.read(place.source + at * rows_.source, rows_.source, part, buffer_.data());
      kernel_.fold(elements, part, {place.position + at * rows_.position, rows_.position},
                   states_ + place.state);
    }
  }

  void table(const Place& place) {
    constexpr std::size_t kBuffered = 128;
    const bool direct = reader_.direct(columns_.source);
    const std::size_t block = direct ? kMostColumns : kBuffered;
    for (std::size_t done = 0; done < columns_.size(); done += block) {
      const auto at = static_cast<std::int64_t>(done);
      const std::size_t columns = std::min(block, columns_.size() - done);
      const Place part{place.source + at * columns_.source, place.state + at * columns_.state,
                       place.position};
      const States states{states_ + part.state, columns_.state};
      if (direct) {
        kernel_.columns({reader_.data() + part.source, rows_.source, rows_.size(), columns},
                        {part.position, rows_.position}, states);
      } else {
        buffered_table(part, columns, states);
      }
    }
  }

  void buffered_table(const Place& place, std::size_t columns, const States& states) {
    const std::size_t row_bytes = columns * reader_.size();
    const std::size_t most = buffer_.size() / row_bytes;
    for (std::size_t done = 0; done < rows_.size(); done += most) {
      const std::size_t rows = std::min(most, rows_.size() - done);
      const auto first = static_cast<std::int64_t>(done);
      for (std::size_t row = 0; row < rows; ++row) {
        const std::int64_t from =
            place.source + (first + static_cast<std::int64_t>(row)) * rows_.source;
        std::byte* to = buffer_.data() + row * row_bytes;
        const std::byte* at = reader_.read(from, columns_.source, columns, to);
        if (at != to) std::copy_n(at, row_bytes, to);
      }
      kernel_.columns({buffer_.data(), static_cast<std::int64_t>(row_bytes), rows, columns},
                      {place.position + first * rows_.position, rows_.position}, states);
    }
  }

  const ReduceKernel& kernel_;
  const BlockReader& reader_;
  std::byte* states_;
  Axes axes_;
  Axis rows_{1, 0, 0, 0}, columns_{1, 0, 0, 0};
  bool in_columns_ = false;
  alignas(64) std::array<std::byte, 16384> buffer_;
};

// --- Results ------------------------------------------------------------------------------------

void convert_flat(const DType& from, const std::byte* src, std::int64_t step, std::size_t count,
                  const DType& to, std::byte* dst) {
  convert_numbers({static_cast<std::int64_t>(count)}, from, src, {step}, to, dst,
                  {static_cast<std::int64_t>(to.itemsize())}, Fit::cast);
}

// Of every state the value that f computes, converted to the result's dtype.
template <class State, class F>
void finish_each(const NdArray& states, NdArray& result, F f) {
  const auto* state = reinterpret_cast<const State*>(states.data());
  using Value = decltype(f(*state));
  std::array<Value, 64> values;
  std::byte* to = result.mutable_data();
  for (std::size_t done = 0; done < states.size(); done += values.size()) {
    const std::size_t part = std::min(values.size(), states.size() - done);
    for (std::size_t i = 0; i < part; ++i) values[i] = f(state[done + i]);
    convert_flat(DType::of<Value>(), reinterpret_cast<const std::byte*>(values.data()),
                 sizeof(Value), part, result.dtype(), to + done * result.dtype().itemsize());
  }
}

void finish_mean(const NdArray& states, NdArray& result, double count) {
  if (states.dtype().kind() == 'c') {
    finish_each<std::complex<double>>(states, result,
                                      [&](const std::complex<double>& sum) { return sum / count; });
  } else {
    finish_each<double>(states, result, [&](double sum) { return sum / count; });
  }
}

void finish_variance(const NdArray& states, NdArray& result, double divisor, bool root) {
  const auto value = [&](const auto& state) {
    const double variance = state.squares / divisor;
    return root ? std::sqrt(variance) : variance;
  };
  if (states.dtype().itemsize() == sizeof(Variance<std::complex<double>>)) {
    finish_each<Variance<std::complex<double>>>(states, result, value);
  } else {
    finish_each<Variance<double>>(states, result, value);
  }
}

}  // namespace

std::string_view name(Reduction r) { return kNames[static_cast<std::size_t>(r)]; }

Reducer::Reducer(Reduction reduction, const DType& input, const Shape& shape,
                 std::vector<bool> reduced, std::int64_t ddof)
    : reduction_(reduction),
      input_(input.newbyteorder('=')),
      reduced_(std::move(reduced)),
      ddof_(ddof) {
  if (reduced_.size() != shape.size()) fail(reduction, "one flag for each axis is needed");
  kernel_ = find_kernel(reduction, input_);
  if (kernel_ == nullptr) fail_unsupported(reduction, input_);
  state_ = kernel_->state();
  result_ = result_of(reduction, input_, state_);
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (reduced_[d]) count_ *= shape[d];
  }
  if (count_ == 0 && needs_elements(reduction)) {
    fail(reduction, "an array of shape " + shape_text(shape) + " has no elements along an axis " +
                        "that is reduced, and nothing is least or largest of none");
  }
  if (finds_position(reduction)) choose_positions(shape);
}

void Reducer::choose_positions(const Shape& shape) {
  const auto axes = std::count(reduced_.begin(), reduced_.end(), true);
  const bool all = static_cast<std::size_t>(axes) == reduced_.size();
  if (!all && axes != 1) {
    fail(reduction_, "of " + std::to_string(axes) + " of " + std::to_string(reduced_.size()) +
                         " axes: a position is along one axis or, as one number, in all");
  }
  positions_.assign(shape.size(), 0);
  std::int64_t step = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (!reduced_[d]) continue;
    positions_[d] = step;
    step *= shape[d];
  }
}

void Reducer::partial(const NdArray& chunk, const Shape& origin, NdArray& state) const {
  begin(state);
  add(chunk, origin, state);
}

void Reducer::begin(NdArray& state) const {
  std::byte* at = state.mutable_data();
  for (std::size_t i = 0; i < state.size(); ++i) kernel_->begin(at + i * state_.itemsize());
}

void Reducer::add(const NdArray& piece, const Shape& origin, NdArray& state) const {
  check_state(reduction_, piece.shape(), reduced_, state_, state);
  if (piece.size() == 0) return;
  const BlockReader reader(piece, input_);
  Axes axes;
  Place start{0, 0, 0};
  for (std::size_t d = 0; d < piece.ndim(); ++d) {
    const std::int64_t position = positions_.empty() ? 0 : positions_[d];
    if (position != 0) start.position += origin[d] * position;
    if (piece.shape()[d] == 1) continue;
    axes.insert(
        {piece.shape()[d], piece.strides()[d], reduced_[d] ? 0 : state.strides()[d], position});
  }
  Walk(*kernel_, reader, state.mutable_data(), axes).run(start);
}

void Reducer::merge(NdArray& state, const NdArray& next) const {
  if (state.shape() != next.shape()) {
    fail(reduction_, "states of shapes " + shape_text(state.shape()) + " and " +
                         shape_text(next.shape()) + " can't be merged");
  }
  std::byte* to = state.mutable_data();
  const std::size_t size = state_.itemsize();
  for (std::size_t i = 0; i < state.size(); ++i)
    kernel_->merge(to + i * size, next.data() + i * size);
}

void Reducer::finish(const NdArray& state, NdArray& result) const {
  if (state.shape() != result.shape()) {
    fail(reduction_, "a state of shape " + shape_text(state.shape()) +
                         " can't become a result of shape " + shape_text(result.shape()));
  }
  switch (reduction_) {
    case Reduction::mean:
      return finish_mean(state, result, static_cast<double>(count_));
    case Reduction::std:
    case Reduction::var:
      return finish_variance(state, result,
                             static_cast<double>(std::max<std::int64_t>(count_ - ddof_, 0)),
                             reduction_ == Reduction::std);
    case Reduction::argmin:
    case Reduction::argmax:
      return convert_flat(result_, state.data(), static_cast<std::int64_t>(state_.itemsize()),
                          state.size(), result_, result.mutable_data());
    default:
      return convert_flat(state_, state.data(), static_cast<std::int64_t>(state_.itemsize()),
                          state.size(), result_, result.mutable_data());
  }
}

}  // namespace functionfuse::detail
