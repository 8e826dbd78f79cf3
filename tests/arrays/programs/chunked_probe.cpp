// Computes what numpy computes too (chunked_numpy_test.py): reads lines from standard input,
//
//   load NAME DTYPE SHAPE CHUNKS PATH      SHAPE "5,7" or "-"; CHUNKS "2,2,1;3,4" or "-"; the elements in C order
//   let NAME FUNCTION ARGUMENT...          an argument is a name, or what the function takes
//   limit BYTES
//   out NAME PATH                          the elements; prints "DTYPE SHAPE", or "error TEXT"
//
// An error in `let` is what `out` of that name prints.

#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <variant>

#include "functionfuse/arrays/chunked_array.hpp"
#include "functionfuse/error.hpp"

namespace ff = functionfuse;

namespace {

using Words = std::vector<std::string>;
using Made = std::variant<ff::ChunkedArray, std::string>;

std::map<std::string, Made> arrays;
ff::ComputeOptions options;

std::vector<std::int64_t> numbers(const std::string& text, char separator = ',') {
  std::vector<std::int64_t> values;
  if (text == "-") return values;
  std::stringstream stream(text);
  for (std::string word; std::getline(stream, word, separator);) values.push_back(std::stoll(word));
  return values;
}

ff::Chunks chunks_of(const std::string& text) {
  std::vector<std::vector<std::int64_t>> lengths;
  if (text == "-") return ff::Chunks();
  std::stringstream stream(text);
  for (std::string axis; std::getline(stream, axis, ';');) lengths.push_back(numbers(axis));
  return ff::Chunks(lengths);
}

std::vector<ff::Slice> slices_of(const std::string& text) {
  std::vector<ff::Slice> slices;
  if (text == "-") return slices;
  std::stringstream stream(text);
  for (std::string axis; std::getline(stream, axis, ',');) {
    Words ends(3);
    std::stringstream parts(axis);
    for (std::string& end : ends) std::getline(parts, end, ':');
    ff::Slice slice;
    if (!ends[0].empty()) slice.start = std::stoll(ends[0]);
    if (!ends[1].empty()) slice.stop = std::stoll(ends[1]);
    if (!ends[2].empty()) slice.step = std::stoll(ends[2]);
    slices.push_back(slice);
  }
  return slices;
}

/// A name, or a scalar: "i:3", "f:1.5", "b:1".
ff::ChunkedArray operand(const std::string& word) {
  if (word.starts_with("i:")) return ff::ChunkedArray(static_cast<std::int64_t>(std::stoll(word.substr(2))));
  if (word.starts_with("f:")) return ff::ChunkedArray(std::stod(word.substr(2)));
  if (word.starts_with("b:")) return ff::ChunkedArray(word == "b:1");
  const Made& made = arrays.at(word);
  if (const auto* text = std::get_if<std::string>(&made)) throw ff::Error(ff::Errc::invalid_argument, *text);
  return std::get<ff::ChunkedArray>(made);
}

using Binary = std::function<ff::ChunkedArray(const ff::ChunkedArray&, const ff::ChunkedArray&)>;
const std::map<std::string, Binary> binaries = {
    {"add", [](auto& a, auto& b) { return a + b; }},
    {"subtract", [](auto& a, auto& b) { return a - b; }},
    {"multiply", [](auto& a, auto& b) { return a * b; }},
    {"divide", [](auto& a, auto& b) { return a / b; }},
    {"remainder", [](auto& a, auto& b) { return a % b; }},
    {"floor_divide", [](auto& a, auto& b) { return floor_divide(a, b); }},
    {"minimum", [](auto& a, auto& b) { return minimum(a, b); }},
    {"maximum", [](auto& a, auto& b) { return maximum(a, b); }},
    {"equal", [](auto& a, auto& b) { return a == b; }},
    {"not_equal", [](auto& a, auto& b) { return a != b; }},
    {"less", [](auto& a, auto& b) { return a < b; }},
    {"less_equal", [](auto& a, auto& b) { return a <= b; }},
    {"greater", [](auto& a, auto& b) { return a > b; }},
    {"greater_equal", [](auto& a, auto& b) { return a >= b; }},
    {"logical_and", [](auto& a, auto& b) { return logical_and(a, b); }},
    {"bitwise_xor", [](auto& a, auto& b) { return a ^ b; }},
    {"matmul", [](auto& a, auto& b) { return matmul(a, b); }},
};

using Reduction = ff::ChunkedArray (ff::ChunkedArray::*)(const ff::ChunkedArray::Axes&, bool) const;
const std::map<std::string, Reduction> reductions = {
    {"sum", &ff::ChunkedArray::sum}, {"mean", &ff::ChunkedArray::mean}, {"min", &ff::ChunkedArray::min},
    {"max", &ff::ChunkedArray::max}, {"any", &ff::ChunkedArray::any},   {"all", &ff::ChunkedArray::all},
};

ff::ChunkedArray call(const Words& words) {
  const std::string& f = words[0];
  auto array = [&](std::size_t i) { return operand(words.at(i)); };
  if (binaries.contains(f)) return binaries.at(f)(array(1), array(2));
  if (reductions.contains(f)) {
    return (array(1).*reductions.at(f))(numbers(words.at(2)), words.at(3) == "1");
  }
  if (f == "std") return array(1).std(numbers(words.at(2)), words.at(3) == "1", std::stoll(words.at(4)));
  if (f == "var") return array(1).var(numbers(words.at(2)), words.at(3) == "1", std::stoll(words.at(4)));
  if (f == "argmin" || f == "argmax") {
    const auto axes = numbers(words.at(2));
    const auto axis = axes.empty() ? std::nullopt : std::optional(axes[0]);
    return f == "argmin" ? array(1).argmin(axis, words.at(3) == "1") : array(1).argmax(axis, words.at(3) == "1");
  }
  if (f == "negative") return -array(1);
  if (f == "absolute") return absolute(array(1));
  if (f == "sqrt") return sqrt(array(1));
  if (f == "astype") return array(1).astype(ff::DType::parse(words.at(2)));
  if (f == "slice") return array(1).slice(slices_of(words.at(2)));
  if (f == "take") return array(1).take(std::stoll(words.at(2)), std::stoll(words.at(3)));
  if (f == "rechunk") return array(1).rechunk(chunks_of(words.at(2)));
  if (f == "transpose") {
    std::vector<std::size_t> axes;
    for (const std::int64_t axis : numbers(words.at(2))) axes.push_back(static_cast<std::size_t>(axis));
    return array(1).transpose(axes);
  }
  if (f == "expand_dims") return array(1).expand_dims(std::stoll(words.at(2)));
  if (f == "broadcast_to") return array(1).broadcast_to(numbers(words.at(2)));
  if (f == "concatenate" || f == "stack") {
    std::vector<ff::ChunkedArray> all;
    for (std::size_t i = 2; i < words.size(); ++i) all.push_back(array(i));
    const std::int64_t axis = std::stoll(words.at(1));
    return f == "stack" ? ff::ChunkedArray::stack(all, axis) : ff::ChunkedArray::concatenate(all, axis);
  }
  if (f == "arange") return ff::ChunkedArray::arange(std::stod(words.at(1)), std::stod(words.at(2)), std::stod(words.at(3)), 7);
  throw std::runtime_error("no function " + f);
}

void load(const Words& words) {
  const ff::DType dtype = ff::DType::parse(words.at(2));
  const ff::Shape shape = numbers(words.at(3));
  std::ifstream file(words.at(5), std::ios::binary);
  auto bytes = std::make_shared<std::vector<char>>(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  const ff::NdArray whole = ff::NdArray::from_buffer(dtype, shape, 'C', std::as_bytes(std::span(*bytes)), bytes);
  arrays.insert_or_assign(words.at(1), ff::ChunkedArray::from_array(whole, chunks_of(words.at(4))));
}

void out(const Words& words) {
  try {
    const ff::NdArray result = operand(words.at(1)).compute(options);
    std::vector<std::byte> bytes = result.tobytes();
    std::ofstream(words.at(2), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    std::cout << result.dtype().str() << ' ' << (result.ndim() == 0 ? "-" : "");
    for (std::size_t axis = 0; axis < result.ndim(); ++axis) std::cout << (axis > 0 ? "," : "") << result.shape()[axis];
    std::cout << '\n';
  } catch (const std::exception& e) {
    std::string text = e.what();
    std::ranges::replace(text, '\n', ' ');
    std::cout << "error " << text << '\n';
  }
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    Words words;
    std::stringstream stream(line);
    for (std::string word; stream >> word;) words.push_back(word);
    if (words.empty()) continue;
    if (words[0] == "load") load(words);
    if (words[0] == "limit") options.memory_limit = std::stoull(words.at(1));
    if (words[0] == "out") out(words);
    if (words[0] == "let") {
      try {
        arrays.insert_or_assign(words.at(1), call(Words(words.begin() + 2, words.end())));
      } catch (const ff::Error& e) {
        arrays.insert_or_assign(words.at(1), std::string(e.what()));
      }
    }
  }
}
