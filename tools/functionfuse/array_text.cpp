#include "array_text.hpp"

#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "elements.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

constexpr std::size_t kMostFields = 20;

std::vector<std::string> value_lines(const NdArray& array, std::size_t threshold) {
  if (array.size() == 0) return {};
  // "array([...])" or "array([...], dtype=...)": numpy's str() in its repr().
  std::string text = array.repr(threshold);
  const std::size_t dtype = text.rfind("dtype=");
  if (dtype != text.npos && (text[dtype - 1] == ' ')) {
    text.resize(text.find_last_not_of(" \n,", dtype - 1) + 1);
  } else {
    text.resize(text.size() - 1);
  }
  constexpr std::size_t kPrefix = 6;  // "array("
  std::vector<std::string> lines;
  for (std::size_t at = 0; at <= text.size();) {
    std::size_t end = text.find('\n', at);
    if (end == text.npos) end = text.size();
    const std::string_view line = std::string_view(text).substr(at, end - at);
    std::string row = printable(line.substr(std::min(kPrefix, line.size())));
    row.resize(row.find_last_not_of(' ') + 1);
    lines.push_back(std::move(row));
    at = end + 1;
  }
  return lines;
}

/// Smallest and largest of 64-bit integers, which a double can't hold exactly; of times without
/// NaT.
template <class T>
struct Range {
  T min = std::numeric_limits<T>::max(), max = std::numeric_limits<T>::min();
  std::size_t count = 0;
};
template <class T>
Range<T> range_of(const NdArray& array, std::optional<T> not_counted = {}) {
  Range<T> range;
  for_each_part(array, [&](const NdArray& part) {
    for (const T value : part.to_vector<T>()) {
      if (value == not_counted) continue;
      range.min = std::min(range.min, value);
      range.max = std::max(range.max, value);
      ++range.count;
    }
  });
  return range;
}

std::string time_facts(const NdArray& array) {
  const DType integers = DType::of<std::int64_t>().newbyteorder(array.dtype().byteorder());
  constexpr std::int64_t kNat = std::numeric_limits<std::int64_t>::min();
  const auto range = range_of<std::int64_t>(array.reinterpret(integers), kNat);
  std::string text;
  if (range.count != 0) {
    auto words = [&](std::int64_t ticks) {
      std::string shown =
          NdArray::scalar(ticks).reinterpret(array.dtype().newbyteorder('=')).element_repr(0);
      std::erase(shown, '\'');
      return shown;
    };
    text = "min " + words(range.min) + ", max " + words(range.max);
  }
  if (const std::size_t nat = array.size() - range.count; nat != 0) {
    if (!text.empty()) text += ", ";
    text += fmt::format("NaT {} of {}", nat, array.size());
  }
  return text;
}

std::string number_text(double value, const DType& dtype) {
  if (dtype.kind() != 'f') return fmt::format("{:.0f}", value);
  return fmt::format("{:.7g}", value);
}

/// What can be said about the elements; empty where there is nothing to say.
std::string facts_of(const NdArray& array) {
  if (array.size() == 0) return "";
  const DType& dtype = array.dtype();
  if (dtype.is_datetime()) return time_facts(array);
  if (!dtype.is_numeric() || dtype.kind() == 'c') return "";
  const Statistics facts = array.statistics();
  if (dtype.kind() == 'b') {
    const double trues = facts.mean * static_cast<double>(facts.count);
    return fmt::format("True {:.0f} of {}", trues, facts.count);
  }
  if (facts.count_nan == facts.count) return fmt::format("NaN {} of {}", facts.count, facts.count);
  constexpr double kExact = 9007199254740992.0;
  std::string text;
  if (dtype.kind() == 'i' && (facts.min < -kExact || facts.max > kExact)) {
    const auto range = range_of<std::int64_t>(array);
    text = fmt::format("min {}, max {}", range.min, range.max);
  } else if (dtype.kind() == 'u' && facts.max > kExact) {
    const auto range = range_of<std::uint64_t>(array);
    text = fmt::format("min {}, max {}", range.min, range.max);
  } else {
    text = "min " + number_text(facts.min, dtype) + ", max " + number_text(facts.max, dtype);
  }
  text += fmt::format(", mean {:.7g}", facts.mean);
  if (facts.count_nan != 0) text += fmt::format(", NaN {} of {}", facts.count_nan, facts.count);
  return text;
}

void add_fields(std::vector<std::string>& lines, const NdArray& array, const std::string& prefix) {
  for (const Field& field : array.dtype().fields()) {
    const std::string name = prefix + printable(field.name);
    const NdArray values = array.field(field.name);
    if (lines.size() == kMostFields) {
      lines.emplace_back("... more fields");
    }
    if (lines.size() > kMostFields) return;
    if (values.dtype().is_structured()) {
      add_fields(lines, values, name + ".");
      continue;
    }
    std::string line = name + ": " + values.dtype().to_string();
    if (field.dtype.is_subarray()) line += " " + shape_text(field.dtype.shape());
    if (const std::string facts = facts_of(values); !facts.empty()) line += ", " + facts;
    lines.push_back(std::move(line));
  }
}

}  // namespace

std::string dtype_words(const DType& dtype) {
  if (!dtype.is_structured()) return dtype.to_string();
  std::string text = "{";
  for (std::size_t i = 0; i < dtype.fields().size(); ++i) {
    if (i == 8) return text + ", ...}";
    const Field& field = dtype.fields()[i];
    if (i != 0) text += ", ";
    text += printable(field.name) + ": " + dtype_words(field.dtype.base());
    if (field.dtype.is_subarray()) text += " " + shape_text(field.dtype.shape());
  }
  return text + "}";
}

ArrayText array_text(const NdArray& array, std::size_t threshold) {
  ArrayText text;
  text.values = value_lines(array, threshold);
  if (array.dtype().is_structured()) {
    if (array.size() != 0) add_fields(text.facts, array, "");
  } else if (std::string facts = facts_of(array); !facts.empty() && array.size() > 1) {
    text.facts.push_back(std::move(facts));
  }
  return text;
}

}  // namespace functionfuse::cli
