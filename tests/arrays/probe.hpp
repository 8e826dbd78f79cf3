#pragma once

#include <cstddef>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <functionfuse/arrays/chunks.hpp>
#include <functionfuse/arrays/dtype.hpp>
#include <functionfuse/error.hpp>

/// What the programs that answer Python's questions about arrays have in common. A question is a
/// line of fields with tabs between them.
///
/// Bytes, and text that may hold anything, are hexadecimal digits. A dtype is prefix notation of
/// words: "<f8"; "sub 2 2 3 <f8" (rank, lengths, base); "struct COUNT ITEMSIZE ALIGNED ALIGNMENT
/// {NAME TITLE|- OFFSET DTYPE}", names behind an x, so that they are words even if empty. Chunks:
/// the lengths along each axis with commas, axes with semicolons; "-" is rank 0.
namespace functionfuse::test {

inline std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::string part;
  std::istringstream in(text);
  while (std::getline(in, part, separator)) parts.push_back(part);
  if (text.empty() || text.back() == separator) parts.emplace_back();
  return parts;
}

inline std::string to_hex(const void* bytes, std::size_t size) {
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

inline std::string to_hex(const std::string& text) { return to_hex(text.data(), text.size()); }

inline std::string to_hex(const std::vector<std::byte>& bytes) {
  return to_hex(bytes.data(), bytes.size());
}

inline int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

inline std::string from_hex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(16 * digit(hex[i]) + digit(hex[i + 1]));
  }
  return out;
}

inline DType read_dtype(std::istream& in) {
  std::string word;
  in >> word;
  if (word == "sub") {
    std::size_t rank = 0;
    in >> rank;
    Shape shape(rank);
    for (auto& length : shape) in >> length;
    return DType::subarray(read_dtype(in), shape);
  }
  if (word != "struct") return DType::parse(word);
  std::size_t count = 0, itemsize = 0, alignment = 0;
  int aligned = 0;
  in >> count >> itemsize >> aligned >> alignment;
  std::vector<Field> fields(count);
  for (Field& field : fields) {
    std::string title;
    in >> word >> title >> field.offset;
    field.name = from_hex(word.substr(1));
    if (title != "-") field.title = from_hex(title.substr(1));
    field.dtype = read_dtype(in);
  }
  return DType::structured(fields, itemsize, aligned != 0, alignment);
}

inline DType read_dtype(const std::string& text) {
  std::istringstream in(text);
  return read_dtype(in);
}

inline std::string words(const DType& dtype) {
  std::ostringstream out;
  if (dtype.is_subarray()) {
    out << "sub " << dtype.shape().size();
    for (const auto length : dtype.shape()) out << ' ' << length;
    out << ' ' << words(dtype.base());
  } else if (dtype.is_structured()) {
    out << "struct " << dtype.fields().size() << ' ' << dtype.itemsize() << " 0 1";
    for (const Field& field : dtype.fields()) {
      out << " x" << to_hex(field.name) << ' ' << (field.title ? "x" + to_hex(*field.title) : "-")
          << ' ' << field.offset << ' ' << words(field.dtype);
    }
  } else {
    out << dtype.str();
  }
  return out.str();
}

inline Chunks read_chunks(const std::string& text) {
  if (text == "-") return {};
  std::vector<std::vector<std::int64_t>> lengths;
  for (const std::string& axis : split(text, ';')) {
    lengths.emplace_back();
    for (const std::string& length : split(axis, ',')) lengths.back().push_back(std::stoll(length));
  }
  return Chunks(lengths);
}

inline std::string write_chunks(const Chunks& chunks) {
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

/// Answers every line of the standard input with one: "ok" and what `answer` says, or "error", the
/// code and the message.
inline void answer_all(
    const std::function<std::string(const std::vector<std::string>& fields)>& answer) {
  for (std::string line; std::getline(std::cin, line);) {
    try {
      const std::string text = answer(split(line, '\t'));
      std::cout << "ok\t" << text << std::endl;
    } catch (const Error& e) {
      std::cout << "error\t" << static_cast<int>(e.code()) << '\t' << to_hex(std::string(e.what()))
                << std::endl;
    }
  }
}

}  // namespace functionfuse::test
