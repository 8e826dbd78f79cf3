// An array as text, as numpy 1.24 prints it (numpy/core/arrayprint.py). The classes have numpy's
// names. In short:
//
//   1. Take the elements that will be shown: all, or the first and last three along each axis.
//   2. Make a formatter for their dtype, which looks at all of them to find one width, one number
//      of digits, and whether to write exponents. A structured dtype has a formatter per field.
//   3. Format each element and break the rows at 75 characters.
//
// What is shown is bounded, also for dtypes made to be large (a subarray of 2^31 elements of no
// bytes, subarrays in fields in subarrays): see Budget.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <complex>
#include <cstring>
#include <functional>
#include <limits>
#include <ostream>
#include <span>

#include <functionfuse/arrays/half.hpp>
#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

#include "convert.hpp"
#include "python_text.hpp"
#include "strided.hpp"

namespace functionfuse {
namespace {

constexpr std::size_t kEdgeItems = 3;
constexpr std::size_t kLineWidth = 75;
constexpr std::size_t kSubarrayThreshold = 1000;
constexpr int kPrecision = 8;
constexpr int kAllDigits = -1;

using Elements = std::vector<const std::byte*>;

// How many elements formatters may look at, those of fields and subarrays counted. Enough for all
// that anyone would read; when it is used up, a subarray is shown as [...].
struct Budget {
  std::size_t left;
  bool take(std::size_t count) {
    if (count > left) return false;
    left -= count;
    return true;
  }
};

struct Style {
  int precision = kPrecision;  // digits behind the point at most, or kAllDigits
  bool rank_zero = false;      // a single element: True without a space to align with False
};

class Formatter {
 public:
  virtual ~Formatter() = default;
  [[nodiscard]] virtual std::string format(const std::byte* element) const = 0;
};

std::unique_ptr<Formatter> make_formatter(const DType& dtype, const Elements& elements,
                                          const Style& style, Budget& budget);

std::string pad_left(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

// --- Floating point: digits -------------------------------------------------------------------

template <class Float, class... Precision>
std::string digits_of(Float value, std::chars_format format, Precision... precision) {
  std::array<char, 5200> buffer;  // the smallest float128 in fixed notation has 4950 digits
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format, precision...);
  return {buffer.data(), result.ptr};
}

bool reads_as_half(const std::string& text, std::uint16_t bits) {
  float value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return float_to_half(value) == bits;
}

// The fewest digits that read back as the same float16. A value half way between two of so many
// digits (0.015625 with four) is rounded either way, as float16s are closer together below a power
// of two than above it, and only one of the two may read back.
std::string shortest_half(float value) {
  const std::uint16_t bits = float_to_half(value);
  for (int precision = 0;; ++precision) {
    for (const float near : {value, std::nextafter(value, std::copysign(1e9F, value))}) {
      std::string text = digits_of(near, std::chars_format::scientific, precision);
      if (precision > 8 || reads_as_half(text, bits)) return text;
    }
  }
}

// The fewest digits that read back as the same number of that size, as "1.25e+02".
std::string shortest(long double value, std::size_t size) {
  constexpr auto kScientific = std::chars_format::scientific;
  switch (size) {
    case 2:
      return shortest_half(static_cast<float>(value));
    case 4:
      return digits_of(static_cast<float>(value), kScientific);
    case 8:
      return digits_of(static_cast<double>(value), kScientific);
    default:
      return digits_of(value, kScientific);
  }
}

struct Number {
  std::string sign, whole, fraction;  // fraction without trailing zeros
  std::string exponent;               // "+05"; empty in positional notation
};

Number split(std::string text) {
  Number result;
  if (text[0] == '-') {
    result.sign = "-";
    text.erase(0, 1);
  }
  const std::size_t e = text.find('e');
  if (e != std::string::npos) {
    result.exponent = text.substr(e + 1);
    text.resize(e);
  }
  const std::size_t point = text.find('.');
  result.whole = text.substr(0, point);
  if (point == std::string::npos) return result;
  result.fraction = text.substr(point + 1);
  result.fraction.resize(result.fraction.find_last_not_of('0') + 1);
  return result;
}

// 1.25e+02 as 125.
Number positional(const Number& n) {
  Number result{n.sign, n.whole + n.fraction, "", ""};
  int exponent = 0;
  const char* start = n.exponent.data() + (n.exponent[0] == '+' ? 1 : 0);
  std::from_chars(start, n.exponent.data() + n.exponent.size(), exponent);
  std::string& digits = result.whole;
  if (exponent < 0) digits.insert(0, static_cast<std::size_t>(-exponent), '0');
  const auto length = static_cast<std::size_t>(std::max(exponent, 0)) + 1;
  if (digits.size() < length) digits.resize(length, '0');
  result.fraction = digits.substr(length);
  digits.resize(length);
  result.fraction.resize(result.fraction.find_last_not_of('0') + 1);
  return result;
}

long double read_part(const DType& dtype, const std::byte* element, bool imaginary) {
  if (dtype.kind() != 'c') return detail::read_real(dtype, element);
  const std::string half =
      std::string{dtype.byteorder(), 'f'} + std::to_string(dtype.itemsize() / 2);
  return detail::read_real(DType::parse(half), element + (imaginary ? dtype.itemsize() / 2 : 0));
}

class FloatingFormat {
 public:
  FloatingFormat(const std::vector<long double>& values, std::size_t size, int precision,
                 bool always_sign)
      : size_(size), precision_(precision), always_sign_(always_sign) {
    std::vector<long double> finite;
    std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
                 [](long double v) { return std::isfinite(v); });
    exponents_ = wants_exponents(finite);
    for (const long double value : finite) measure(exponents_ ? scientific(value) : fixed(value));
    if (!finite.empty() && exponents_) {
      precision_ = static_cast<int>(right_);
      right_ += exponent_width_ + 2;
    }
    if (values.size() == finite.size()) return;
    const bool signed_infinity =
        always_sign_ || std::any_of(values.begin(), values.end(),
                                    [](long double v) { return std::isinf(v) && v < 0; });
    const std::size_t widest = signed_infinity ? 4 : 3;  // "-inf", "nan"
    if (left_ + right_ + 1 < widest) left_ = widest - right_ - 1;
  }

  [[nodiscard]] std::string format(long double value) const {
    if (!std::isfinite(value)) return pad_left(special(value), left_ + right_ + 1);
    if (!exponents_) {
      const Number n = fixed(value);
      std::string text = pad_left(n.sign + n.whole, left_) + "." + n.fraction;
      return text + std::string(right_ - n.fraction.size(), ' ');
    }
    // All digits that the column has, exact ones, not zeros behind the shortest.
    Number n = with_sign(split(exact(value, precision_)), value);
    n.fraction.resize(static_cast<std::size_t>(precision_), '0');
    n.exponent.insert(1, exponent_width_ - (n.exponent.size() - 1), '0');
    return pad_left(n.sign + n.whole, left_) + "." + n.fraction + "e" + n.exponent;
  }

 private:
  [[nodiscard]] bool wants_exponents(const std::vector<long double>& finite) const {
    long double largest = 0;
    long double smallest = std::numeric_limits<long double>::infinity();
    for (const long double value : finite) {
      if (value == 0) continue;
      largest = std::max(largest, std::fabs(value));
      smallest = std::min(smallest, std::fabs(value));
    }
    if (largest == 0) return false;
    return largest >= 1e8L || smallest < static_cast<long double>(0.0001) ||
           ratio(largest, smallest) > 1000;
  }

  // In the precision of the elements, as numpy divides them.
  [[nodiscard]] long double ratio(long double a, long double b) const {
    switch (size_) {
      case 2:
        return half_to_float(float_to_half(static_cast<float>(a) / static_cast<float>(b)));
      case 4:
        return static_cast<float>(a) / static_cast<float>(b);
      case 8:
        return static_cast<double>(a) / static_cast<double>(b);
      default:
        return a / b;
    }
  }

  [[nodiscard]] std::string special(long double value) const {
    if (std::isnan(value)) return always_sign_ ? "+nan" : "nan";
    return value < 0 ? "-inf" : always_sign_ ? "+inf" : "inf";
  }

  [[nodiscard]] Number with_sign(Number n, long double value) const {
    n.sign = std::signbit(value) ? "-" : always_sign_ ? "+" : "";
    return n;
  }

  [[nodiscard]] std::string exact(long double value, int precision,
                                  std::chars_format format = std::chars_format::scientific) const {
    return size_ > 8 ? digits_of(value, format, precision)
                     : digits_of(static_cast<double>(value), format, precision);
  }

  [[nodiscard]] Number scientific(long double value) const {
    Number n = split(shortest(value, size_));
    if (precision_ != kAllDigits && n.fraction.size() > static_cast<std::size_t>(precision_)) {
      n = split(exact(value, precision_));
    }
    return with_sign(n, value);
  }

  [[nodiscard]] Number fixed(long double value) const {
    Number n = positional(split(shortest(value, size_)));
    // In front of the point all digits are exact: 41837792. as float32, not 41837790.
    if (n.fraction.empty()) n = split(exact(value, 0, std::chars_format::fixed));
    if (precision_ != kAllDigits && n.fraction.size() > static_cast<std::size_t>(precision_)) {
      n = split(exact(value, precision_, std::chars_format::fixed));
    }
    return with_sign(n, value);
  }

  void measure(const Number& n) {
    left_ = std::max(left_, n.sign.size() + n.whole.size());
    right_ = std::max(right_, n.fraction.size());
    if (!n.exponent.empty()) exponent_width_ = std::max(exponent_width_, n.exponent.size() - 1);
  }

  std::size_t size_;
  int precision_;
  bool always_sign_;
  bool exponents_ = false;
  std::size_t left_ = 0, right_ = 0, exponent_width_ = 0;
};

std::vector<long double> read_parts(const DType& dtype, const Elements& elements, bool imaginary) {
  std::vector<long double> values;
  values.reserve(elements.size());
  for (const std::byte* element : elements) values.push_back(read_part(dtype, element, imaginary));
  return values;
}

class RealFormat final : public Formatter {
 public:
  RealFormat(const DType& dtype, const Elements& elements, const Style& style)
      : dtype_(dtype),
        format_(read_parts(dtype, elements, false), dtype.itemsize(), style.precision, false) {}
  [[nodiscard]] std::string format(const std::byte* element) const override {
    return format_.format(read_part(dtype_, element, false));
  }

 private:
  DType dtype_;
  FloatingFormat format_;
};

class ComplexFormat final : public Formatter {
 public:
  ComplexFormat(const DType& dtype, const Elements& elements, const Style& style)
      : dtype_(dtype),
        real_(read_parts(dtype, elements, false), dtype.itemsize() / 2, style.precision, false),
        imag_(read_parts(dtype, elements, true), dtype.itemsize() / 2, style.precision, true) {}
  [[nodiscard]] std::string format(const std::byte* element) const override {
    std::string imag = imag_.format(read_part(dtype_, element, true));
    imag.insert(imag.find_last_not_of(' ') + 1, "j");  // before the spaces that align the point
    return real_.format(read_part(dtype_, element, false)) + imag;
  }

 private:
  DType dtype_;
  FloatingFormat real_, imag_;
};

// --- Other plain kinds ----------------------------------------------------------------------

// Text that is known element by element, aligned to the right.
class AlignedFormat final : public Formatter {
 public:
  using ToText = std::function<std::string(const std::byte*)>;

  AlignedFormat(ToText to_text, const Elements& elements) : to_text_(std::move(to_text)) {
    for (const std::byte* element : elements) width_ = std::max(width_, to_text_(element).size());
  }
  [[nodiscard]] std::string format(const std::byte* element) const override {
    return pad_left(to_text_(element), width_);
  }

 private:
  ToText to_text_;
  std::size_t width_ = 0;
};

// The same without aligning.
class PlainFormat final : public Formatter {
 public:
  explicit PlainFormat(AlignedFormat::ToText to_text) : to_text_(std::move(to_text)) {}
  [[nodiscard]] std::string format(const std::byte* element) const override {
    return to_text_(element);
  }

 private:
  AlignedFormat::ToText to_text_;
};

std::int64_t read_integer(const DType& dtype, const std::byte* element) {
  std::int64_t value = 0;
  // The bits of datetime64 and timedelta64 are those of an int64 in the same order.
  const DType from =
      dtype.is_datetime() ? DType::of<std::int64_t>().newbyteorder(dtype.byteorder()) : dtype;
  detail::convert_numbers({}, from, element, {}, DType::of<std::int64_t>(),
                          reinterpret_cast<std::byte*>(&value), {}, detail::Fit::cast);
  return value;
}

std::string integer_text(const DType& dtype, const std::byte* element) {
  const std::int64_t value = read_integer(dtype, element);
  return dtype.kind() == 'u' ? std::to_string(static_cast<std::uint64_t>(value))
                             : std::to_string(value);
}

std::size_t without_padding(const std::byte* element, std::size_t size) {
  while (size > 0 && element[size - 1] == std::byte{0}) --size;
  return size;
}

std::u32string read_text(const DType& dtype, const std::byte* element) {
  std::u32string text(dtype.itemsize() / 4, U'\0');
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint32_t code = 0;
    std::memcpy(&code, element + 4 * i, 4);
    text[i] = dtype.native() ? code : __builtin_bswap32(code);
  }
  text.resize(text.find_last_not_of(U'\0') + 1);
  return text;
}

// --- Dates ------------------------------------------------------------------------------------

constexpr std::int64_t kNotATime = std::numeric_limits<std::int64_t>::min();

// A count of 10^-18 seconds reaches beyond 64 bits, and years times 2^31 do as well.
__extension__ using Wide = __int128;

Wide floor_div(Wide a, Wide b) { return a / b - (a % b < 0 ? 1 : 0); }

std::string decimal(Wide value) {
  std::string digits;
  const bool negative = value < 0;
  do {
    const auto digit = static_cast<int>(value % 10);
    digits.insert(digits.begin(), static_cast<char>('0' + (digit < 0 ? -digit : digit)));
    value /= 10;
  } while (value != 0);
  return negative ? "-" + digits : digits;
}

// C's %0*d: the sign counts.
std::string zero_padded(Wide value, std::size_t width) {
  std::string text = decimal(value);
  const std::size_t sign = text[0] == '-' ? 1 : 0;
  if (text.size() < width) text.insert(sign, width - text.size(), '0');
  return text;
}

// Days since 1970-01-01 to "2020-02-29". Counts in years that begin in March, so that a leap day
// is the last day of its year, and in eras of 400 years, which all have 146097 days.
std::string date_text(Wide days) {
  days += 719468;  // from 0000-03-01
  const Wide era = floor_div(days, 146097);
  const auto day_of_era = static_cast<int>(days - era * 146097);
  const int year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int month = (5 * day_of_year + 2) / 153;  // 0 is March
  const int day = day_of_year - (153 * month + 2) / 5 + 1;
  const Wide year = era * 400 + year_of_era + (month >= 10 ? 1 : 0);
  return zero_padded(year, 4) + "-" + zero_padded(month < 10 ? month + 3 : month - 9, 2) + "-" +
         zero_padded(day, 2);
}

std::string months_text(Wide months) {
  const Wide years = floor_div(months, 12);
  return zero_padded(1970 + years, 4) + "-" + zero_padded(months - 12 * years + 1, 2);
}

// Of a day that is given in seconds and a fraction of them.
std::string seconds_text(Wide seconds, Wide fraction, std::size_t digits) {
  const Wide days = floor_div(seconds, 86400);
  const auto rest = static_cast<int>(seconds - days * 86400);
  std::string text = date_text(days) + "T" + zero_padded(rest / 3600, 2) + ":" +
                     zero_padded(rest / 60 % 60, 2) + ":" + zero_padded(rest % 60, 2);
  if (digits > 0) text += "." + zero_padded(fraction, digits);
  return text;
}

std::string without_end(const std::string& text, std::string_view end) {
  return text.substr(0, text.size() - end.size());
}

std::string datetime_text(const DType& dtype, std::int64_t ticks) {
  if (ticks == kNotATime) return "NaT";
  const std::string_view unit = dtype.unit();
  const Wide value = static_cast<Wide>(ticks) * dtype.unit_count();
  if (unit == "generic") return decimal(value);  // numpy refuses to print it
  if (unit == "Y") return zero_padded(1970 + value, 4);
  if (unit == "M") return months_text(value);
  if (unit == "W") return date_text(7 * value);
  if (unit == "D") return date_text(value);
  if (unit == "h") return without_end(seconds_text(3600 * value, 0, 0), ":00:00");
  if (unit == "m") return without_end(seconds_text(60 * value, 0, 0), ":00");
  if (unit == "s") return seconds_text(value, 0, 0);
  constexpr std::array<std::string_view, 6> kFractions = {"ms", "us", "ns", "ps", "fs", "as"};
  Wide per_second = 1;
  std::size_t digits = 0;
  for (const std::string_view fraction : kFractions) {
    per_second *= 1000;
    digits += 3;
    if (unit == fraction) break;
  }
  const Wide seconds = floor_div(value, per_second);
  return seconds_text(seconds, value - seconds * per_second, digits);
}

std::string time_text(const DType& dtype, const std::byte* element) {
  const std::int64_t ticks = read_integer(dtype, element);
  if (ticks == kNotATime) return "'NaT'";
  if (dtype.kind() == 'm') return std::to_string(ticks);
  return "'" + datetime_text(dtype, ticks) + "'";
}

// --- Structured -----------------------------------------------------------------------------

// Indices to show along an axis: all, or the first and last three.
std::vector<std::int64_t> shown_indices(std::int64_t length, bool summarised) {
  constexpr auto kEdge = static_cast<std::int64_t>(kEdgeItems);
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < length; ++i) {
    if (summarised && length > 2 * kEdge && i == kEdge) i = length - kEdge;
    indices.push_back(i);
  }
  return indices;
}

// How many elements that are; an axis without any is walked all the same, and counts as one.
std::size_t shown_count(const Shape& shape, bool summarised) {
  std::size_t count = 1;
  for (const std::int64_t length : shape) {
    const auto whole = static_cast<std::size_t>(std::max<std::int64_t>(length, 1));
    const std::size_t shown = summarised ? std::min(whole, 2 * kEdgeItems) : whole;
    if (__builtin_mul_overflow(count, shown, &count))
      return std::numeric_limits<std::size_t>::max();
  }
  return count;
}

void collect(Elements& out, const std::byte* data, std::span<const std::int64_t> shape,
             std::span<const std::int64_t> strides, bool summarised) {
  if (shape.empty()) {
    out.push_back(data);
    return;
  }
  for (const std::int64_t i : shown_indices(shape[0], summarised)) {
    collect(out, data + i * strides[0], shape.subspan(1), strides.subspan(1), summarised);
  }
}

class SubArrayFormat final : public Formatter {
 public:
  SubArrayFormat(const DType& dtype, const Elements& elements, const Style& style, Budget& budget)
      : shape_(dtype.shape()),
        strides_(detail::contiguous_strides(shape_, dtype.base().itemsize(), 'C')) {
    const std::size_t all = shown_count(shape_, false);
    summarised_ = all > kSubarrayThreshold;
    std::size_t count = 0;
    const bool fits =
        !__builtin_mul_overflow(shown_count(shape_, summarised_), elements.size(), &count) &&
        budget.take(count);
    if (!fits) return;
    Elements inner;
    for (const std::byte* element : elements)
      collect(inner, element, shape_, strides_, summarised_);
    Style inner_style = style;
    inner_style.rank_zero = false;
    item_ = make_formatter(dtype.base(), inner, inner_style, budget);
  }

  [[nodiscard]] std::string format(const std::byte* element) const override {
    return item_ ? format_axis(element, 0) : "[...]";
  }

 private:
  [[nodiscard]] std::string format_axis(const std::byte* data, std::size_t axis) const {
    if (axis == shape_.size()) return item_->format(data);
    std::string text = "[";
    std::int64_t expected = 0;
    for (const std::int64_t i : shown_indices(shape_[axis], summarised_)) {
      if (i > 0) text += ", ";
      if (i != expected) text += "..., ";
      text += format_axis(data + i * strides_[axis], axis + 1);
      expected = i + 1;
    }
    return text += "]";
  }

  Shape shape_;
  Shape strides_;
  bool summarised_ = false;
  std::unique_ptr<Formatter> item_;  // null where there are too many elements
};

class StructuredVoidFormat final : public Formatter {
 public:
  StructuredVoidFormat(const DType& dtype, const Elements& elements, const Style& style,
                       Budget& budget) {
    for (const Field& field : dtype.fields()) {
      if (!budget.take(elements.size())) break;
      Elements inner;
      inner.reserve(elements.size());
      for (const std::byte* element : elements) inner.push_back(element + field.offset);
      parts_.push_back({field.offset, make_formatter(field.dtype, inner, style, budget)});
    }
    cut_ = parts_.size() < dtype.fields().size();
  }

  [[nodiscard]] std::string format(const std::byte* element) const override {
    std::string text = "(";
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (i > 0) text += ", ";
      text += parts_[i].formatter->format(element + parts_[i].offset);
    }
    if (cut_) text += parts_.empty() ? "..." : ", ...";
    return text += parts_.size() == 1 && !cut_ ? ",)" : ")";
  }

 private:
  struct Part {
    std::size_t offset;
    std::unique_ptr<Formatter> formatter;
  };
  std::vector<Part> parts_;
  bool cut_ = false;
};

std::unique_ptr<Formatter> make_formatter(const DType& dtype, const Elements& elements,
                                          const Style& style, Budget& budget) {
  if (dtype.is_subarray()) {
    return std::make_unique<SubArrayFormat>(dtype, elements, style, budget);
  }
  if (dtype.is_structured()) {
    return std::make_unique<StructuredVoidFormat>(dtype, elements, style, budget);
  }
  const std::size_t size = dtype.itemsize();
  switch (dtype.kind()) {
    case 'b':
      return std::make_unique<PlainFormat>([zero = style.rank_zero](const std::byte* e) {
        return *e == std::byte{0} ? "False" : zero ? "True" : " True";
      });
    case 'i':
    case 'u':
      return std::make_unique<AlignedFormat>(
          [dtype](const std::byte* e) { return integer_text(dtype, e); }, elements);
    case 'f':
      return std::make_unique<RealFormat>(dtype, elements, style);
    case 'c':
      return std::make_unique<ComplexFormat>(dtype, elements, style);
    case 'M':
    case 'm':
      return std::make_unique<AlignedFormat>(
          [dtype](const std::byte* e) { return time_text(dtype, e); }, elements);
    case 'S':
      return std::make_unique<PlainFormat>([size](const std::byte* e) {
        return detail::python_bytes_repr({e, without_padding(e, size)});
      });
    case 'U':
      return std::make_unique<PlainFormat>(
          [dtype](const std::byte* e) { return detail::python_repr(read_text(dtype, e)); });
    default:
      return std::make_unique<PlainFormat>([size](const std::byte* e) {
        return detail::numpy_void_repr({e, size});
      });
  }
}

// --- Rows and brackets: numpy's _formatArray ----------------------------------------------------

class ArrayText {
 public:
  ArrayText(const NdArray& array, const Formatter& formatter, bool summarised)
      : array_(array), formatter_(formatter), summarised_(summarised) {}

  [[nodiscard]] std::string text() const {
    constexpr std::size_t kPrefix = 6;  // "array("
    constexpr std::size_t kSuffix = 1;  // ")" or "," behind it
    return format_axis(array_.data(), 0, std::string(kPrefix + 1, ' '), kLineWidth - kSuffix);
  }

 private:
  [[nodiscard]] std::string format_axis(const std::byte* data, std::size_t axis,
                                        const std::string& indent, std::size_t width) const {
    const std::size_t left = array_.ndim() - axis;
    if (left == 0) return formatter_.format(data);
    std::string text =
        left == 1 ? format_row(data, axis, indent, width) : format_rows(data, axis, indent, width);
    return "[" + text.substr(indent.size()) + "]";
  }

  // Calls f(text of an item, whether it is the last); an item is "..." where some are left out.
  template <class F>
  void for_each_item(const std::byte* data, std::size_t axis, const std::string& indent,
                     std::size_t width, F f) const {
    const std::int64_t length = array_.shape()[axis];
    std::int64_t expected = 0;
    for (const std::int64_t i : shown_indices(length, summarised_)) {
      if (i != expected) f("...", false);
      f(format_axis(data + i * array_.strides()[axis], axis + 1, indent + " ", width - 1),
        i + 1 == length);
      expected = i + 1;
    }
  }

  [[nodiscard]] std::string format_row(const std::byte* data, std::size_t axis,
                                       const std::string& indent, std::size_t width) const {
    std::string done;
    std::string line = indent;
    for_each_item(data, axis, indent, width, [&](const std::string& word, bool last) {
      const std::size_t length = detail::text_width(line);
      // A line is not broken where that would not make it shorter.
      if (length + detail::text_width(word) > width - 1 && length > indent.size()) {
        line.resize(line.find_last_not_of(' ') + 1);
        done += line + "\n";
        line = indent;
      }
      line += word;
      if (!last) line += ", ";
    });
    return done + line;
  }

  [[nodiscard]] std::string format_rows(const std::byte* data, std::size_t axis,
                                        const std::string& indent, std::size_t width) const {
    const std::string separator = "," + std::string(array_.ndim() - axis - 1, '\n');
    std::string text;
    for_each_item(data, axis, indent, width, [&](const std::string& item, bool last) {
      text += indent + item;
      if (!last) text += separator;
    });
    return text;
  }

  const NdArray& array_;
  const Formatter& formatter_;
  bool summarised_;
};

// Numpy leaves out the dtype where the values tell: it does not look at the byte order.
bool is_implied(const DType& dtype) {
  const std::string name = dtype.name();
  return name == "int64" || name == "float64" || name == "complex128" || name == "bool";
}

std::string dtype_text(const DType& dtype) {
  if (dtype.is_structured()) return dtype.to_string();
  const char kind = dtype.kind();
  if (kind == 'S' || kind == 'U' || kind == 'V') return "'" + dtype.to_string() + "'";
  const std::string name = dtype.name();
  return name.find('[') == std::string::npos ? name : "'" + name + "'";
}

std::string values_text(const NdArray& array, std::size_t threshold) {
  // Of many axes even the first and last three of each can be too many to print.
  constexpr std::size_t kMost = 100000;
  const bool summarised = array.size() > threshold;
  const std::size_t count = shown_count(array.shape(), summarised);
  if (count > std::max(threshold, kMost)) return "[...]";
  Elements elements;
  collect(elements, array.data(), array.shape(), array.strides(), summarised);
  Budget budget{kMost + 1000 * count};
  Style style;
  style.rank_zero = array.ndim() == 0;
  const auto formatter = make_formatter(array.dtype(), elements, style, budget);
  return ArrayText(array, *formatter, summarised).text();
}

}  // namespace

std::string NdArray::repr(std::size_t threshold) const {
  const bool implied = is_implied(dtype_) && size_ > 0;
  std::string text = "array(";
  if (size_ > 0) {
    text += values_text(*this, threshold);
  } else {
    text += ndim() == 1 ? "[]" : "[], shape=" + shape_text(shape_);
  }
  text += implied ? ")" : ",";
  if (implied) return text;
  const std::string dtype = "dtype=" + dtype_text(dtype_) + ")";
  const std::size_t newline = text.rfind('\n');
  const std::string_view last =
      std::string_view(text).substr(newline == std::string::npos ? 0 : newline + 1);
  const bool fits = detail::text_width(last) + detail::text_width(dtype) + 1 <= kLineWidth;
  return text + (fits ? " " : "\n      ") + dtype;
}

std::string NdArray::element_repr(std::size_t flat) const {
  constexpr std::size_t kMost = 100000;
  const std::byte* data = element(flat);
  Budget budget{kMost};
  const auto formatter =
      make_formatter(dtype_, {data}, Style{.precision = kAllDigits, .rank_zero = true}, budget);
  return formatter->format(data);
}

std::string NdArray::element_string(std::size_t flat) const {
  const std::byte* data = element(flat);
  const auto where = [&] {
    return "array of " + dtype_.to_string() + ": element " + std::to_string(flat);
  };
  if (dtype_.kind() == 'S') {
    return {reinterpret_cast<const char*>(data), without_padding(data, dtype_.itemsize())};
  }
  if (dtype_.kind() != 'U') throw Error(Errc::type_mismatch, where() + " is not text");
  std::string text;
  for (const char32_t code : read_text(dtype_, data)) {
    if (detail::append_utf8(text, code)) continue;
    throw CorruptError(where() + " holds " + std::to_string(static_cast<std::uint32_t>(code)) +
                       ", which is not a character of Unicode");
  }
  return text;
}

std::ostream& operator<<(std::ostream& stream, const NdArray& array) { return stream << array.repr(); }

}  // namespace functionfuse
