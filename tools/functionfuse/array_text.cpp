#include "array_text.hpp"

#include <algorithm>

#include "facts.hpp"
#include "words.hpp"

namespace functionfuse::cli {

std::vector<std::string> array_lines(const NdArray& array, std::size_t threshold) {
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
  text.values = array_lines(array, threshold);
  if (array.size() > 1 || array.dtype().is_structured()) {
    Facts facts(array.dtype());
    facts.add(array);
    text.facts = facts.lines();
  }
  return text;
}

}  // namespace functionfuse::cli
