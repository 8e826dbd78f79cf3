#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <functionfuse/arrays/dtype.hpp>

/// \file
/// NdArray: a dense array of any DType in memory, the counterpart of numpy.ndarray. A value that
/// shares its elements with its copies and views, as numpy's arrays do:
///
///     ff::NdArray a = ff::NdArray::from(std::vector<double>{1, 2, 3, 4, 5, 6}, {2, 3});
///     ff::NdArray t = a.transpose();            // shares a's elements
///     double x = t.at<double>(2, 1);            // 6
///     std::span<const double> s = a.view<double>();
///     std::vector<float> v = t.to_vector<float>();   // in C order of t: 1, 4, 2, 5, 3, 6

namespace functionfuse {

/// What Python writes as start:stop:step. Missing ends are the axis's own; negative ones count from
/// its end; ends beyond the axis are cut to it.
struct Slice {
  std::optional<std::int64_t> start = std::nullopt;
  std::optional<std::int64_t> stop = std::nullopt;
  std::int64_t step = 1;  ///< not 0; negative walks backwards
};

/// Of an array of numbers: see NdArray::statistics().
struct Statistics {
  double min, max, mean;      ///< of what is not NaN; NaN where there is no such element
  std::size_t count_nan = 0;  ///< NaNs among the elements
  std::size_t count = 0;      ///< all elements, NaNs too
};

/// A dense array: a dtype, a shape, a stride in bytes for every dimension, and a pointer into a
/// buffer that it keeps alive. Rank 0 to 32; lengths of 0 and itemsizes of 0 are valid.
///
/// A dtype that is a subarray becomes more dimensions at the end of the shape, as in numpy, so
/// `dtype()` never is one.
///
/// Unless said otherwise a function costs no more than a copy of the NdArray itself (two small
/// vectors), an array given back shares its elements with this one, and errors are
/// Errc::invalid_argument.
///
/// \threads  Any number of threads may read one NdArray, and arrays that share elements. Writing an
///           element (mutable_data, mutable_view) needs what writing any shared memory needs.
class NdArray {
 public:
  /// An empty array of float64, shape (0,).
  NdArray();

  /// Zeros, in C order. Memory above 4 MiB is not touched before it is used.
  ///
  /// \error invalid_argument  as for nbytes_of
  /// \error io                the memory is not to be had
  NdArray(DType dtype, Shape shape);

  /// Elements of unspecified value, for a caller who writes them all.
  ///
  /// \param order  'C' (last dimension contiguous) or 'F' (first)
  /// \error invalid_argument  as for nbytes_of; another order
  /// \error io                the memory is not to be had
  static NdArray empty(DType dtype, Shape shape, char order = 'C');

  /// Copies.
  template <ArrayElement T>
  requires(!std::same_as<T, bool>) static NdArray from(const std::vector<T>& values);
  /// Takes the vector over without copying its elements; it lives as long as the last array that
  /// shares them.
  template <ArrayElement T>
  requires(!std::same_as<T, bool>) static NdArray from(std::vector<T>&& values);
  /// The same with a shape, whose product is the number of values.
  template <ArrayElement T>
  requires(!std::same_as<T, bool>) static NdArray from(std::vector<T>&& values, const Shape& shape);
  /// Copies; C order.
  template <ArrayElement T>
  static NdArray from(std::span<const T> values, const Shape& shape);
  /// Copies: a std::vector<bool> holds bits, an array bytes.
  static NdArray from(const std::vector<bool>& values);

  /// Rank 0.
  template <ArrayElement T>
  static NdArray scalar(T value);

  /// An array over memory that somebody else made, without copying it. Nothing is checked about
  /// that memory: for bytes from a file use from_buffer.
  ///
  /// \param strides  bytes from one element to the next, for each dimension; any sign
  /// \param data     the element at index 0, 0, ...; every element in reach of shape and strides
  ///                 is readable (and writable, where not const) as long as owner lives
  /// \param owner    kept by the array and all that share its elements; null: the caller sees to it
  /// \error invalid_argument  as for nbytes_of; not as many strides as lengths
  static NdArray view(DType dtype, Shape shape, Shape strides, std::byte* data,
                      std::shared_ptr<const void> owner);
  /// The same over memory that must not be written: writable() is false.
  static NdArray view(DType dtype, Shape shape, Shape strides, const std::byte* data,
                      std::shared_ptr<const void> owner);

  /// An array over contiguous bytes, without copying them; not writable. This is the one for sizes
  /// that come from a file: nothing is read beyond the bytes.
  ///
  /// \param order  'C' or 'F': how the elements lie in bytes
  /// \error invalid_argument  dtype and shape need not exactly bytes.size(); as for nbytes_of
  static NdArray from_buffer(DType dtype, Shape shape, char order, std::span<const std::byte> bytes,
                             std::shared_ptr<const void> owner);

  /// The bytes that an array needs, for a caller who checks a claim before he allocates.
  ///
  /// \error invalid_argument  a negative length, more than 32 of them, or a product of lengths and
  ///        itemsize (lengths of 0 left out, as in numpy) beyond 2^63 - 1
  static std::size_t nbytes_of(const DType& dtype, const Shape& shape);

  [[nodiscard]] const DType& dtype() const noexcept { return dtype_; }
  [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
  /// Bytes from one element to the next along each dimension.
  [[nodiscard]] const Shape& strides() const noexcept { return strides_; }
  [[nodiscard]] std::size_t ndim() const noexcept { return shape_.size(); }
  /// Number of elements: the product of the shape, 1 for rank 0.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// size() * itemsize, whatever memory the strides span.
  [[nodiscard]] std::size_t nbytes() const noexcept { return size_ * dtype_.itemsize(); }
  /// The element at index 0, 0, ...; may be null if nbytes() is 0.
  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  /// \error invalid_argument  not writable(); copy() is
  [[nodiscard]] std::byte* mutable_data();
  [[nodiscard]] bool writable() const noexcept { return writable_; }
  /// What keeps the elements alive; null for a view without an owner.
  [[nodiscard]] const std::shared_ptr<const void>& owner() const noexcept { return owner_; }

  /// Numpy's flags: the elements lie one behind the other in that order. The stride of a dimension
  /// of length 1 does not matter; an array without elements is both.
  [[nodiscard]] bool is_c_contiguous() const noexcept;
  [[nodiscard]] bool is_f_contiguous() const noexcept;

  /// Another shape, the same elements in C order; one length may be -1 and is then worked out.
  /// Shares the elements if this array is C contiguous, otherwise copies them.
  ///
  /// \error invalid_argument  the number of elements differs
  [[nodiscard]] NdArray reshape(Shape shape) const;

  /// The dimensions in reverse order.
  [[nodiscard]] NdArray transpose() const;
  /// The dimensions in the given order: the result's dimension i is this array's axes[i].
  ///
  /// \error invalid_argument  axes is not a permutation of 0 ... ndim() - 1
  [[nodiscard]] NdArray transpose(const std::vector<std::size_t>& axes) const;

  /// The part that Python writes as a[s0, s1, ...]; dimensions beyond the last slice stay whole.
  ///
  ///     a.slice({{}, {.start = -1, .stop = {}, .step = -2}})    // a[:, -1::-2]
  ///
  /// \error invalid_argument  more slices than dimensions; a step of 0
  [[nodiscard]] NdArray slice(const std::vector<Slice>& slices) const;

  /// a[i], one dimension less.
  ///
  /// \error invalid_argument  rank 0, or not 0 <= index < shape()[0]
  [[nodiscard]] NdArray operator[](std::int64_t index) const;

  /// One field of a structured array.
  ///
  /// \param name  its name or title
  /// \error invalid_argument  not structured, or no such field (the text lists those there are)
  [[nodiscard]] NdArray field(std::string_view name) const;

  /// The same bytes under another dtype of the same itemsize: datetime64 as int64, S8 as V8. The
  /// values are not converted; astype does that.
  ///
  /// \error invalid_argument  another itemsize, or a subarray
  [[nodiscard]] NdArray reinterpret(DType dtype) const;

  /// This array if it is contiguous in that order ('C' or 'F'), a copy that is if not.
  [[nodiscard]] NdArray ascontiguous(char order = 'C') const;
  /// A copy of the elements: contiguous in that order ('C' or 'F'), aligned, writable.
  [[nodiscard]] NdArray copy(char order = 'C') const;

  /// The elements converted to another dtype; this array itself where that is the same. The result
  /// is in Fortran order if this array is and not in C order, otherwise in C order.
  ///
  /// Any numeric kind (b i u f c, any size, either byte order) converts to any other:
  /// - to bool: false is 0, true all else, NaN too
  /// - integer to integer: modulo 2^bits, as C++ and numpy do it
  /// - floating to integer: the fraction is cut off; NaN and what then does not fit is an error
  ///   (numpy: an arbitrary value)
  /// - to floating: the nearest value; too large becomes infinity
  /// - complex to real: the imaginary part is dropped
  /// All other kinds convert only to themselves in another byte order, fields and all.
  ///
  /// \error type_mismatch  a value that does not fit; names the index
  /// \error unsupported    any other pair of kinds, such as S to f
  [[nodiscard]] NdArray astype(const DType& dtype) const;

  /// One element, converted; the number of indices is ndim().
  ///
  ///     double x = a.at<double>(2, 1);
  ///
  /// \error invalid_argument  an index not within 0 <= i < length, or not ndim() of them
  /// \error type_mismatch     the value does not fit T (see to_vector), or is not a number
  template <ArrayElement T, std::convertible_to<std::int64_t>... Index>
  [[nodiscard]] T at(Index... indices) const;

  /// The elements in C order, if they lie in memory just so: C contiguous, exactly T in this
  /// machine's byte order, aligned. Valid as long as any array that shares the elements.
  ///
  /// \error type_mismatch  they do not; the text says what to call instead
  template <ArrayElement T>
  [[nodiscard]] std::span<const T> view() const;
  /// The same for writing; seen by all arrays that share the elements.
  ///
  /// \error type_mismatch     as for view
  /// \error invalid_argument  not writable()
  template <ArrayElement T>
  [[nodiscard]] std::span<T> mutable_view();

  /// The elements in C order, each converted to T, which must be able to hold it:
  /// - integer: the value is integral and within T's range (1.0 fits, 1.5 does not)
  /// - bool: 0 or 1
  /// - floating: rounding is accepted, a finite value that becomes infinite is not
  /// - complex to real: the imaginary part is 0
  ///
  /// \error type_mismatch  names the first element that does not fit, or a dtype without numbers
  template <ArrayElement T>
  [[nodiscard]] std::vector<T> to_vector() const;

  /// As to_vector where the type is known only when the program runs.
  ///
  /// \param to   numeric; in this machine's byte order
  /// \param out  room for size() elements of it
  void convert_to(const DType& to, std::byte* out) const;

  /// The element at a flat index (C order), converted like to_vector<double>.
  ///
  /// \error invalid_argument  flat >= size()
  /// \error type_mismatch     not a number, or complex with an imaginary part
  [[nodiscard]] double element_as_double(std::size_t flat) const;

  /// An element of kind S (its bytes) or U (as UTF-8), without the NULs that pad it.
  ///
  /// \error invalid_argument  flat >= size()
  /// \error type_mismatch     another kind
  /// \error corrupt           U: not a character of Unicode
  [[nodiscard]] std::string element_string(std::size_t flat) const;

  /// The element at a flat index (C order) as numpy prints it in an array, all digits shown: 0.1,
  /// 1., 1.e+20, nan; 1.+2.j; True; 42; b'ab'; 'text'; '2020-01-01T00:00:00' or 'NaT' with their
  /// quotes; a timedelta's integer; (1, 2., [0, 1]) for a structured one. A subarray of more than
  /// 1000 elements shows the first and last three along each axis. Characters that Unicode has not
  /// assigned are printed as they are, where Python would escape them.
  ///
  /// \error invalid_argument  flat >= size()
  [[nodiscard]] std::string element_repr(std::size_t flat) const;

  /// What numpy's `repr(array)` prints: columns aligned, eight digits, the first and last three
  /// along each axis if there are more than threshold elements.
  [[nodiscard]] std::string repr(std::size_t threshold = 1000) const;

  /// Smallest, largest and mean value, as doubles (a 64-bit integer may be rounded); reads every
  /// element once.
  ///
  /// \error unsupported  complex or not a number: there is no smallest
  [[nodiscard]] Statistics statistics() const;

  /// The elements in C order, as in a `.npy` file or a pickle; byte order as in dtype().
  [[nodiscard]] std::vector<std::byte> tobytes() const;
  /// The same into memory of nbytes() bytes, in order 'C' or 'F'. Goes through the array in blocks
  /// that fit the cache if the order is not the one in which it lies.
  void copy_to(std::byte* dst, char order = 'C') const;

  /// Same dtype, same shape, and every element has the same bits: a NaN equals a NaN with the same
  /// payload, 0.0 does not equal -0.0. Gaps in a structured dtype and the six unused bytes of a
  /// float128 are not compared. Byte orders differ: not equal.
  friend bool equal(const NdArray& a, const NdArray& b);

 private:
  NdArray(DType dtype, Shape shape, Shape strides, std::byte* data,
          std::shared_ptr<const void> owner, bool writable);
  static NdArray view_of(DType dtype, Shape shape, Shape strides, std::byte* data,
                         std::shared_ptr<const void> owner, bool writable);

  // The parts of the templates below that do not depend on T.
  void copy_in(const void* values, std::size_t count);
  void check_view(const DType& wanted, std::size_t alignment) const;
  void convert_one(std::span<const std::int64_t> index, const DType& to, void* out) const;
  [[nodiscard]] const std::byte* element(std::size_t flat) const;

  DType dtype_;
  Shape shape_;
  Shape strides_;
  std::byte* data_ = nullptr;
  std::shared_ptr<const void> owner_;
  std::size_t size_ = 0;
  bool writable_ = true;
};

/// array.repr()
std::ostream& operator<<(std::ostream& stream, const NdArray& array);

bool equal(const NdArray& a, const NdArray& b);

/// "(2, 3)", "(5,)", "()": a shape as Python writes it, for messages.
std::string shape_text(const Shape& shape);

// ---------------------------------------------------------------------------------------------

template <ArrayElement T>
requires(!std::same_as<T, bool>) NdArray NdArray::from(const std::vector<T>& values) {
  return from(std::span<const T>(values), {static_cast<std::int64_t>(values.size())});
}

template <ArrayElement T>
requires(!std::same_as<T, bool>) NdArray NdArray::from(std::vector<T>&& values) {
  const auto length = static_cast<std::int64_t>(values.size());
  return from(std::move(values), {length});
}

template <ArrayElement T>
requires(!std::same_as<T, bool>) NdArray NdArray::from(std::vector<T>&& values,
                                                       const Shape& shape) {
  auto kept = std::make_shared<std::vector<T>>(std::move(values));
  NdArray result =
      from_buffer(DType::of<T>(), shape, 'C', std::as_bytes(std::span<const T>(*kept)), kept);
  result.writable_ = true;  // the vector is this array's own
  return result;
}

template <ArrayElement T>
NdArray NdArray::from(std::span<const T> values, const Shape& shape) {
  NdArray result = empty(DType::of<T>(), shape);
  result.copy_in(values.data(), values.size());
  return result;
}

template <ArrayElement T>
NdArray NdArray::scalar(T value) {
  return from(std::span<const T>(&value, 1), {});
}

template <ArrayElement T, std::convertible_to<std::int64_t>... Index>
T NdArray::at(Index... indices) const {
  const std::array<std::int64_t, sizeof...(indices)> index{static_cast<std::int64_t>(indices)...};
  T value{};
  convert_one(index, DType::of<T>(), &value);
  return value;
}

template <ArrayElement T>
std::span<const T> NdArray::view() const {
  check_view(DType::of<T>(), alignof(T));
  return {reinterpret_cast<const T*>(data_), size_};
}

template <ArrayElement T>
std::span<T> NdArray::mutable_view() {
  check_view(DType::of<T>(), alignof(T));
  return {reinterpret_cast<T*>(mutable_data()), size_};
}

template <ArrayElement T>
std::vector<T> NdArray::to_vector() const {
  if constexpr (std::is_same_v<T, bool>) {  // std::vector<bool> has no memory to write to
    std::vector<std::uint8_t> bytes(size_);
    convert_to(DType::of<bool>(), reinterpret_cast<std::byte*>(bytes.data()));
    return {bytes.begin(), bytes.end()};
  } else {
    std::vector<T> values(size_);
    convert_to(DType::of<T>(), reinterpret_cast<std::byte*>(values.data()));
    return values;
  }
}

}  // namespace functionfuse
