// Conversion between the 16 numeric types goes through one of six that hold them all exactly, a
// block at a time (16 + 6 * 16 loops instead of 16 * 16, at little cost: a block stays in L1):
//
//     bool, int8 ... int64          int64
//     uint8 ... uint64              uint64
//     float16, float32, float64     double
//     float128                      long double
//     complex64, complex128         std::complex<double>
//     complex256                    std::complex<long double>
//
// As the first step loses nothing, values round once, in the second.

#include "convert.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include <functionfuse/arrays/half.hpp>

#include "strided.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::size_t kBlock = 256;

struct Half {
  std::uint16_t bits;
};
struct Boolean {
  std::uint8_t byte;  // any value: a file need not keep to 0 and 1, and such a bool is undefined
};

template <class T>
constexpr bool kIsComplex = IsComplex<T>::value;

template <class T>
struct WideType {
  using type = double;  // Half, float, double
};
template <class T>
requires std::is_integral_v<T>
struct WideType<T> {
  using type = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
};
template <>
struct WideType<Boolean> {
  using type = std::int64_t;
};
template <>
struct WideType<long double> {
  using type = long double;
};
template <class T>
struct WideType<std::complex<T>> {
  using type = std::complex<typename WideType<T>::type>;
};
template <class T>
using Wide = typename WideType<T>::type;

// --- Reading and writing one value ------------------------------------------------------------

template <class Integer>
void swap_into(std::byte* dst, const std::byte* src, Integer (*swap)(Integer)) {
  Integer value = 0;
  std::memcpy(&value, src, sizeof value);
  value = swap(value);
  std::memcpy(dst, &value, sizeof value);
}

std::uint16_t swap16(std::uint16_t v) { return __builtin_bswap16(v); }
std::uint32_t swap32(std::uint32_t v) { return __builtin_bswap32(v); }
std::uint64_t swap64(std::uint64_t v) { return __builtin_bswap64(v); }

inline void reverse_into(std::byte* dst, const std::byte* src, std::size_t size) {
  if (size == 8) return swap_into(dst, src, swap64);
  if (size == 4) return swap_into(dst, src, swap32);
  if (size == 2) return swap_into(dst, src, swap16);
  for (std::size_t i = 0; i < size; ++i) dst[i] = src[size - 1 - i];
}

// In two halves where the value is complex.
template <class T>
void copy_swapped(std::byte* dst, const std::byte* src) {
  constexpr std::size_t kPart = kIsComplex<T> ? sizeof(T) / 2 : sizeof(T);
  for (std::size_t at = 0; at < sizeof(T); at += kPart) reverse_into(dst + at, src + at, kPart);
}

template <class T>
T load(const std::byte* src, bool swapped) {
  std::array<std::byte, sizeof(T)> bytes;
  if (swapped) {
    copy_swapped<T>(bytes.data(), src);
  } else {
    std::memcpy(bytes.data(), src, sizeof(T));
  }
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// An 80-bit number fills ten of its sixteen bytes: the others are made 0, so that equal arrays give
// equal files.
template <class T>
void clear_unused(std::byte* bytes) {
  if constexpr (std::is_same_v<T, long double>) {
    std::memset(bytes + 10, 0, 6);
  } else if constexpr (std::is_same_v<T, std::complex<long double>>) {
    clear_unused<long double>(bytes);
    clear_unused<long double>(bytes + 16);
  }
}

template <class T>
void store(std::byte* dst, const T& value, bool swapped) {
  std::array<std::byte, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));
  clear_unused<T>(bytes.data());
  if (swapped) {
    copy_swapped<T>(dst, bytes.data());
  } else {
    std::memcpy(dst, bytes.data(), sizeof(T));
  }
}

template <class T>
Wide<T> widen(const T& value) {
  if constexpr (std::is_same_v<T, Boolean>) {
    return value.byte != 0;
  } else if constexpr (std::is_same_v<T, Half>) {
    return half_to_double(value.bits);
  } else {
    return Wide<T>(value);
  }
}

// --- The second step: false where the value does not fit ----------------------------------------

template <class To, class From>
bool to_integer(From value, Fit fit, To& out) {
  if constexpr (std::is_integral_v<From>) {
    if (fit == Fit::exact && !std::in_range<To>(value)) return false;
    out = static_cast<To>(value);
    return true;
  } else {
    const From whole = std::trunc(value);
    const From above = std::ldexp(From(1), std::numeric_limits<To>::digits);
    const From least = static_cast<From>(std::numeric_limits<To>::min());
    if (!(whole >= least && whole < above)) return false;  // NaN too
    if (fit == Fit::exact && whole != value) return false;
    out = static_cast<To>(whole);
    return true;
  }
}

template <class From>
bool to_boolean(From value, Fit fit, Boolean& out) {
  if (fit == Fit::exact && value != From(0) && value != From(1)) return false;
  out.byte = value != From(0) ? 1 : 0;
  return true;
}

template <class From>
bool became_infinite(From before, bool infinite) {
  return infinite && std::isfinite(before);
}

template <class To, class From>
bool to_floating(From value, Fit fit, To& out) {
  bool infinite = false;
  if constexpr (std::is_same_v<To, Half>) {
    if constexpr (std::is_same_v<From, long double>) {
      out.bits = long_double_to_half(value);
    } else {
      out.bits = double_to_half(static_cast<double>(value));
    }
    infinite = (out.bits & 0x7fff) == 0x7c00;
  } else {
    out = static_cast<To>(value);
    infinite = std::isinf(out);
  }
  if constexpr (std::is_integral_v<From>) {
    return fit == Fit::cast || !infinite;
  } else {
    return fit == Fit::cast || !became_infinite(value, infinite);
  }
}

template <class To, class From>
bool narrow(const From& value, Fit fit, To& out) {
  if constexpr (kIsComplex<To>) {
    typename To::value_type real{};
    typename To::value_type imag{};
    if constexpr (kIsComplex<From>) {
      if (!narrow(value.imag(), fit, imag) || !narrow(value.real(), fit, real)) return false;
    } else if (!narrow(value, fit, real)) {
      return false;
    }
    out = To(real, imag);
    return true;
  } else if constexpr (kIsComplex<From>) {
    if constexpr (std::is_same_v<To, Boolean>) {  // true if either part is not 0
      if (fit == Fit::cast) {
        out.byte = value != From(0) ? 1 : 0;
        return true;
      }
    }
    return (fit == Fit::cast || value.imag() == 0) && narrow(value.real(), fit, out);
  } else if constexpr (std::is_same_v<To, Boolean>) {
    return to_boolean(value, fit, out);
  } else if constexpr (std::is_integral_v<To>) {
    return to_integer(value, fit, out);
  } else {
    return to_floating(value, fit, out);
  }
}

// --- Blocks
// ---------------------------------------------------------------------------------------

// Room for a block of the widest of the six.
struct alignas(64) Block {
  std::array<std::byte, kBlock * sizeof(std::complex<long double>)> bytes;
};

struct Place {
  std::int64_t step;
  bool swapped;
};

using LoadBlock = void (*)(const std::byte* src, Place place, std::size_t count, std::byte* wide);
// Gives the number of elements stored, less than count where one did not fit.
using StoreBlock = std::size_t (*)(const std::byte* wide, std::byte* dst, Place place,
                                   std::size_t count, Fit fit);

template <class T>
void load_block(const std::byte* src, Place place, std::size_t count, std::byte* wide) {
  auto* out = reinterpret_cast<Wide<T>*>(wide);
  constexpr auto kSize = static_cast<std::int64_t>(sizeof(T));
  const auto n = static_cast<std::int64_t>(count);
  if (!place.swapped && place.step == kSize) {  // known steps: this loop can use vectors
    for (std::int64_t i = 0; i < n; ++i) out[i] = widen(load<T>(src + i * kSize, false));
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      out[i] = widen(load<T>(src + i * place.step, place.swapped));
    }
  }
}

template <class From, class To>
std::size_t store_block(const std::byte* wide, std::byte* dst, Place place, std::size_t count,
                        Fit fit) {
  const auto* in = reinterpret_cast<const From*>(wide);
  constexpr auto kSize = static_cast<std::int64_t>(sizeof(To));
  const auto n = static_cast<std::int64_t>(count);
  if (fit == Fit::cast && !place.swapped && place.step == kSize) {
    for (std::int64_t i = 0; i < n; ++i) {
      To value{};
      if (!narrow(in[i], Fit::cast, value)) return static_cast<std::size_t>(i);
      store(dst + i * kSize, value, false);
    }
    return count;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    To value{};
    if (!narrow(in[i], fit, value)) return static_cast<std::size_t>(i);
    store(dst + i * place.step, value, place.swapped);
  }
  return count;
}

template <class From>
constexpr StoreBlock store_from(std::size_t wide_kind) {
  switch (wide_kind) {
    case 0:
      return store_block<std::int64_t, From>;
    case 1:
      return store_block<std::uint64_t, From>;
    case 2:
      return store_block<double, From>;
    case 3:
      return store_block<long double, From>;
    case 4:
      return store_block<std::complex<double>, From>;
    default:
      return store_block<std::complex<long double>, From>;
  }
}

template <class T>
constexpr std::size_t wide_kind_of() {
  using W = Wide<T>;
  if (std::is_same_v<W, std::int64_t>) return 0;
  if (std::is_same_v<W, std::uint64_t>) return 1;
  if (std::is_same_v<W, double>) return 2;
  if (std::is_same_v<W, long double>) return 3;
  return std::is_same_v<W, std::complex<double>> ? 4 : 5;
}

struct NumberType {
  LoadBlock load;
  std::size_t wide_kind;
  StoreBlock (*store_for)(std::size_t wide_kind);
};

template <class T>
constexpr NumberType number_type() {
  return {load_block<T>, wide_kind_of<T>(), store_from<T>};
}

NumberType number_type_of(const DType& dtype) {
  switch (dtype.kind()) {
    case 'b':
      return number_type<Boolean>();
    case 'i':
      switch (dtype.itemsize()) {
        case 1:
          return number_type<std::int8_t>();
        case 2:
          return number_type<std::int16_t>();
        case 4:
          return number_type<std::int32_t>();
        default:
          return number_type<std::int64_t>();
      }
    case 'u':
      switch (dtype.itemsize()) {
        case 1:
          return number_type<std::uint8_t>();
        case 2:
          return number_type<std::uint16_t>();
        case 4:
          return number_type<std::uint32_t>();
        default:
          return number_type<std::uint64_t>();
      }
    case 'f':
      switch (dtype.itemsize()) {
        case 2:
          return number_type<Half>();
        case 4:
          return number_type<float>();
        case 8:
          return number_type<double>();
        default:
          return number_type<long double>();
      }
    default:
      switch (dtype.itemsize()) {
        case 8:
          return number_type<std::complex<float>>();
        case 16:
          return number_type<std::complex<double>>();
        default:
          return number_type<std::complex<long double>>();
      }
  }
}

// float16 and float32 convert by their bits: through a double, the processor would set the quiet
// bit of a signalling NaN, and numpy does not.
void load_half_as_float_bits(const std::byte* src, Place place, std::size_t count, std::byte* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto half = load<Half>(src + static_cast<std::int64_t>(i) * place.step, place.swapped);
    const float value = half_to_float(half.bits);
    std::memcpy(out + i * sizeof value, &value, sizeof value);
  }
}

std::size_t store_float_bits(const std::byte* in, std::byte* dst, Place place, std::size_t count,
                             Fit) {
  for (std::size_t i = 0; i < count; ++i) {
    store(dst + static_cast<std::int64_t>(i) * place.step,
          load<std::uint32_t>(in + i * sizeof(float), false), place.swapped);
  }
  return count;
}

void load_float_bits(const std::byte* src, Place place, std::size_t count, std::byte* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits =
        load<std::uint32_t>(src + static_cast<std::int64_t>(i) * place.step, place.swapped);
    std::memcpy(out + i * sizeof bits, &bits, sizeof bits);
  }
}

std::size_t store_float_as_half(const std::byte* in, std::byte* dst, Place place, std::size_t count,
                                Fit fit) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = load<float>(in + i * sizeof(float), false);
    const Half half{float_to_half(value)};
    if (fit == Fit::exact && became_infinite(value, (half.bits & 0x7fff) == 0x7c00)) return i;
    store(dst + static_cast<std::int64_t>(i) * place.step, half, place.swapped);
  }
  return count;
}

struct Steps {
  LoadBlock load;
  StoreBlock store;
};

Steps steps_for(const DType& from, const DType& to) {
  if (from.kind() == 'f' && to.kind() == 'f') {
    if (from.itemsize() == 2 && to.itemsize() == 4)
      return {load_half_as_float_bits, store_float_bits};
    if (from.itemsize() == 4 && to.itemsize() == 2) return {load_float_bits, store_float_as_half};
  }
  const NumberType source = number_type_of(from);
  return {source.load, number_type_of(to).store_for(source.wide_kind)};
}

bool same_bytes(const std::byte* a, const std::byte* b, std::size_t size) {
  return std::memcmp(a, b, size) == 0;
}

// Bytes that must be reversed together.
std::size_t swap_unit(const DType& dtype) {
  switch (dtype.kind()) {
    case 'U':
      return 4;
    case 'c':
      return dtype.itemsize() / 2;
    default:
      return dtype.itemsize();
  }
}

// Where the ten bytes of an 80-bit number lie in its sixteen.
std::size_t extended_start(const DType& dtype) { return dtype.byteorder() == '>' ? 6 : 0; }

bool is_extended(const DType& dtype) {
  return (dtype.kind() == 'f' && dtype.itemsize() == 16) ||
         (dtype.kind() == 'c' && dtype.itemsize() == 32);
}

// Calls f(offset) for each element of a subarray until it returns false.
template <class F>
bool all_in_subarray(const DType& dtype, F f) {
  const std::size_t size = dtype.base().itemsize();
  for (std::size_t at = 0; at < dtype.itemsize(); at += size) {
    if (!f(at)) return false;
  }
  return true;
}

// The same numbers in the other byte order: no need to go through another type.
void swap_rows(const Shape& shape, std::size_t unit, std::size_t parts, const std::byte* src,
               const Shape& src_strides, std::byte* dst, const Shape& dst_strides) {
  const RowWalk<2> walk(shape, {src_strides, dst_strides});
  walk.run([&](const auto& offsets, std::size_t count, const auto& steps, std::size_t) {
    const auto each = [&](auto size) {
      for (std::int64_t i = 0; i < static_cast<std::int64_t>(count); ++i) {
        for (std::size_t at = 0; at < parts * unit; at += unit) {
          const auto part = static_cast<std::int64_t>(at);
          reverse_into(dst + offsets[1] + i * steps[1] + part,
                       src + offsets[0] + i * steps[0] + part, size == 0 ? unit : size);
        }
      }
    };
    switch (unit) {
      case 2:
        each(std::integral_constant<std::size_t, 2>());
        break;
      case 4:
        each(std::integral_constant<std::size_t, 4>());
        break;
      case 8:
        each(std::integral_constant<std::size_t, 8>());
        break;
      default:
        each(std::integral_constant<std::size_t, 0>());
        break;
    }
    return true;
  });
}

}  // namespace

std::optional<std::size_t> convert_numbers(const Shape& shape, const DType& from,
                                           const std::byte* src, const Shape& src_strides,
                                           const DType& to, std::byte* dst,
                                           const Shape& dst_strides, Fit fit) {
  if (from.kind() == to.kind() && from.itemsize() == to.itemsize() && !is_extended(from) &&
      from.byteorder() != to.byteorder()) {
    const std::size_t unit = swap_unit(from);
    swap_rows(shape, unit, from.itemsize() / unit, src, src_strides, dst, dst_strides);
    return std::nullopt;
  }
  const Steps steps = steps_for(from, to);
  const bool from_swapped = !from.native();
  const bool to_swapped = !to.native();
  Block block;
  std::optional<std::size_t> failed;
  if (shape.empty()) {  // one element, as often read as all others together
    steps.load(src, {0, from_swapped}, 1, block.bytes.data());
    if (steps.store(block.bytes.data(), dst, {0, to_swapped}, 1, fit) == 0) failed = 0;
    return failed;
  }
  const RowWalk<2> walk(shape, {src_strides, dst_strides});
  walk.run([&](const auto& offsets, std::size_t count, const auto& step, std::size_t first) {
    for (std::size_t done = 0; done < count; done += kBlock) {
      const auto at = static_cast<std::int64_t>(done);
      const std::size_t part = std::min(kBlock, count - done);
      steps.load(src + offsets[0] + at * step[0], {step[0], from_swapped}, part,
                 block.bytes.data());
      const std::size_t stored = steps.store(block.bytes.data(), dst + offsets[1] + at * step[1],
                                             {step[1], to_swapped}, part, fit);
      if (stored == part) continue;
      failed = first + done + stored;
      return false;
    }
    return true;
  });
  return failed;
}

long double read_real(const DType& dtype, const std::byte* element) {
  std::complex<long double> value;
  convert_numbers({}, dtype, element, {}, DType::of<std::complex<long double>>(),
                  reinterpret_cast<std::byte*>(&value), {}, Fit::cast);
  return value.real();
}

void copy_reordered(const DType& from, const std::byte* src, const DType& to, std::byte* dst) {
  const std::size_t size = from.itemsize();
  if (size == 0) return;
  if (from.is_subarray()) {
    all_in_subarray(from, [&](std::size_t at) {
      copy_reordered(from.base(), src + at, to.base(), dst + at);
      return true;
    });
    return;
  }
  if (from.byteorder() != to.byteorder()) {
    const std::size_t unit = swap_unit(from);
    for (std::size_t at = 0; at < size; at += unit) reverse_into(dst + at, src + at, unit);
    return;
  }
  std::memcpy(dst, src, size);  // of a structured one, for its gaps
  for (std::size_t i = 0; i < from.fields().size(); ++i) {
    const Field& field = from.fields()[i];
    copy_reordered(field.dtype, src + field.offset, to.fields()[i].dtype, dst + field.offset);
  }
}

bool same_element(const DType& dtype, const std::byte* a, const std::byte* b) {
  if (dtype.itemsize() == 0) return true;
  if (dtype.is_subarray()) {
    return all_in_subarray(
        dtype, [&](std::size_t at) { return same_element(dtype.base(), a + at, b + at); });
  }
  if (dtype.is_structured()) {
    return std::all_of(dtype.fields().begin(), dtype.fields().end(), [&](const Field& field) {
      return same_element(field.dtype, a + field.offset, b + field.offset);
    });
  }
  if (!is_extended(dtype)) return same_bytes(a, b, dtype.itemsize());
  for (std::size_t at = extended_start(dtype); at < dtype.itemsize(); at += 16) {
    if (!same_bytes(a + at, b + at, 10)) return false;
  }
  return true;
}

bool has_no_gaps(const DType& dtype) {
  if (dtype.is_subarray()) return dtype.itemsize() == 0 || has_no_gaps(dtype.base());
  if (!dtype.is_structured()) return !is_extended(dtype);
  std::size_t end = 0;  // fields out of order may cover all bytes too; they take the slow way
  for (const Field& field : dtype.fields()) {
    if (field.offset != end || !has_no_gaps(field.dtype)) return false;
    end += field.dtype.itemsize();
  }
  return end == dtype.itemsize();
}

}  // namespace functionfuse::detail
