// Writes and reads Zarr arrays, for zarr_test.py to compare with zarr-python. A question is a line
// of fields with tabs between them, an answer one line: "ok" and fields, or "error", a code and the
// message in hexadecimal.
//
//   write LOCATION DTYPE CHUNKS CODEC LEVEL CNAME SHUFFLE ORDER SEPARATOR BYTES
//   read LOCATION ARRAY SPARSE    DTYPE CHUNKS STORED CODEC FILTERS CHECKSUMS BYTES
//   slice LOCATION ARRAY START STOP    BYTES of [START:STOP] along the first axis
//
// DTYPE as in hdf5_probe. CHUNKS: the lengths along each axis with commas, axes with semicolons;
// "-" is rank 0. BYTES are those of the array in C order, in hexadecimal.

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>
#include <functionfuse/formats/zarr.hpp>

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

void write(const std::vector<std::string>& a) {
  std::istringstream in(a.at(2));
  const ff::DType dtype = read_dtype(in);
  const ff::Chunks chunks = read_chunks(a.at(3));
  const std::string bytes = from_hex(a.at(10));
  const auto array = ff::NdArray::from_buffer(
      dtype, chunks.shape(), 'C', std::as_bytes(std::span(bytes.data(), bytes.size())), nullptr);
  ff::ZarrOptions options;
  options.codec = a.at(4);
  options.level = std::stoi(a.at(5));
  options.cname = a.at(6);
  options.shuffle = std::stoi(a.at(7));
  options.order = a.at(8).at(0);
  options.separator = a.at(9).at(0);
  ff::save_zarr(a.at(1), ff::ChunkedArray::from_array(array, chunks), options);
}

std::string read(const std::vector<std::string>& a) {
  const auto array = ff::open_zarr(a.at(1), a.at(2), {.sparse = a.at(3) == "1"});
  const ff::NdArray data = array.compute();
  const ff::ZarrDescription about = ff::describe_zarr(a.at(1), a.at(2));
  std::string stored;
  for (const auto length : about.stored_chunks) stored += std::to_string(length) + ",";
  std::string filters;
  for (const std::string& name : about.filters) filters += (filters.empty() ? "" : ";") + name;
  const auto bytes = data.tobytes();
  return words(array.dtype()) + "\t" + write_chunks(array.chunks()) + "\t" + stored + "\t" +
         about.codec + "\t" + filters + "\t" + (about.has_checksums ? "1" : "0") + "\t" +
         to_hex(bytes.data(), bytes.size());
}

std::string slice(const std::vector<std::string>& a) {
  const auto array = ff::open_zarr(a.at(1), a.at(2));
  const auto bytes = array.slice({{std::stoll(a.at(3)), std::stoll(a.at(4))}}).compute().tobytes();
  return to_hex(bytes.data(), bytes.size());
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
      } else if (a.at(0) == "slice") {
        answer = slice(a);
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
