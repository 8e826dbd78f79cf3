// Writes and reads HDF5 files, for hdf5_test.py to compare with h5py. A question is a line of
// fields with tabs between them, an answer one line: "ok" and fields, or "error", a code and the
// message in hexadecimal.
//
//   write PATH DATASET DTYPE CHUNKS DEFLATE SHUFFLE CHECKSUMS BYTES
//   read PATH DATASET     DTYPE CHUNKS LOGICAL FILTERS CHECKSUMS BYTES
//
// DTYPE as in arrays_probe. CHUNKS: the lengths along each axis with commas, axes with semicolons;
// "-" is rank 0. BYTES are those of the array in C order.

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

#include "formats/hdf5_file.hpp"

namespace ff = functionfuse;

namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::string part;
  std::istringstream in(text);
  while (std::getline(in, part, separator)) parts.push_back(part);
  if (text.empty() || text.back() == separator) parts.emplace_back();
  return parts;
}

std::string to_hex(const void* bytes, std::size_t size) {
  static const char* digits = "0123456789abcdef";
  const auto* data = static_cast<const unsigned char*>(bytes);
  std::string out;
  out.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    out += digits[data[i] >> 4];
    out += digits[data[i] & 0xf];
  }
  return out;
}

std::string to_hex(const std::string& text) { return to_hex(text.data(), text.size()); }

int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

std::string from_hex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(16 * digit(hex[i]) + digit(hex[i + 1]));
  }
  return out;
}

ff::DType read_dtype(std::istream& in) {
  std::string word;
  in >> word;
  if (word == "sub") {
    std::size_t rank = 0;
    in >> rank;
    ff::Shape shape(rank);
    for (auto& length : shape) in >> length;
    return ff::DType::subarray(read_dtype(in), shape);
  }
  if (word != "struct") return ff::DType::parse(word);
  std::size_t count = 0, itemsize = 0, alignment = 0;
  int aligned = 0;
  in >> count >> itemsize >> aligned >> alignment;
  std::vector<ff::Field> fields(count);
  for (ff::Field& field : fields) {
    std::string title;
    in >> word >> title >> field.offset;
    field.name = from_hex(word.substr(1));
    if (title != "-") field.title = from_hex(title.substr(1));
    field.dtype = read_dtype(in);
  }
  return ff::DType::structured(fields, itemsize, aligned != 0, alignment);
}

std::string words(const ff::DType& dtype) {
  std::ostringstream out;
  if (dtype.is_subarray()) {
    out << "sub " << dtype.shape().size();
    for (const auto length : dtype.shape()) out << ' ' << length;
    out << ' ' << words(dtype.base());
  } else if (dtype.is_structured()) {
    out << "struct " << dtype.fields().size() << ' ' << dtype.itemsize() << " 0 1";
    for (const ff::Field& field : dtype.fields()) {
      out << " x" << to_hex(field.name) << ' ' << (field.title ? "x" + to_hex(*field.title) : "-")
          << ' ' << field.offset << ' ' << words(field.dtype);
    }
  } else {
    out << dtype.str();
  }
  return out.str();
}

ff::Chunks read_chunks(const std::string& text) {
  if (text == "-") return {};
  std::vector<std::vector<std::int64_t>> lengths;
  for (const std::string& axis : split(text, ';')) {
    lengths.emplace_back();
    for (const std::string& length : split(axis, ',')) lengths.back().push_back(std::stoll(length));
  }
  return ff::Chunks(lengths);
}

std::string write_chunks(const ff::Chunks& chunks) {
  if (chunks.ndim() == 0) return "-";
  std::string text;
  for (std::size_t axis = 0; axis < chunks.ndim(); ++axis) {
    if (axis > 0) text += ';';
    for (std::size_t i = 0; i < chunks.lengths(axis).size(); ++i) {
      text += (i > 0 ? "," : "") + std::to_string(chunks.lengths(axis)[i]);
    }
  }
  return text;
}

/// The part of an array that a chunk is.
ff::NdArray part_of(const ff::NdArray& array, const ff::Chunks& chunks, std::size_t number) {
  const ff::Shape index = chunks.index(number);
  const ff::Shape begin = chunks.origin_of(index);
  const ff::Shape shape = chunks.shape_of(index);
  std::vector<ff::Slice> slices;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    slices.push_back({begin[axis], begin[axis] + shape[axis]});
  }
  return array.slice(slices);
}

void write(const std::vector<std::string>& a) {
  std::istringstream in(a.at(3));
  const ff::DType dtype = read_dtype(in);
  const ff::Chunks logical = read_chunks(a.at(4));
  const ff::Chunks chunks = ff::formats::stored_chunks(logical, dtype);
  const std::string bytes = from_hex(a.at(8));
  const auto array = ff::NdArray::from_buffer(
      dtype, logical.shape(), 'C', std::as_bytes(std::span(bytes.data(), bytes.size())), nullptr);
  ff::formats::Hdf5Options options;
  options.deflate = std::stoi(a.at(5));
  options.shuffle = a.at(6) == "1";
  options.checksums = a.at(7) == "1";
  ff::formats::Hdf5Writer writer(a.at(1), a.at(2), dtype, chunks, logical, options);
  for (std::size_t n = 0; n < chunks.count(); ++n) writer.write(n, part_of(array, chunks, n));
  writer.finish();
}

std::string read(const std::vector<std::string>& a) {
  const auto source = ff::formats::Hdf5Source::open(a.at(1), a.at(2));
  const ff::Chunks& chunks = source->chunks();
  ff::NdArray array(source->dtype(), chunks.shape());
  for (std::size_t n = 0; n < chunks.count(); ++n) {
    auto block = ff::NdArray::empty(source->dtype(), chunks.shape_of(chunks.index(n)));
    source->read(n, block);
    ff::NdArray to = part_of(array, chunks, n);
    if (to.nbytes() == 0) continue;
    // Element by element: this is a test.
    const ff::Shape& shape = to.shape();
    for (std::size_t i = 0; i < to.size(); ++i) {
      std::byte* at = to.mutable_data();
      std::size_t rest = i;
      for (std::size_t axis = shape.size(); axis-- > 0;) {
        const auto length = static_cast<std::size_t>(shape[axis]);
        at += static_cast<std::int64_t>(rest % length) * to.strides()[axis];
        rest /= length;
      }
      const std::size_t size = source->dtype().itemsize();
      std::copy_n(block.data() + i * size, size, at);
    }
  }
  const auto& info = source->info();
  std::string filters;
  for (const std::string& name : info.filters) filters += (filters.empty() ? "" : ";") + name;
  const char* names[] = {"none", "complete", "incomplete"};
  return words(source->dtype()) + "\t" + write_chunks(chunks) + "\t" +
         write_chunks(source->logical()) + "\t" + filters + "\t" +
         names[static_cast<int>(info.checksums)] + "\t" +
         (array.nbytes() > 0 ? to_hex(array.data(), array.nbytes()) : "");
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    try {
      const auto a = split(line, '\t');
      std::string answer;
      if (a.at(0) == "write") {
        write(a);
      } else if (a.at(0) == "read") {
        answer = read(a);
      } else {
        answer = "?";
      }
      std::cout << "ok\t" << answer << std::endl;
    } catch (const ff::Error& e) {
      std::cout << "error\t" << static_cast<int>(e.code()) << '\t' << to_hex(std::string(e.what()))
                << std::endl;
    }
  }
}
