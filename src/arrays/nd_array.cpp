#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <string_view>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

#include "buffer.hpp"
#include "convert.hpp"
#include "strided.hpp"

namespace functionfuse {
namespace {

[[noreturn]] void fail(const std::string& what) { throw Error(Errc::invalid_argument, what); }
[[noreturn]] void mismatch(const std::string& what) { throw Error(Errc::type_mismatch, what); }

std::string described(const NdArray& array) {
  return "array of " + array.dtype().to_string() + ", shape " + shape_text(array.shape());
}

void check_order(char order) {
  if (order != 'C' && order != 'F') fail("an array's order is 'C' or 'F'");
}

// Number of elements; the same with lengths of 0 left out must be in range, so that no stride
// overflows.
std::size_t checked_size(const Shape& shape) {
  if (shape.size() > DType::kMaxRank) {
    fail("array of " + std::to_string(shape.size()) + " dimensions; at most 32 are possible");
  }
  std::int64_t count = 1;
  bool empty = false;
  for (const std::int64_t length : shape) {
    if (length < 0) fail("array of shape " + shape_text(shape) + ": a negative length");
    empty = empty || length == 0;
    if (length != 0 && __builtin_mul_overflow(count, length, &count)) {
      fail("array of shape " + shape_text(shape) + ": too many elements");
    }
  }
  return empty ? 0 : static_cast<std::size_t>(count);
}

Shape reversed(const Shape& shape) { return {shape.rbegin(), shape.rend()}; }

Shape unravel(std::size_t flat, const Shape& shape, char order) {
  Shape index(shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::size_t d = order == 'F' ? i : shape.size() - 1 - i;
    const auto length = static_cast<std::size_t>(shape[d]);
    index[d] = static_cast<std::int64_t>(flat % length);
    flat /= length;
  }
  return index;
}

std::size_t ravel(const Shape& index, const Shape& shape) {
  std::size_t flat = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    flat = flat * static_cast<std::size_t>(shape[d]) + static_cast<std::size_t>(index[d]);
  }
  return flat;
}

[[noreturn]] void fail_to_fit(const NdArray& array, const Shape& index, const DType& to) {
  mismatch(described(array) + ": element " + shape_text(index) + " is " +
           array.element_repr(ravel(index, array.shape())) + " and does not fit " + to.to_string());
}

// First element and number of elements of a slice along a dimension: Python's slice.indices.
struct Part {
  std::int64_t start, count, step;
};

Part resolve(const Slice& slice, std::int64_t length) {
  if (slice.step == 0) fail("slice: the step is 0");
  const bool forward = slice.step > 0;
  const std::int64_t step = std::max(slice.step, -std::numeric_limits<std::int64_t>::max());
  const std::int64_t lowest = forward ? 0 : -1;
  const std::int64_t highest = forward ? length : length - 1;
  const auto end = [&](const std::optional<std::int64_t>& given, std::int64_t missing) {
    if (!given) return missing;
    return std::clamp(*given < 0 ? *given + length : *given, lowest, highest);
  };
  const std::int64_t start = end(slice.start, forward ? lowest : highest);
  const std::int64_t stop = end(slice.stop, forward ? highest : lowest);
  const std::int64_t span = forward ? stop - start : start - stop;
  const std::int64_t stride = forward ? step : -step;
  return {start, span > 0 ? (span - 1) / stride + 1 : 0, step};
}

// The length for which -1 stands.
void infer_length(Shape& shape, std::size_t size) {
  const auto unknown = std::find(shape.begin(), shape.end(), -1);
  if (unknown == shape.end()) return;
  *unknown = 1;
  const std::size_t known = checked_size(shape);
  if (known == 0 || size % known != 0) {
    *unknown = -1;
    fail("reshape of " + std::to_string(size) + " elements to " + shape_text(shape) +
         ": no length fits the -1");
  }
  *unknown = static_cast<std::int64_t>(size / known);
}

void add_values(const std::vector<double>& values, Statistics& s, long double& sum) {
  double least = s.min;  // not in s: the compiler would have to store each one
  double most = s.max;
  std::size_t nans = 0;
  long double total = 0;
  for (const double value : values) {  // comparisons with a NaN are false
    least = value < least ? value : least;
    most = value > most ? value : most;
    nans += value != value ? 1 : 0;
  }
  for (const double value : values) total += static_cast<long double>(value == value ? value : 0);
  s.min = least;
  s.max = most;
  s.count_nan += nans;
  sum += total;
}

}  // namespace

std::string shape_text(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text += shape.size() == 1 ? ",)" : ")";
}

// --- Making one ------------------------------------------------------------------------------

NdArray::NdArray() : NdArray(DType(), {0}) {}

NdArray::NdArray(DType dtype, Shape shape) {
  const std::size_t bytes = nbytes_of(dtype, shape);
  std::shared_ptr<std::byte> buffer = detail::allocate_buffer(bytes, true);
  std::byte* data = buffer.get();
  Shape strides = detail::contiguous_strides(shape, dtype.itemsize(), 'C');
  *this = view(std::move(dtype), std::move(shape), std::move(strides), data, std::move(buffer));
}

// The one constructor that all others end in; everything is checked by now.
NdArray::NdArray(DType dtype, Shape shape, Shape strides, std::byte* data,
                 std::shared_ptr<const void> owner, bool writable)
    : dtype_(std::move(dtype)),
      shape_(std::move(shape)),
      strides_(std::move(strides)),
      data_(data),
      owner_(std::move(owner)),
      size_(checked_size(shape_)),
      writable_(writable) {}

NdArray NdArray::view_of(DType dtype, Shape shape, Shape strides, std::byte* data,
                         std::shared_ptr<const void> owner, bool writable) {
  if (shape.size() != strides.size()) {
    fail("array of shape " + shape_text(shape) + " with " + std::to_string(strides.size()) +
         " strides");
  }
  while (dtype.is_subarray()) {
    const DType base = dtype.base();
    const Shape inner = detail::contiguous_strides(dtype.shape(), base.itemsize(), 'C');
    shape.insert(shape.end(), dtype.shape().begin(), dtype.shape().end());
    strides.insert(strides.end(), inner.begin(), inner.end());
    dtype = base;
  }
  nbytes_of(dtype, shape);
  return {std::move(dtype), std::move(shape), std::move(strides), data, std::move(owner), writable};
}

NdArray NdArray::view(DType dtype, Shape shape, Shape strides, std::byte* data,
                      std::shared_ptr<const void> owner) {
  return view_of(std::move(dtype), std::move(shape), std::move(strides), data, std::move(owner),
                 true);
}

NdArray NdArray::view(DType dtype, Shape shape, Shape strides, const std::byte* data,
                      std::shared_ptr<const void> owner) {
  return view_of(std::move(dtype), std::move(shape), std::move(strides),
                 const_cast<std::byte*>(data), std::move(owner), false);
}

NdArray NdArray::empty(DType dtype, Shape shape, char order) {
  check_order(order);
  std::shared_ptr<std::byte> buffer = detail::allocate_buffer(nbytes_of(dtype, shape), false);
  std::byte* data = buffer.get();
  Shape strides = detail::contiguous_strides(shape, dtype.itemsize(), order);
  return view(std::move(dtype), std::move(shape), std::move(strides), data, std::move(buffer));
}

NdArray NdArray::from_buffer(DType dtype, Shape shape, char order, std::span<const std::byte> bytes,
                             std::shared_ptr<const void> owner) {
  check_order(order);
  const std::size_t needed = nbytes_of(dtype, shape);
  if (needed != bytes.size()) {
    fail("array of " + dtype.to_string() + ", shape " + shape_text(shape) + ": needs " +
         std::to_string(needed) + " bytes, " + std::to_string(bytes.size()) + " are given");
  }
  Shape strides = detail::contiguous_strides(shape, dtype.itemsize(), order);
  return view(std::move(dtype), std::move(shape), std::move(strides), bytes.data(),
              std::move(owner));
}

NdArray NdArray::from(const std::vector<bool>& values) {
  NdArray result = empty(DType::of<bool>(), {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), reinterpret_cast<std::uint8_t*>(result.data_));
  return result;
}

std::size_t NdArray::nbytes_of(const DType& dtype, const Shape& shape) {
  const std::size_t size = checked_size(shape);
  std::int64_t bytes = static_cast<std::int64_t>(dtype.itemsize());
  for (const std::int64_t length : shape) {
    if (length != 0 && __builtin_mul_overflow(bytes, length, &bytes)) {
      fail("array of " + dtype.to_string() + ", shape " + shape_text(shape) +
           ": more bytes than can be addressed");
    }
  }
  return size * dtype.itemsize();
}

void NdArray::copy_in(const void* values, std::size_t count) {
  if (count != size_) {
    fail("array of shape " + shape_text(shape_) + " from " + std::to_string(count) + " values");
  }
  if (nbytes() > 0) std::memcpy(data_, values, nbytes());
}

std::byte* NdArray::mutable_data() {
  if (!writable_) fail(described(*this) + ": its memory must not be written; copy() gives one");
  return data_;
}

// --- The same elements, seen differently -------------------------------------------------------

bool NdArray::is_c_contiguous() const noexcept {
  return detail::is_contiguous(shape_, strides_, dtype_.itemsize());
}

bool NdArray::is_f_contiguous() const noexcept {
  return detail::is_contiguous(reversed(shape_), reversed(strides_), dtype_.itemsize());
}

NdArray NdArray::reshape(Shape shape) const {
  infer_length(shape, size_);
  if (checked_size(shape) != size_) {
    fail(described(*this) + ": cannot be reshaped to " + shape_text(shape));
  }
  if (!is_c_contiguous()) return copy().reshape(std::move(shape));
  Shape strides = detail::contiguous_strides(shape, dtype_.itemsize(), 'C');
  return view_of(dtype_, std::move(shape), std::move(strides), data_, owner_, writable_);
}

NdArray NdArray::transpose() const {
  return {dtype_, reversed(shape_), reversed(strides_), data_, owner_, writable_};
}

NdArray NdArray::transpose(const std::vector<std::size_t>& axes) const {
  std::vector<std::size_t> sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::size_t> all(ndim());
  std::iota(all.begin(), all.end(), 0U);
  if (sorted != all) {
    fail(described(*this) + ": transpose needs each of its " + std::to_string(ndim()) +
         " axes once");
  }
  Shape shape;
  Shape strides;
  for (const std::size_t axis : axes) {
    shape.push_back(shape_[axis]);
    strides.push_back(strides_[axis]);
  }
  return {dtype_, std::move(shape), std::move(strides), data_, owner_, writable_};
}

NdArray NdArray::slice(const std::vector<Slice>& slices) const {
  if (slices.size() > ndim()) {
    fail(described(*this) + ": " + std::to_string(slices.size()) + " slices");
  }
  NdArray result = *this;
  std::int64_t offset = 0;
  for (std::size_t d = 0; d < slices.size(); ++d) {
    const Part part = resolve(slices[d], shape_[d]);
    result.shape_[d] = part.count;
    // A step beyond the dimension gives one element, whose stride does not matter.
    if (part.count > 1) result.strides_[d] = strides_[d] * part.step;
    if (part.count > 0) offset += strides_[d] * part.start;
  }
  result.size_ = checked_size(result.shape_);
  if (result.size_ > 0) result.data_ += offset;
  return result;
}

NdArray NdArray::operator[](std::int64_t index) const {
  if (ndim() == 0) fail(described(*this) + ": has no axis to index");
  if (index < 0 || index >= shape_[0]) {
    fail(described(*this) + ": index " + std::to_string(index) + " is out of range");
  }
  return {dtype_,
          Shape(shape_.begin() + 1, shape_.end()),
          Shape(strides_.begin() + 1, strides_.end()),
          data_ + index * strides_[0],
          owner_,
          writable_};
}

NdArray NdArray::field(std::string_view name) const {
  const Field* found = dtype_.find_field(name);
  if (found == nullptr) {
    fail(described(*this) + ": has no field \"" + std::string(name.substr(0, 60)) + "\"");
  }
  std::byte* data = size_ > 0 ? data_ + found->offset : data_;
  return view_of(found->dtype, shape_, strides_, data, owner_, writable_);
}

NdArray NdArray::reinterpret(DType dtype) const {
  if (dtype.itemsize() != dtype_.itemsize() || dtype.is_subarray()) {
    fail(described(*this) + ": elements of " + std::to_string(dtype_.itemsize()) +
         " bytes cannot be seen as " + dtype.to_string());
  }
  NdArray result = *this;
  result.dtype_ = std::move(dtype);
  return result;
}

// --- Copies ----------------------------------------------------------------------------------

NdArray NdArray::ascontiguous(char order) const {
  check_order(order);
  const bool already = order == 'C' ? is_c_contiguous() : is_f_contiguous();
  return already ? *this : copy(order);
}

NdArray NdArray::copy(char order) const {
  NdArray result = empty(dtype_, shape_, order);
  copy_to(result.data_, order);
  return result;
}

void NdArray::copy_to(std::byte* dst, char order) const {
  check_order(order);
  if (nbytes() == 0) return;
  detail::copy_elements(shape_, dtype_.itemsize(), data_, strides_, dst,
                        detail::contiguous_strides(shape_, dtype_.itemsize(), order));
}

std::vector<std::byte> NdArray::tobytes() const {
  std::vector<std::byte> bytes(nbytes());
  copy_to(bytes.data());
  return bytes;
}

NdArray NdArray::astype(const DType& dtype) const {
  if (dtype == dtype_) return *this;
  const bool numbers = dtype.is_numeric() && dtype_.is_numeric();
  if (!numbers && !(dtype.newbyteorder('<') == dtype_.newbyteorder('<'))) {
    throw UnsupportedError(described(*this) + ": cannot be converted to " + dtype.to_string() +
                           "; numbers convert to numbers, all else only to another byte order");
  }
  const char order = !is_c_contiguous() && is_f_contiguous() ? 'F' : 'C';
  NdArray result = empty(dtype, shape_, order);
  if (result.nbytes() == 0) return result;
  // In the order of the result's memory: rows are then long on both sides.
  const NdArray from = order == 'F' ? transpose() : *this;
  const NdArray to = order == 'F' ? result.transpose() : result;
  if (numbers) {
    const auto failed = detail::convert_numbers(from.shape_, dtype_, from.data_, from.strides_,
                                                dtype, to.data_, to.strides_, detail::Fit::cast);
    if (failed) fail_to_fit(*this, unravel(*failed, shape_, order), dtype);
    return result;
  }
  const detail::RowWalk<2> walk(from.shape_, {from.strides_, to.strides_});
  walk.run([&](const auto& offsets, std::size_t count, const auto& steps, std::size_t) {
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(count); ++i) {
      detail::copy_reordered(dtype_, from.data_ + offsets[0] + i * steps[0], dtype,
                             to.data_ + offsets[1] + i * steps[1]);
    }
    return true;
  });
  return result;
}

// --- Elements --------------------------------------------------------------------------------

const std::byte* NdArray::element(std::size_t flat) const {
  if (flat >= size_) {
    fail(described(*this) + ": flat index " + std::to_string(flat) + " is out of range");
  }
  const Shape index = unravel(flat, shape_, 'C');
  return data_ + std::inner_product(index.begin(), index.end(), strides_.begin(), std::int64_t{0});
}

void NdArray::check_view(const DType& wanted, std::size_t alignment) const {
  const auto refuse = [&](const std::string& why) {
    mismatch(described(*this) + ": no view as " + wanted.to_string() + ", " + why);
  };
  if (!(dtype_ == wanted)) {
    refuse(dtype_.is_numeric() ? "which is another dtype; to_vector<T>() or astype() converts"
                               : "which is another dtype; reinterpret() shows the same bytes");
  }
  if (!is_c_contiguous()) refuse("as it is not C contiguous; call ascontiguous() first");
  if (reinterpret_cast<std::uintptr_t>(data_) % alignment != 0 && nbytes() > 0) {
    refuse("as its memory is not aligned; call copy() first");
  }
  if (dtype_.kind() != 'b') return;
  // A bool that is neither 0 nor 1 is undefined behaviour, and a file may hold any byte.
  if (!std::all_of(data_, data_ + size_, [](std::byte b) { return b <= std::byte{1}; })) {
    refuse("as a byte is neither 0 nor 1; to_vector<bool>() takes all others for true");
  }
}

void NdArray::convert_to(const DType& to, std::byte* out) const {
  if (!dtype_.is_numeric()) mismatch(described(*this) + ": not numbers");
  if (size_ == 0) return;
  if (dtype_ == to && dtype_.kind() != 'b') return copy_to(out);  // nothing that may not fit
  const auto failed = detail::convert_numbers(
      shape_, dtype_, data_, strides_, to, out,
      detail::contiguous_strides(shape_, to.itemsize(), 'C'), detail::Fit::exact);
  if (failed) fail_to_fit(*this, unravel(*failed, shape_, 'C'), to);
}

void NdArray::convert_one(std::span<const std::int64_t> index, const DType& to, void* out) const {
  if (index.size() != ndim()) {
    fail(described(*this) + ": " + std::to_string(index.size()) + " indices");
  }
  const std::byte* source = data_;
  for (std::size_t d = 0; d < index.size(); ++d) {
    if (index[d] < 0 || index[d] >= shape_[d]) {
      fail(described(*this) + ": index " + shape_text({index.begin(), index.end()}) +
           " is out of range");
    }
    source += index[d] * strides_[d];
  }
  if (dtype_ == to && dtype_.kind() != 'b') {
    std::memcpy(out, source, dtype_.itemsize());
    return;
  }
  if (!dtype_.is_numeric()) mismatch(described(*this) + ": not numbers");
  const auto failed = detail::convert_numbers({}, dtype_, source, {}, to,
                                              static_cast<std::byte*>(out), {}, detail::Fit::exact);
  if (failed) fail_to_fit(*this, {index.begin(), index.end()}, to);
}

double NdArray::element_as_double(std::size_t flat) const {
  const std::byte* source = element(flat);
  if (!dtype_.is_numeric()) mismatch(described(*this) + ": not numbers");
  double value = 0;
  const auto failed =
      detail::convert_numbers({}, dtype_, source, {}, DType::of<double>(),
                              reinterpret_cast<std::byte*>(&value), {}, detail::Fit::exact);
  if (failed) fail_to_fit(*this, unravel(flat, shape_, 'C'), DType::of<double>());
  return value;
}

Statistics NdArray::statistics() const {
  if (!dtype_.is_numeric() || dtype_.kind() == 'c') {
    throw UnsupportedError(described(*this) + ": has no smallest and largest element");
  }
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Statistics result{.min = kInfinity, .max = -kInfinity, .mean = 0, .count_nan = 0, .count = size_};
  long double sum = 0;
  const detail::RowWalk<1> walk(shape_, {strides_});
  std::vector<double> values;
  walk.run([&](const auto& offsets, std::size_t count, const auto& steps, std::size_t) {
    constexpr std::size_t kBlock = 4096;
    for (std::size_t done = 0; done < count; done += kBlock) {
      values.resize(std::min(kBlock, count - done));
      const auto at = static_cast<std::int64_t>(done);
      detail::convert_numbers({static_cast<std::int64_t>(values.size())}, dtype_,
                              data_ + offsets[0] + at * steps[0], {steps[0]}, DType::of<double>(),
                              reinterpret_cast<std::byte*>(values.data()),
                              {static_cast<std::int64_t>(sizeof(double))}, detail::Fit::cast);
      add_values(values, result, sum);
    }
    return true;
  });
  const std::size_t counted = result.count - result.count_nan;
  if (counted == 0) {
    result.min = result.max = result.mean = kNan;
  } else {
    result.mean = static_cast<double>(sum / static_cast<long double>(counted));
  }
  return result;
}

bool equal(const NdArray& a, const NdArray& b) {
  if (!(a.dtype_ == b.dtype_) || a.shape_ != b.shape_) return false;
  if (a.nbytes() == 0) return true;
  const bool plain = detail::has_no_gaps(a.dtype_);
  if (plain && a.is_c_contiguous() && b.is_c_contiguous()) {
    return std::memcmp(a.data_, b.data_, a.nbytes()) == 0;
  }
  bool same = true;
  const detail::RowWalk<2> walk(a.shape_, {a.strides_, b.strides_});
  walk.run([&](const auto& offsets, std::size_t count, const auto& steps, std::size_t) {
    for (std::int64_t i = 0; same && i < static_cast<std::int64_t>(count); ++i) {
      const std::byte* x = a.data_ + offsets[0] + i * steps[0];
      const std::byte* y = b.data_ + offsets[1] + i * steps[1];
      same = plain ? std::memcmp(x, y, a.dtype_.itemsize()) == 0
                   : detail::same_element(a.dtype_, x, y);
    }
    return same;
  });
  return same;
}

}  // namespace functionfuse
