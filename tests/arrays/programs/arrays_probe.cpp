// Answers questions about dtypes and arrays, for numpy_test.py to compare with numpy. A question is
// a line of fields with tabs between them, an answer one line: "ok" and fields, or "error" and the
// message. A field that may hold any text is written as the hexadecimal digits of its bytes.
//
//   describe DTYPE                     str name kind byteorder itemsize alignment aligned flags
//                                      native to_string repr
//   parse TEXT                         the same, of DType::parse
//   repr THRESHOLD DTYPE SHAPE BYTES   NdArray::repr
//   elements DTYPE SHAPE BYTES         element_repr of each element
//   astype FROM TO SHAPE ORDER BYTES   bytes in C order
//   pick DTYPE SHAPE BYTES AXES SLICES shape, strides and bytes of transpose(AXES).slice(SLICES),
//                                      then its bytes in Fortran order
//
// A DTYPE as in arrays/probe.hpp. Lengths and slices are separated by commas, a slice is
// "start:stop:step".

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

#include "arrays/probe.hpp"

namespace ff = functionfuse;
using namespace functionfuse::test;

namespace {

std::vector<std::byte> bytes_from_hex(const std::string& hex) {
  const std::string text = from_hex(hex);
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

ff::Shape read_shape(const std::string& text) {
  ff::Shape shape;
  if (text.empty()) return shape;
  for (const std::string& part : split(text, ',')) shape.push_back(std::stoll(part));
  return shape;
}

ff::NdArray read_array(const std::string& dtype, const std::string& shape, const std::string& hex) {
  auto bytes = std::make_shared<std::vector<std::byte>>(bytes_from_hex(hex));
  return ff::NdArray::from_buffer(read_dtype(dtype), read_shape(shape), 'C', *bytes, bytes);
}

std::string describe(const ff::DType& d) {
  std::ostringstream out;
  out << d.str() << '\t' << d.name() << '\t' << d.kind() << '\t' << d.byteorder() << '\t'
      << d.itemsize() << '\t' << d.alignment() << '\t' << d.aligned() << '\t' << d.flags() << '\t'
      << d.native() << '\t' << to_hex(d.to_string()) << '\t' << to_hex(d.repr());
  return out.str();
}

std::string pick(const std::vector<std::string>& a) {
  ff::NdArray array = read_array(a.at(1), a.at(2), a.at(3));
  if (!a.at(4).empty()) {
    std::vector<std::size_t> axes;
    for (const std::string& axis : split(a[4], ',')) axes.push_back(std::stoul(axis));
    array = array.transpose(axes);
  }
  std::vector<ff::Slice> slices;
  if (!a.at(5).empty()) {
    for (const std::string& text : split(a[5], ',')) {
      const auto parts = split(text, ':');
      ff::Slice slice;
      if (!parts.at(0).empty()) slice.start = std::stoll(parts[0]);
      if (!parts.at(1).empty()) slice.stop = std::stoll(parts[1]);
      if (!parts.at(2).empty()) slice.step = std::stoll(parts[2]);
      slices.push_back(slice);
    }
  }
  array = array.slice(slices);
  std::vector<std::byte> fortran(array.nbytes());
  array.copy_to(fortran.data(), 'F');
  return ff::shape_text(array.shape()) + "\t" + std::to_string(array.is_c_contiguous()) +
         std::to_string(array.is_f_contiguous()) + "\t" + to_hex(array.tobytes()) + "\t" +
         to_hex(fortran);
}

std::string answer(const std::vector<std::string>& a) {
  const std::string& command = a.at(0);
  if (command == "describe") return describe(read_dtype(a.at(1)));
  if (command == "parse") return describe(ff::DType::parse(from_hex(a.at(1))));
  if (command == "repr") {
    return to_hex(read_array(a.at(2), a.at(3), a.at(4)).repr(std::stoul(a.at(1))));
  }
  if (command == "elements") {
    const ff::NdArray array = read_array(a.at(1), a.at(2), a.at(3));
    std::string out;
    for (std::size_t i = 0; i < array.size(); ++i) {
      out += (i > 0 ? "\t" : "") + to_hex(array.element_repr(i));
    }
    return out;
  }
  if (command == "astype") {
    const ff::NdArray array = read_array(a.at(1), a.at(3), a.at(5));
    return to_hex(array.ascontiguous(a.at(4)[0]).astype(read_dtype(a.at(2))).tobytes());
  }
  if (command == "pick") return pick(a);
  throw ff::Error(ff::Errc::invalid_argument, "unknown command " + command);
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    try {
      const std::string text = answer(split(line, '\t'));
      std::cout << "ok\t" << text << std::endl;
    } catch (const ff::Error& error) {
      std::cout << "error\t" << to_hex(error.what()) << std::endl;
    }
  }
}
