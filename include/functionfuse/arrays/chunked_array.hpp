#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <functionfuse/arrays/chunk_source.hpp>
#include <functionfuse/arrays/chunks.hpp>
#include <functionfuse/arrays/compute_options.hpp>
#include <functionfuse/arrays/nd_array.hpp>

/// \file
/// ChunkedArray: an array of any size, computed chunk by chunk; the counterpart of a Dask array.
///
///     auto x = ff::ChunkedArray::from_function<double>({20000, 20000}, {2000, 2000}, fill);
///     auto y = (x * x + 1).sum({0});           // nothing is computed yet
///     ff::NdArray sums = y.compute();          // chunks on all cores, within the memory limit

namespace functionfuse {

namespace detail {
class LazyArray;
}

/// Where a chunk lies.
struct Block {
  std::size_t number;  ///< of the chunk, in C order
  Shape index;         ///< of the chunk among the chunks: Dask's chunk-location
  Shape origin;        ///< of its first element in the array
  Shape shape;         ///< of the chunk
};

/// A lazy array in chunks. Its operations make a new array and compute nothing; compute(),
/// compute_all() and store() do, chunk by chunk, on several threads and within a memory limit
/// (ComputeOptions). A value that shares what it stands for with its copies: copying costs no more
/// than a pointer.
///
/// Operations follow numpy 1.x in their meaning, broadcasting and result types; operands of
/// different chunks are cut so that they fit. Axes may be negative, which counts from the last. An
/// error in the arguments is thrown at once; the text says what numpy would say.
///
/// What an array is made of is computed once in an evaluation, however many results need it, and
/// once for good when the array has been saved by a serializer: it then is what was stored.
///
/// \threads  any number may use one array and arrays that share operands, compute() included
class ChunkedArray {
 public:
  /// One axis, or several in braces or a vector. Negative ones count from the last. None are all axes for a
  /// reduction.
  class Axes : public std::vector<std::int64_t> {
   public:
    Axes() = default;
    Axes(std::initializer_list<std::int64_t> axes) : vector(axes) {}
    template <std::integral T>
    Axes(const std::vector<T>& axes) : vector(axes.begin(), axes.end()) {}
    template <std::integral T>
      requires(!std::same_as<T, bool>)  // sum(true) was meant for keepdims
    Axes(T axis) : vector(1, static_cast<std::int64_t>(axis)) {}
  };

  /// Writes all elements of one chunk, of unspecified content before; called from several threads at a time.
  using Fill = std::function<void(NdArray& block, const Block& where)>;
  /// Makes a block of blocks, which it may not write to; called from several threads at a time.
  using BlockFunction = std::function<void(std::span<const NdArray> blocks, NdArray& out, const Block& where)>;

  /// Float64, shape (0,).
  ChunkedArray();
  ChunkedArray(const ChunkedArray&) = default;
  ChunkedArray(ChunkedArray&&) noexcept = default;
  // Not of a temporary: `x[0] = y` would change nothing of x.
  ChunkedArray& operator=(const ChunkedArray&) & = default;
  ChunkedArray& operator=(ChunkedArray&&) & noexcept = default;
  ~ChunkedArray() = default;
  /// A scalar as an operand, of rank 0: `x + 1`. As in numpy 1.x its value takes part in the choice of
  /// the result's dtype: a uint8 array plus 1 is uint8.
  template <ArrayElement T>
  ChunkedArray(T scalar) : ChunkedArray(NdArray::scalar(scalar)) {}
  /// An array in memory, in one chunk, without a copy. It must not be written to afterwards.
  ChunkedArray(const NdArray& array);
  /// Anything that can be read chunk by chunk.
  explicit ChunkedArray(std::shared_ptr<const ChunkSource> source);

  // Making one. `chunks`: a length for each axis (-1: the whole), or Chunks of any lengths, which say the
  // shape too.

  static ChunkedArray from_array(const NdArray& array, const Shape& chunks);
  static ChunkedArray from_array(const NdArray& array, const Chunks& chunks);
  /// from_array(array, {{2, 2}, {4}})
  static ChunkedArray from_array(const NdArray& array,
                                 std::initializer_list<std::initializer_list<std::int64_t>> chunks) {
    return from_array(array, Chunks({chunks.begin(), chunks.end()}));
  }
  /// Copies; one axis.
  template <ArrayElement T>
  static ChunkedArray from_array(std::span<const T> values, std::int64_t chunk);
  template <ArrayElement T>
  static ChunkedArray from_array(const std::vector<T>& values, std::int64_t chunk) {
    return from_array(NdArray::from(values), {chunk});
  }
  /// `fill` is called when a chunk is needed; it should give the same for the same chunk each time.
  static ChunkedArray from_function(const DType& dtype, const Chunks& chunks, Fill fill);
  /// The same for elements of a C++ type; `fill(std::span<T> elements, const Block&)`, in C order.
  template <ArrayElement T, std::invocable<std::span<T>, const Block&> F>
  static ChunkedArray from_function(const Chunks& chunks, F fill) {
    return from_function(DType::of<T>(), chunks, [fill = std::move(fill)](NdArray& block, const Block& where) {
      fill(block.mutable_view<T>(), where);
    });
  }
  template <ArrayElement T, std::invocable<std::span<T>, const Block&> F>
  static ChunkedArray from_function(const Shape& shape, const Shape& chunks, F fill) {
    return from_function<T>(Chunks::regular(shape, chunks), std::move(fill));
  }
  /// The chunks themselves, in C order.
  /// \error invalid_argument  their number, shapes or dtypes do not fit `chunks`
  static ChunkedArray from_chunks(const Chunks& chunks, std::vector<NdArray> blocks);
  static ChunkedArray zeros(const Shape& shape, const Shape& chunks, const DType& dtype = {});
  static ChunkedArray full(const Shape& shape, const Shape& chunks, const NdArray& value);
  template <ArrayElement T>
  static ChunkedArray full(const Shape& shape, const Shape& chunks, T value) {
    return full(shape, chunks, NdArray::scalar(value));
  }
  /// numpy.arange: start, start + step, ... before stop. Int64 if all three are integers, otherwise float64.
  /// \error invalid_argument  a step of 0, or more than 2^63 - 1 elements
  template <class Start, class Stop, class Step>
    requires(std::is_arithmetic_v<Start> && std::is_arithmetic_v<Stop> && std::is_arithmetic_v<Step>)
  static ChunkedArray arange(Start start, Stop stop, Step step, std::int64_t chunk) {
    using T = std::conditional_t<std::is_integral_v<Start> && std::is_integral_v<Stop> && std::is_integral_v<Step>,
                                 std::int64_t, double>;
    return arange_of(static_cast<T>(start), static_cast<T>(stop), static_cast<T>(step), chunk);
  }

  // What it is.

  [[nodiscard]] const DType& dtype() const noexcept;
  [[nodiscard]] const Shape& shape() const noexcept { return chunks().shape(); }
  [[nodiscard]] const Chunks& chunks() const noexcept;
  [[nodiscard]] std::size_t ndim() const noexcept { return shape().size(); }
  /// \error invalid_argument  size() and nbytes(): beyond 2^63 - 1
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t nbytes() const;
  /// "ChunkedArray(shape=(4, 6), dtype=float64, chunks=((2, 2), (6,)))"
  [[nodiscard]] std::string repr() const;

  // Computing.

  /// The elements, in C order. The result is not counted in the memory limit.
  /// \error invalid_argument  a chunk needs more memory than the limit; the text says how much
  /// \error any               what a function or a file that is read throws
  [[nodiscard]] NdArray compute(const ComputeOptions& options = {}) const;
  /// A result of one element.
  /// \error invalid_argument  it has more elements, or none
  template <ArrayElement T>
  [[nodiscard]] T compute_scalar(const ComputeOptions& options = {}) const {
    check_one_element();
    return compute(options).reshape({}).template at<T>();
  }
  /// Computes the chunks and hands each to the sink; nothing is kept.
  void store(ChunkSink& sink, const ComputeOptions& options = {}) const;
  /// One chunk, computed in this thread alone. \param index  ndim() numbers below numblocks()
  [[nodiscard]] NdArray compute_chunk(const Shape& index) const;

  // Elementwise. Arithmetic follows numpy; `%` has Python's sign.

  friend ChunkedArray operator+(const ChunkedArray& a, const ChunkedArray& b);
  friend ChunkedArray operator-(const ChunkedArray& a, const ChunkedArray& b);
  friend ChunkedArray operator*(const ChunkedArray& a, const ChunkedArray& b);
  /// numpy.divide: integers divide to float64.
  friend ChunkedArray operator/(const ChunkedArray& a, const ChunkedArray& b);
  friend ChunkedArray operator%(const ChunkedArray& a, const ChunkedArray& b);
  friend ChunkedArray operator-(const ChunkedArray& a);
  /// `x += y` is `x = x + y`: a new array, to which copies of the old one do not belong.
  ChunkedArray& operator+=(const ChunkedArray& other) & { return *this = *this + other; }
  ChunkedArray& operator-=(const ChunkedArray& other) & { return *this = *this - other; }
  ChunkedArray& operator*=(const ChunkedArray& other) & { return *this = *this * other; }
  ChunkedArray& operator/=(const ChunkedArray& other) & { return *this = *this / other; }
  /// Bitwise for integers, logical for bools.
  friend ChunkedArray operator&(const ChunkedArray& a, const ChunkedArray& b);
  friend ChunkedArray operator|(const ChunkedArray& a, const ChunkedArray& b);
  friend ChunkedArray operator^(const ChunkedArray& a, const ChunkedArray& b);
  friend ChunkedArray operator~(const ChunkedArray& a);
  /// Comparisons give an array of bool, as in numpy.
  friend ChunkedArray operator==(const ChunkedArray& a, const ChunkedArray& b);
  friend ChunkedArray operator!=(const ChunkedArray& a, const ChunkedArray& b);
  friend ChunkedArray operator<(const ChunkedArray& a, const ChunkedArray& b);
  friend ChunkedArray operator<=(const ChunkedArray& a, const ChunkedArray& b);
  friend ChunkedArray operator>(const ChunkedArray& a, const ChunkedArray& b);
  friend ChunkedArray operator>=(const ChunkedArray& a, const ChunkedArray& b);

  /// As NdArray::astype, chunk by chunk.
  [[nodiscard]] ChunkedArray astype(const DType& dtype) const;

  /// Any function on blocks. The arrays broadcast against each other, and `f` gets the blocks that belong
  /// together; the result has their shape and chunks.
  static ChunkedArray map_blocks(const BlockFunction& f, const std::vector<ChunkedArray>& arrays,
                                 const DType& dtype);
  /// The same where the result has other chunks: as many along each axis as the arrays have.
  /// \error invalid_argument  another number of chunks
  static ChunkedArray map_blocks(const BlockFunction& f, const std::vector<ChunkedArray>& arrays,
                                 const DType& dtype, const Chunks& chunks);
  /// Of one array, with typed elements: `f(std::span<const In>, std::span<Out>, const Block&)`.
  template <ArrayElement In, ArrayElement Out, class F>
  [[nodiscard]] ChunkedArray map_blocks(F f) const {
    return map_blocks(
        [f = std::move(f)](std::span<const NdArray> blocks, NdArray& out, const Block& where) {
          f(blocks[0].ascontiguous().template view<In>(), out.mutable_view<Out>(), where);
        },
        {astype(DType::of<In>())}, DType::of<Out>());
  }

  // Other places for the elements.

  /// The part that Python writes as a[s0, s1, ...]; as NdArray::slice. Only the chunks that it touches are
  /// computed or read.
  [[nodiscard]] ChunkedArray slice(const std::vector<Slice>& slices) const;
  /// a[i], one axis less; negative counts from the end.
  [[nodiscard]] ChunkedArray operator[](std::int64_t index) const { return take(index, 0); }
  /// numpy.take with one index: a[:, i] for axis 1.
  [[nodiscard]] ChunkedArray take(std::int64_t index, std::int64_t axis) const;
  [[nodiscard]] ChunkedArray rechunk(const Shape& chunks) const;
  /// \error invalid_argument  chunks of another shape
  [[nodiscard]] ChunkedArray rechunk(const Chunks& chunks) const;
  /// rechunk({{2, 2}, {4}})
  [[nodiscard]] ChunkedArray rechunk(
      std::initializer_list<std::initializer_list<std::int64_t>> chunks) const {
    return rechunk(Chunks({chunks.begin(), chunks.end()}));
  }
  [[nodiscard]] ChunkedArray transpose() const;
  [[nodiscard]] ChunkedArray transpose(const Axes& axes) const;
  /// One axis of length 1 more: numpy.expand_dims.
  [[nodiscard]] ChunkedArray expand_dims(std::int64_t axis) const;
  /// numpy.broadcast_to.
  [[nodiscard]] ChunkedArray broadcast_to(const Shape& shape) const;
  static ChunkedArray concatenate(const std::vector<ChunkedArray>& arrays, std::int64_t axis = 0);
  static ChunkedArray stack(const std::vector<ChunkedArray>& arrays, std::int64_t axis = 0);
  /// One field of a structured array.
  [[nodiscard]] ChunkedArray field(std::string_view name) const;

  // Reductions over the given axes; none given: over all.

  [[nodiscard]] ChunkedArray sum(const Axes& axes = {}, bool keepdims = false) const;
  [[nodiscard]] ChunkedArray mean(const Axes& axes = {}, bool keepdims = false) const;
  [[nodiscard]] ChunkedArray min(const Axes& axes = {}, bool keepdims = false) const;
  [[nodiscard]] ChunkedArray max(const Axes& axes = {}, bool keepdims = false) const;
  /// \param ddof  the divisor is the number of elements less ddof
  [[nodiscard]] ChunkedArray std(const Axes& axes = {}, bool keepdims = false, std::int64_t ddof = 0) const;
  [[nodiscard]] ChunkedArray var(const Axes& axes = {}, bool keepdims = false, std::int64_t ddof = 0) const;
  [[nodiscard]] ChunkedArray any(const Axes& axes = {}, bool keepdims = false) const;
  [[nodiscard]] ChunkedArray all(const Axes& axes = {}, bool keepdims = false) const;
  /// Over one axis, the index along it; over all, the flat index in C order.
  [[nodiscard]] ChunkedArray argmin(std::optional<std::int64_t> axis = std::nullopt, bool keepdims = false) const;
  [[nodiscard]] ChunkedArray argmax(std::optional<std::int64_t> axis = std::nullopt, bool keepdims = false) const;

  /// Of two arrays of two dimensions each.
  friend ChunkedArray matmul(const ChunkedArray& a, const ChunkedArray& b);

  /// From now on this array, its copies and all that was made of them read their elements from `stored`, an
  /// array of the same dtype, shape and content. Serializers call it, so that what is used after saving is
  /// what was saved.
  /// \error invalid_argument  another dtype or shape, or `stored` is itself made of this array
  void set_stored(const ChunkedArray& stored) const;

  /// One object for all copies of this array.
  [[nodiscard]] std::shared_ptr<const void> identity() const noexcept { return lazy_; }

  /// For the functions of this library.
  explicit ChunkedArray(std::shared_ptr<detail::LazyArray> lazy) noexcept;
  [[nodiscard]] const std::shared_ptr<detail::LazyArray>& lazy() const noexcept { return lazy_; }

 private:
  void check_one_element() const;
  static ChunkedArray arange_of(std::int64_t start, std::int64_t stop, std::int64_t step, std::int64_t chunk);
  static ChunkedArray arange_of(double start, double stop, double step, std::int64_t chunk);

  std::shared_ptr<detail::LazyArray> lazy_;
};

ChunkedArray matmul(const ChunkedArray& a, const ChunkedArray& b);

/// Numpy's functions of the same names.
ChunkedArray floor_divide(const ChunkedArray& a, const ChunkedArray& b);
ChunkedArray power(const ChunkedArray& a, const ChunkedArray& b);
ChunkedArray minimum(const ChunkedArray& a, const ChunkedArray& b);
ChunkedArray maximum(const ChunkedArray& a, const ChunkedArray& b);
ChunkedArray logical_and(const ChunkedArray& a, const ChunkedArray& b);
ChunkedArray logical_or(const ChunkedArray& a, const ChunkedArray& b);
ChunkedArray logical_xor(const ChunkedArray& a, const ChunkedArray& b);
ChunkedArray logical_not(const ChunkedArray& a);
ChunkedArray absolute(const ChunkedArray& a);
ChunkedArray sign(const ChunkedArray& a);
ChunkedArray square(const ChunkedArray& a);
ChunkedArray sqrt(const ChunkedArray& a);
ChunkedArray exp(const ChunkedArray& a);
ChunkedArray log(const ChunkedArray& a);
ChunkedArray log10(const ChunkedArray& a);
ChunkedArray sin(const ChunkedArray& a);
ChunkedArray cos(const ChunkedArray& a);
ChunkedArray tan(const ChunkedArray& a);
ChunkedArray tanh(const ChunkedArray& a);
ChunkedArray floor(const ChunkedArray& a);
ChunkedArray ceil(const ChunkedArray& a);
ChunkedArray rint(const ChunkedArray& a);
ChunkedArray isnan(const ChunkedArray& a);
ChunkedArray isfinite(const ChunkedArray& a);
ChunkedArray conjugate(const ChunkedArray& a);
ChunkedArray real(const ChunkedArray& a);
ChunkedArray imag(const ChunkedArray& a);

/// array.repr()
std::ostream& operator<<(std::ostream& stream, const ChunkedArray& array);

/// Several arrays in one evaluation: what they share is computed once.
[[nodiscard]] std::vector<NdArray> compute_all(const std::vector<ChunkedArray>& arrays,
                                               const ComputeOptions& options = {});
/// The same into sinks, one for each array.
void store_all(const std::vector<ChunkedArray>& arrays, const std::vector<ChunkSink*>& sinks,
               const ComputeOptions& options = {});

// ---------------------------------------------------------------------------------------------

template <ArrayElement T>
ChunkedArray ChunkedArray::from_array(std::span<const T> values, std::int64_t chunk) {
  return from_array(NdArray::from(values, {static_cast<std::int64_t>(values.size())}), {chunk});
}

}  // namespace functionfuse
