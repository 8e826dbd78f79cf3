#include "facts.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "array_text.hpp"
#include "elements.hpp"
#include "json.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

constexpr std::size_t kMostFields = 20;
constexpr double kExact = 9007199254740992.0;  // beyond it a double can't tell integers apart
constexpr std::int64_t kNat = std::numeric_limits<std::int64_t>::min();

bool has_facts(const DType& dtype) {
  return dtype.is_datetime() || (dtype.is_numeric() && dtype.kind() != 'c');
}

template <class T>
struct Range {
  T min = std::numeric_limits<T>::max(), max = std::numeric_limits<T>::min();
};
/// \param counted  how many elements are not `left_out`
template <class T>
Range<T> range_of(const NdArray& array, const T* left_out, std::size_t& counted) {
  Range<T> range;
  for_each_part(array, [&](const NdArray& part) {
    for (const T value : part.to_vector<T>()) {
      if (left_out != nullptr && value == *left_out) continue;
      range.min = std::min(range.min, value);
      range.max = std::max(range.max, value);
      ++counted;
    }
  });
  return range;
}

std::string time_words(std::int64_t ticks, const DType& dtype) {
  std::string text = NdArray::scalar(ticks).reinterpret(dtype.newbyteorder('=')).element_repr(0);
  std::erase(text, '\'');
  return text;
}

std::string json_number(double value) {
  if (std::isfinite(value)) return json_float(value);
  return std::string("{\"float\": \"") +
         (std::isnan(value) ? "nan"
          : value > 0       ? "inf"
                            : "-inf") +
         "\"}";
}

}  // namespace

Facts::Facts(const DType& dtype) : structured_(dtype.is_structured()) {
  if (structured_) {
    add_fields(dtype, {}, "");
  } else if (has_facts(dtype)) {
    columns_.push_back({.path = {}, .title = "", .dtype = dtype});
  }
}

void Facts::add_fields(const DType& dtype, const std::vector<std::string>& path,
                       const std::string& prefix) {
  for (const Field& field : dtype.fields()) {
    const std::string name = prefix + printable(field.name);
    std::vector<std::string> inner = path;
    inner.push_back(field.name);
    const DType& base = field.dtype.base();
    if (base.is_structured()) {
      add_fields(base, inner, name + ".");
      continue;
    }
    if (columns_.size() == kMostFields) more_ = true;
    if (more_) return;
    std::string title = name + ": " + base.to_string();
    if (field.dtype.is_subarray()) title += " " + shape_text(field.dtype.shape());
    columns_.push_back({.path = std::move(inner),
                        .title = std::move(title),
                        .dtype = base,
                        .has_facts = has_facts(base)});
  }
}

void Facts::gather(Column& column, const NdArray& part) {
  column.count += part.size();
  if (!column.has_facts || part.size() == 0) return;
  const DType& dtype = column.dtype;
  std::size_t counted = 0;
  if (dtype.is_datetime()) {
    const DType integers = DType::of<std::int64_t>().newbyteorder(dtype.byteorder());
    const auto range = range_of<std::int64_t>(part.reinterpret(integers), &kNat, counted);
    column.min_signed = range.min;
    column.max_signed = range.max;
    column.without = part.size() - counted;
    return;
  }
  const Statistics facts = part.statistics();
  column.without = facts.count_nan;
  if (facts.count_nan == facts.count) return;
  column.min = facts.min;
  column.max = facts.max;
  column.sum = static_cast<long double>(facts.mean) *
               static_cast<long double>(facts.count - facts.count_nan);
  const bool exact = facts.min >= -kExact && facts.max <= kExact;
  if (dtype.kind() == 'i') {
    const auto range = exact ? Range<std::int64_t>{static_cast<std::int64_t>(facts.min),
                                                   static_cast<std::int64_t>(facts.max)}
                             : range_of<std::int64_t>(part, nullptr, counted);
    column.min_signed = range.min;
    column.max_signed = range.max;
  } else if (dtype.kind() == 'u') {
    const auto range = exact ? Range<std::uint64_t>{static_cast<std::uint64_t>(facts.min),
                                                    static_cast<std::uint64_t>(facts.max)}
                             : range_of<std::uint64_t>(part, nullptr, counted);
    column.min_unsigned = range.min;
    column.max_unsigned = range.max;
  }
}

void Facts::merge(Column& to, const Column& from) {
  to.count += from.count;
  to.without += from.without;
  to.sum += from.sum;
  to.min = std::min(to.min, from.min);
  to.max = std::max(to.max, from.max);
  to.min_signed = std::min(to.min_signed, from.min_signed);
  to.max_signed = std::max(to.max_signed, from.max_signed);
  to.min_unsigned = std::min(to.min_unsigned, from.min_unsigned);
  to.max_unsigned = std::max(to.max_unsigned, from.max_unsigned);
}

void Facts::add(const NdArray& part) {
  for (Column& column : columns_) {
    NdArray values = part;
    for (const std::string& name : column.path) values = values.field(name);
    Column own{.path = {}, .title = "", .dtype = column.dtype, .has_facts = column.has_facts};
    gather(own, values);
    const std::lock_guard lock(mutex_);
    merge(column, own);
  }
}

std::size_t Facts::extra_bytes() const noexcept {
  // A part at a time of integers that a double can't hold (for_each_part); of others less.
  const bool integers = std::ranges::any_of(columns_, [](const Column& column) {
    return column.dtype.kind() != 'f' && column.dtype.itemsize() == 8;
  });
  return integers ? 1 << 20 : 64 << 10;
}

std::string Facts::text(const Column& column) {
  if (!column.has_facts || column.count == 0) return "";
  const bool times = column.dtype.is_datetime();
  const std::size_t counted = column.count - column.without;
  const auto sum = static_cast<double>(column.sum);
  std::string text;
  switch (counted == 0 ? '\0' : column.dtype.kind()) {
    case '\0':
      break;
    case 'b':
      return fmt::format("True {:.0f} of {}", sum, column.count);
    case 'M':
    case 'm':
      text = "min " + time_words(column.min_signed, column.dtype) + ", max " +
             time_words(column.max_signed, column.dtype);
      break;
    case 'i':
      text = fmt::format("min {}, max {}", column.min_signed, column.max_signed);
      break;
    case 'u':
      text = fmt::format("min {}, max {}", column.min_unsigned, column.max_unsigned);
      break;
    default:
      text = fmt::format("min {:.7g}, max {:.7g}", column.min, column.max);
      break;
  }
  if (counted != 0 && !times) {
    text += fmt::format(", mean {:.7g}", sum / static_cast<double>(counted));
  }
  if (column.without != 0) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {} of {}", times ? "NaT" : "NaN", column.without, column.count);
  }
  return text;
}

std::vector<std::string> Facts::lines() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  for (const Column& column : columns_) {
    const std::string facts = text(column);
    if (structured_) {
      if (column.count != 0) lines.push_back(column.title + (facts.empty() ? "" : ", " + facts));
    } else if (!facts.empty()) {
      lines.push_back(facts);
    }
  }
  if (more_) lines.emplace_back("... more fields");
  return lines;
}

std::string Facts::json(const Column& column) {
  std::string text = fmt::format("{{\"count\": {}", column.count);
  const std::size_t counted = column.count - column.without;
  const char kind = column.dtype.kind();
  if (kind == 'b') {
    text += fmt::format(", \"true\": {:.0f}", static_cast<double>(column.sum));
  } else if (counted != 0) {
    if (kind == 'i') {
      text += fmt::format(", \"min\": {}, \"max\": {}", column.min_signed, column.max_signed);
    } else if (kind == 'u') {
      text += fmt::format(", \"min\": {}, \"max\": {}", column.min_unsigned, column.max_unsigned);
    } else if (column.dtype.is_datetime()) {
      text += ", \"min\": " + json_string(time_words(column.min_signed, column.dtype)) +
              ", \"max\": " + json_string(time_words(column.max_signed, column.dtype));
    } else {
      text += ", \"min\": " + json_number(column.min) + ", \"max\": " + json_number(column.max);
    }
    if (!column.dtype.is_datetime()) {
      text += ", \"mean\": " +
              json_number(static_cast<double>(column.sum / static_cast<long double>(counted)));
    }
  }
  if (kind == 'f') text += fmt::format(", \"nan\": {}", column.without);
  if (column.dtype.is_datetime()) text += fmt::format(", \"nat\": {}", column.without);
  return text + "}";
}

std::string Facts::json() const {
  const std::lock_guard lock(mutex_);
  if (!structured_) return json(columns_.front());
  std::string text = "{";
  for (const Column& column : columns_) {
    if (!column.has_facts) continue;
    std::string name;
    for (const std::string& part : column.path) name += (name.empty() ? "" : ".") + part;
    text += (text.size() == 1 ? "" : ", ") + json_string(name) + ": " + json(column);
  }
  return text + "}";
}

}  // namespace functionfuse::cli
