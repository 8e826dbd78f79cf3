#include <functionfuse/arrays/chunked_array.hpp>

#include <ostream>

#include <functionfuse/error.hpp>

#include "evaluation.hpp"
#include "operations.hpp"

namespace functionfuse {

using detail::elementwise;
using detail::reduce;
using detail::Reduction;
using detail::Ufunc;

ChunkedArray::ChunkedArray(std::shared_ptr<detail::LazyArray> lazy) noexcept : lazy_(std::move(lazy)) {}

const DType& ChunkedArray::dtype() const noexcept { return lazy_->dtype(); }
const Chunks& ChunkedArray::chunks() const noexcept { return lazy_->chunks(); }
std::size_t ChunkedArray::nbytes() const { return NdArray::nbytes_of(dtype(), shape()); }

std::size_t ChunkedArray::size() const {
  return NdArray::nbytes_of(DType::of<std::uint8_t>(), shape());
}

std::string ChunkedArray::repr() const {
  return "ChunkedArray(shape=" + shape_text(shape()) + ", dtype=" + dtype().to_string() +
         ", chunks=" + chunks().to_string() + ")";
}

std::ostream& operator<<(std::ostream& stream, const ChunkedArray& array) { return stream << array.repr(); }

void ChunkedArray::check_one_element() const {
  if (size() == 1) return;
  throw Error(Errc::invalid_argument, "compute_scalar: " + repr() + " has " + std::to_string(size()) +
                                          " elements: reduce it to one (sum, max) before, or compute() it whole");
}

NdArray ChunkedArray::compute(const ComputeOptions& options) const {
  return std::move(compute_all({*this}, options).front());
}

void ChunkedArray::store(ChunkSink& sink, const ComputeOptions& options) const {
  store_all({*this}, {&sink}, options);
}

NdArray ChunkedArray::compute_chunk(const Shape& index) const {
  bool there = index.size() == ndim();
  for (std::size_t axis = 0; there && axis < ndim(); ++axis) {
    there = index[axis] >= 0 && index[axis] < chunks().numblocks()[axis];
  }
  if (!there) {
    throw Error(Errc::invalid_argument, "there is no chunk " + shape_text(index) + " among " +
                                            shape_text(chunks().numblocks()));
  }
  std::vector<Slice> region;
  for (std::size_t axis = 0; axis < ndim(); ++axis) {
    const auto& starts = chunks().starts(axis);
    const auto i = static_cast<std::size_t>(index[axis]);
    region.push_back({starts[i], starts[i + 1]});
  }
  return slice(region).compute({.threads = 1});
}

std::vector<NdArray> compute_all(const std::vector<ChunkedArray>& arrays, const ComputeOptions& options) {
  std::vector<NdArray> results;
  std::vector<detail::Output> outputs;
  results.reserve(arrays.size());
  for (const ChunkedArray& array : arrays) {
    results.push_back(NdArray::empty(array.dtype(), array.shape()));
    outputs.push_back({array.lazy(), nullptr, &results.back()});
  }
  detail::evaluate(outputs, options);
  return results;
}

void store_all(const std::vector<ChunkedArray>& arrays, const std::vector<ChunkSink*>& sinks,
               const ComputeOptions& options) {
  if (arrays.size() != sinks.size()) {
    throw Error(Errc::invalid_argument, "store_all: " + std::to_string(arrays.size()) + " arrays and " +
                                            std::to_string(sinks.size()) + " sinks");
  }
  std::vector<detail::Output> outputs;
  for (std::size_t i = 0; i < arrays.size(); ++i) outputs.push_back({arrays[i].lazy(), sinks[i]});
  detail::evaluate(outputs, options);
}

ChunkedArray operator+(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::add, {a, b}); }
ChunkedArray operator-(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::subtract, {a, b}); }
ChunkedArray operator*(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::multiply, {a, b}); }
ChunkedArray operator/(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::divide, {a, b}); }
ChunkedArray operator%(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::remainder, {a, b}); }
ChunkedArray operator-(const ChunkedArray& a) { return elementwise(Ufunc::negative, {a}); }
ChunkedArray operator&(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::bitwise_and, {a, b}); }
ChunkedArray operator|(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::bitwise_or, {a, b}); }
ChunkedArray operator^(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::bitwise_xor, {a, b}); }
ChunkedArray operator~(const ChunkedArray& a) { return elementwise(Ufunc::invert, {a}); }
ChunkedArray operator==(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::equal, {a, b}); }
ChunkedArray operator!=(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::not_equal, {a, b}); }
ChunkedArray operator<(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::less, {a, b}); }
ChunkedArray operator<=(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::less_equal, {a, b}); }
ChunkedArray operator>(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::greater, {a, b}); }
ChunkedArray operator>=(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::greater_equal, {a, b}); }

ChunkedArray floor_divide(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::floor_divide, {a, b}); }
ChunkedArray power(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::power, {a, b}); }
ChunkedArray minimum(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::minimum, {a, b}); }
ChunkedArray maximum(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::maximum, {a, b}); }
ChunkedArray logical_and(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::logical_and, {a, b}); }
ChunkedArray logical_or(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::logical_or, {a, b}); }
ChunkedArray logical_xor(const ChunkedArray& a, const ChunkedArray& b) { return elementwise(Ufunc::logical_xor, {a, b}); }
ChunkedArray logical_not(const ChunkedArray& a) { return elementwise(Ufunc::logical_not, {a}); }
ChunkedArray absolute(const ChunkedArray& a) { return elementwise(Ufunc::absolute, {a}); }
ChunkedArray sign(const ChunkedArray& a) { return elementwise(Ufunc::sign, {a}); }
ChunkedArray square(const ChunkedArray& a) { return elementwise(Ufunc::square, {a}); }
ChunkedArray sqrt(const ChunkedArray& a) { return elementwise(Ufunc::sqrt, {a}); }
ChunkedArray exp(const ChunkedArray& a) { return elementwise(Ufunc::exp, {a}); }
ChunkedArray log(const ChunkedArray& a) { return elementwise(Ufunc::log, {a}); }
ChunkedArray log10(const ChunkedArray& a) { return elementwise(Ufunc::log10, {a}); }
ChunkedArray sin(const ChunkedArray& a) { return elementwise(Ufunc::sin, {a}); }
ChunkedArray cos(const ChunkedArray& a) { return elementwise(Ufunc::cos, {a}); }
ChunkedArray tan(const ChunkedArray& a) { return elementwise(Ufunc::tan, {a}); }
ChunkedArray tanh(const ChunkedArray& a) { return elementwise(Ufunc::tanh, {a}); }
ChunkedArray floor(const ChunkedArray& a) { return elementwise(Ufunc::floor, {a}); }
ChunkedArray ceil(const ChunkedArray& a) { return elementwise(Ufunc::ceil, {a}); }
ChunkedArray rint(const ChunkedArray& a) { return elementwise(Ufunc::rint, {a}); }
ChunkedArray isnan(const ChunkedArray& a) { return elementwise(Ufunc::isnan, {a}); }
ChunkedArray isfinite(const ChunkedArray& a) { return elementwise(Ufunc::isfinite, {a}); }
ChunkedArray conjugate(const ChunkedArray& a) { return elementwise(Ufunc::conjugate, {a}); }
ChunkedArray real(const ChunkedArray& a) { return elementwise(Ufunc::real, {a}); }
ChunkedArray imag(const ChunkedArray& a) { return elementwise(Ufunc::imag, {a}); }

ChunkedArray ChunkedArray::sum(const Axes& axes, bool keepdims) const {
  return reduce(Reduction::sum, *this, axes, keepdims);
}
ChunkedArray ChunkedArray::mean(const Axes& axes, bool keepdims) const {
  return reduce(Reduction::mean, *this, axes, keepdims);
}
ChunkedArray ChunkedArray::min(const Axes& axes, bool keepdims) const {
  return reduce(Reduction::min, *this, axes, keepdims);
}
ChunkedArray ChunkedArray::max(const Axes& axes, bool keepdims) const {
  return reduce(Reduction::max, *this, axes, keepdims);
}
ChunkedArray ChunkedArray::std(const Axes& axes, bool keepdims, std::int64_t ddof) const {
  return reduce(Reduction::std, *this, axes, keepdims, ddof);
}
ChunkedArray ChunkedArray::var(const Axes& axes, bool keepdims, std::int64_t ddof) const {
  return reduce(Reduction::var, *this, axes, keepdims, ddof);
}
ChunkedArray ChunkedArray::any(const Axes& axes, bool keepdims) const {
  return reduce(Reduction::any, *this, axes, keepdims);
}
ChunkedArray ChunkedArray::all(const Axes& axes, bool keepdims) const {
  return reduce(Reduction::all, *this, axes, keepdims);
}
ChunkedArray ChunkedArray::argmin(std::optional<std::int64_t> axis, bool keepdims) const {
  return reduce(Reduction::argmin, *this, axis ? Axes{*axis} : Axes{}, keepdims);
}
ChunkedArray ChunkedArray::argmax(std::optional<std::int64_t> axis, bool keepdims) const {
  return reduce(Reduction::argmax, *this, axis ? Axes{*axis} : Axes{}, keepdims);
}

}  // namespace functionfuse
