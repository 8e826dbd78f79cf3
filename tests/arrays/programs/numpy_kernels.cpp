// Runs the kernels of elementwise functions and of reductions, for kernels_numpy_test.py to compare
// with numpy. Requests and answers are words between single spaces or newlines; an array is five
// words, DTYPE SHAPE STRIDES OFFSET NBYTES, one more separator, and the bytes of the memory that
// the strides walk through. SHAPE and STRIDES are numbers with commas between them, or "-" for
// none.
//
//   apply NAME IN_PLACE COUNT {SCALAR ARRAY}    SCALAR is 1 if the operand counts as a scalar,
//                                               IN_PLACE 1 if the first operand is overwritten
//     ok DTYPE_IN DTYPE_OUT NBYTES BYTES        the result in C order
//   reduce NAME DDOF REDUCED TREE PIECE CHUNKS ARRAY
//                                               REDUCED is a 0 or 1 for each axis, CHUNKS the
//                                               lengths of chunks, for each axis, with ";" between
//                                               axes; TREE is 1 if halves are merged, 0: one after
//                                               the other; PIECE is 0, or how many rows are added
//                                               at a time
//     ok DTYPE_OUT NBYTES BYTES                 of the chunks of the result, one behind the other
//   promote COUNT {SCALAR ARRAY}
//     ok DTYPE
//
// or "error CODE NBYTES TEXT", CODE being unsupported or another word.

#include <algorithm>
#include <cstring>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

#include "../../../src/arrays/kernels/reducer.hpp"
#include "../../../src/arrays/kernels/ufunc.hpp"

namespace ff = functionfuse;
using namespace ff::detail;

namespace {

std::string word() {
  std::string text;
  std::cin >> text;
  return text;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::string part;
  std::istringstream in(text);
  while (std::getline(in, part, separator)) parts.push_back(part);
  return parts;
}

ff::Shape numbers(const std::string& text) {
  ff::Shape shape;
  if (text == "-") return shape;
  for (const std::string& part : split(text, ',')) shape.push_back(std::stoll(part));
  return shape;
}

// The memory is the array's own, behind as many bytes as the offset of unaligned arrays needs.
ff::NdArray read_array() {
  const ff::DType dtype = ff::DType::parse(word());
  const ff::Shape shape = numbers(word());
  const ff::Shape strides = numbers(word());
  const auto offset = std::stoul(word());
  auto memory = std::make_shared<std::vector<std::byte>>(std::stoul(word()));
  std::cin.get();
  std::cin.read(reinterpret_cast<char*>(memory->data()),
                static_cast<std::streamsize>(memory->size()));
  return ff::NdArray::view(dtype, shape, strides, memory->data() + offset, memory);
}

ff::NdArray array_of(const ff::DType& dtype, const ff::Shape& shape) {
  return ff::NdArray::empty(dtype, shape);
}

std::string bytes_of(const ff::NdArray& array) {
  const std::vector<std::byte> bytes = array.tobytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string counted(const std::string& bytes) {
  return std::to_string(bytes.size()) + "\n" + bytes;
}

struct Operands {
  std::vector<ff::NdArray> arrays;
  std::vector<OperandType> types;
};

Operands read_operands() {
  Operands operands;
  std::vector<bool> scalars(std::stoul(word()));
  for (std::size_t i = 0; i < scalars.size(); ++i) {
    scalars[i] = word() == "1";
    operands.arrays.push_back(read_array());
  }
  for (std::size_t i = 0; i < scalars.size(); ++i) {
    operands.types.push_back(
        {operands.arrays[i].dtype(), scalars[i] ? &operands.arrays[i] : nullptr});
  }
  return operands;
}

ff::Shape broadcast(const std::vector<ff::NdArray>& arrays) {
  ff::Shape shape;
  for (const ff::NdArray& array : arrays) {
    if (array.ndim() > shape.size()) shape.insert(shape.begin(), array.ndim() - shape.size(), 1);
    for (std::size_t d = 0; d < array.ndim(); ++d) {
      std::int64_t& length = shape[shape.size() - array.ndim() + d];
      if (length == 1) length = array.shape()[d];
    }
  }
  return shape;
}

Ufunc ufunc_named(const std::string& text) {
  for (int i = 0; i <= static_cast<int>(Ufunc::imag); ++i) {
    if (name(static_cast<Ufunc>(i)) == text) return static_cast<Ufunc>(i);
  }
  throw std::runtime_error("no function " + text);
}

Reduction reduction_named(const std::string& text) {
  for (int i = 0; i <= static_cast<int>(Reduction::argmax); ++i) {
    if (name(static_cast<Reduction>(i)) == text) return static_cast<Reduction>(i);
  }
  throw std::runtime_error("no reduction " + text);
}

std::string run_apply() {
  const Ufunc f = ufunc_named(word());
  const bool in_place = word() == "1";
  Operands operands = read_operands();
  const Loop types = loop(f, operands.types);
  ff::NdArray out = array_of(types.out, broadcast(operands.arrays));
  if (in_place) out = operands.arrays[0];
  apply(f, operands.arrays, types.in, out);
  return types.in.str() + " " + types.out.str() + " " + counted(bytes_of(out));
}

std::string run_promote() { return promote(read_operands().types).str() + "\n"; }

// --- Reductions -------------------------------------------------------------------------------

struct Chunk {
  ff::Shape origin, shape;
};

struct Request {
  const Reducer& reducer;
  std::vector<bool> reduced;
  std::vector<ff::Shape> lengths;  // of the chunks along each axis
  const ff::NdArray& array;
  bool tree;
  std::int64_t piece;
};

ff::NdArray part_of(const ff::NdArray& array, const Chunk& chunk) {
  std::vector<ff::Slice> slices;
  for (std::size_t d = 0; d < chunk.shape.size(); ++d) {
    slices.push_back({chunk.origin[d], chunk.origin[d] + chunk.shape[d]});
  }
  return array.slice(slices);
}

ff::NdArray state_of(const Request& r, const Chunk& chunk) {
  ff::Shape shape = chunk.shape;
  for (std::size_t d = 0; d < shape.size(); ++d) shape[d] = r.reduced[d] ? 1 : shape[d];
  ff::NdArray state = array_of(r.reducer.state_dtype(), shape);
  std::memset(state.mutable_data(), 0xa5, state.nbytes());
  if (r.piece == 0 || chunk.shape.empty()) {
    r.reducer.partial(part_of(r.array, chunk), chunk.origin, state);
    return state;
  }
  r.reducer.begin(state);
  for (std::int64_t row = 0; row < chunk.shape[0]; row += r.piece) {
    Chunk piece = chunk;
    piece.origin[0] += row;
    piece.shape[0] = std::min(r.piece, chunk.shape[0] - row);
    ff::NdArray target = state;
    if (!r.reduced[0]) target = state.slice({{row, row + piece.shape[0]}});
    r.reducer.add(part_of(r.array, piece), piece.origin, target);
  }
  return state;
}

// Calls f for every combination of chunks along the axes that are reduced (or kept), in C order.
void each_chunk(const Request& r, bool reduced, const Chunk& fixed, std::size_t axis,
                const std::function<void(const Chunk&)>& f) {
  if (axis == r.lengths.size()) return f(fixed);
  if (r.reduced[axis] != reduced) return each_chunk(r, reduced, fixed, axis + 1, f);
  Chunk chunk = fixed;
  chunk.origin[axis] = 0;
  for (const std::int64_t length : r.lengths[axis]) {
    chunk.shape[axis] = length;
    each_chunk(r, reduced, chunk, axis + 1, f);
    chunk.origin[axis] += length;
  }
}

ff::NdArray merged(const Request& r, std::vector<ff::NdArray>& states, std::size_t first,
                   std::size_t last) {
  if (last - first == 1) return states[first];
  const std::size_t middle = r.tree ? first + (last - first) / 2 : last - 1;
  ff::NdArray state = merged(r, states, first, middle);
  r.reducer.merge(state, merged(r, states, middle, last));
  return state;
}

std::string run_reduce() {
  const Reduction reduction = reduction_named(word());
  const auto ddof = std::stoll(word());
  const std::string flags = word();
  const bool tree = word() == "1";
  const auto piece = std::stoll(word());
  std::vector<ff::Shape> lengths;
  const std::string chunks = word();
  if (chunks != "-") {
    for (const std::string& axis : split(chunks, ';')) lengths.push_back(numbers(axis));
  }
  const ff::NdArray array = read_array();
  std::vector<bool> reduced;
  if (flags != "-") {
    for (const char flag : flags) reduced.push_back(flag == '1');
  }
  const Reducer reducer(reduction, array.dtype(), array.shape(), reduced, ddof);
  const Request r{reducer, reduced, lengths, array, tree, piece};
  std::string bytes;
  const Chunk start{ff::Shape(array.ndim()), ff::Shape(array.ndim())};
  each_chunk(r, false, start, 0, [&](const Chunk& kept) {
    std::vector<ff::NdArray> states;
    each_chunk(r, true, kept, 0, [&](const Chunk& chunk) { states.push_back(state_of(r, chunk)); });
    const ff::NdArray state = merged(r, states, 0, states.size());
    ff::NdArray result = array_of(reducer.result_dtype(), state.shape());
    reducer.finish(state, result);
    bytes += bytes_of(result);
  });
  return reducer.result_dtype().str() + " " + counted(bytes);
}

std::string answer(const std::string& request) {
  if (request == "apply") return run_apply();
  if (request == "promote") return run_promote();
  if (request == "reduce") return run_reduce();
  throw std::runtime_error("no request " + request);
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string request = word(); !request.empty(); request = word()) {
    try {
      const std::string text = answer(request);
      std::cout << "ok " << text << std::flush;
    } catch (const ff::Error& error) {
      const bool unsupported = error.code() == ff::Errc::unsupported;
      std::cout << "error " << (unsupported ? "unsupported " : "other ") << counted(error.what())
                << std::flush;
    }
  }
}
