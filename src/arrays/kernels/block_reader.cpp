#include "block_reader.hpp"

#include <array>
#include <cstring>
#include <string>

#include <functionfuse/error.hpp>

#include "arrays/convert.hpp"

namespace functionfuse::detail {
namespace {

bool is_half(const DType& dtype) { return dtype.kind() == 'f' && dtype.itemsize() == 2; }

DType as_number(const DType& dtype) {
  return dtype.is_datetime() ? DType::of<std::int64_t>().newbyteorder(dtype.byteorder()) : dtype;
}

// Copying, swapping bytes and converting to float64 are what almost always has to be done, and have
// loops of their own: the conversion between any two dtypes needs two steps and prepares a walk.

using Row = void (*)(std::byte* to, const std::byte* from, std::int64_t step, std::size_t count);

template <class T, class Out, class F>
void each_in_row(std::byte* to, const std::byte* from, std::int64_t step, std::size_t count, F f) {
  const auto one = [&](std::size_t i, std::int64_t bytes) {
    T value;
    std::memcpy(&value, from + static_cast<std::int64_t>(i) * bytes, sizeof value);
    const Out result = f(value);
    std::memcpy(to + i * sizeof result, &result, sizeof result);
  };
  if (step == sizeof(T)) {  // known to the compiler, so that it can use vectors
    for (std::size_t i = 0; i < count; ++i) one(i, sizeof(T));
  } else {
    for (std::size_t i = 0; i < count; ++i) one(i, step);
  }
}

template <std::size_t Size>
void copy_row(std::byte* to, const std::byte* from, std::int64_t step, std::size_t count) {
  using Element = std::array<std::byte, Size>;
  each_in_row<Element, Element>(to, from, step, count, [](const Element& x) { return x; });
}

Row copier(std::size_t size) {
  switch (size) {
    case 1:
      return copy_row<1>;
    case 2:
      return copy_row<2>;
    case 4:
      return copy_row<4>;
    case 8:
      return copy_row<8>;
    default:
      return copy_row<16>;
  }
}

std::uint16_t swapped(std::uint16_t x) { return __builtin_bswap16(x); }
std::uint32_t swapped(std::uint32_t x) { return __builtin_bswap32(x); }
std::uint64_t swapped(std::uint64_t x) { return __builtin_bswap64(x); }

template <class U>
void swap_row(std::byte* to, const std::byte* from, std::int64_t step, std::size_t count) {
  each_in_row<U, U>(to, from, step, count, [](U x) { return swapped(x); });
}

Row swapper(const DType& dtype) {
  if (dtype.kind() == 'c') return nullptr;
  switch (dtype.itemsize()) {
    case 2:
      return swap_row<std::uint16_t>;
    case 4:
      return swap_row<std::uint32_t>;
    case 8:
      return swap_row<std::uint64_t>;
    default:
      return nullptr;
  }
}

template <class T>
void double_row(std::byte* to, const std::byte* from, std::int64_t step, std::size_t count) {
  each_in_row<T, double>(to, from, step, count, [](T x) { return static_cast<double>(x); });
}

Row to_double(const DType& from) {
  const std::size_t size = from.itemsize();
  switch (from.kind()) {
    case 'i':
      if (size == 1) return double_row<std::int8_t>;
      if (size == 2) return double_row<std::int16_t>;
      return size == 4 ? double_row<std::int32_t> : double_row<std::int64_t>;
    case 'u':
      if (size == 1) return double_row<std::uint8_t>;
      if (size == 2) return double_row<std::uint16_t>;
      return size == 4 ? double_row<std::uint32_t> : double_row<std::uint64_t>;
    case 'f':
      return size == sizeof(float) ? double_row<float> : nullptr;
    default:
      return nullptr;
  }
}

Row row_for(const DType& from, const DType& to) {
  if (from == to) return copier(to.itemsize());
  if (from.newbyteorder('=') == to) return swapper(to);
  if (from.native() && to == DType::of<double>()) return to_double(from);
  return nullptr;
}

void convert_row(const DType& from, const std::byte* src, std::int64_t step, const DType& to,
                 std::byte* dst, std::size_t count) {
  const bool all_fit =
      count == 1  // a scalar: this form of the call needs no memory
          ? !convert_numbers({}, from, src, {}, to, dst, {}, Fit::cast)
          : !convert_numbers({static_cast<std::int64_t>(count)}, from, src, {step}, to, dst,
                             {static_cast<std::int64_t>(to.itemsize())}, Fit::cast);
  if (all_fit) return;
  throw Error(Errc::type_mismatch, "a value of " + from.to_string() + " does not fit " +
                                       to.to_string() + "; convert the array with astype first");
}

}  // namespace

std::size_t number_alignment(const DType& dtype) {
  return dtype.kind() == 'c' ? dtype.itemsize() / 2 : dtype.itemsize();
}

DType BlockReader::delivered(const DType& to) {
  return is_half(to) ? DType::of<float>() : as_number(to).newbyteorder('=');
}

BlockReader::BlockReader(const NdArray& array, const DType& to)
    : data_(array.data()),
      from_(as_number(array.dtype())),
      to_(delivered(to)),
      through_half_(is_half(to) && !is_half(from_)),
      as_is_(from_ == to_ && !through_half_),
      size_(to_.itemsize()) {
  const std::size_t alignment = number_alignment(to_);
  std::size_t bits = reinterpret_cast<std::uintptr_t>(data_);
  for (const std::int64_t stride : array.strides()) bits |= static_cast<std::size_t>(stride);
  aligned_ = bits % alignment == 0;
  if (!through_half_) row_ = row_for(from_, to_);
}

const std::byte* BlockReader::read(std::int64_t offset, std::int64_t step, std::size_t count,
                                   std::byte* buffer) const {
  const std::byte* from = data_ + offset;
  if (direct(step)) return from;
  if (row_ != nullptr) {
    row_(buffer, from, step, count);
  } else {
    convert(from, step, count, buffer);
  }
  return buffer;
}

void BlockReader::convert(const std::byte* from, std::int64_t step, std::size_t count,
                          std::byte* buffer) const {
  if (!through_half_) return convert_row(from_, from, step, to_, buffer, count);
  static const DType half = DType::parse("f2");
  std::array<std::byte, 512> halves;
  constexpr std::size_t kPart = halves.size() / 2;
  for (std::size_t done = 0; done < count; done += kPart) {
    const std::size_t part = count - done < kPart ? count - done : kPart;
    convert_row(from_, from + static_cast<std::int64_t>(done) * step, step, half, halves.data(),
                part);
    convert_row(half, halves.data(), 2, to_, buffer + done * size_, part);
  }
}

}  // namespace functionfuse::detail
