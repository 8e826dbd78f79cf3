#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <unordered_map>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/pickle.hpp"

// Reads lines from stdin, "resave IN OUT" or "describe IN OUT" each, and answers each with "ok" or
// "error <text>". resave: unpickles IN and pickles it again. describe: writes what was read as JSON,
// with the words of tests/data/golden/manifest.json; text and bytes are in hexadecimal, and every
// object has its number at its first place and is a "ref" from then on.

namespace ff = functionfuse;

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("no file " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

std::string hex(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::byte byte : bytes) {
    text += kDigits[static_cast<unsigned>(byte) >> 4];
    text += kDigits[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

std::string hex(std::string_view text) { return hex(std::as_bytes(std::span(text))); }

class Describer {
 public:
  std::string take() { return std::move(text_); }

  void describe(const ff::Value& value) {
    if (value.identity() != nullptr) {
      auto [it, is_new] = ids_.try_emplace(value.identity(), ids_.size());
      if (!is_new) {
        text_ += "{\"ref\":" + std::to_string(it->second) + "}";
        return;
      }
      text_ += "{\"id\":" + std::to_string(it->second) + ",\"t\":";
    } else {
      text_ += "{\"t\":";
    }
    body(value);
    text_ += "}";
  }

 private:
  void body(const ff::Value& value) {
    switch (value.kind()) {
      case ff::Kind::none: text_ += "\"None\""; break;
      case ff::Kind::boolean: text_ += value.as_bool() ? "\"bool\",\"v\":true" : "\"bool\",\"v\":false"; break;
      case ff::Kind::integer: text_ += "\"int\",\"v\":\"" + std::to_string(value.as_int()) + "\""; break;
      case ff::Kind::big_integer:
        text_ += "\"int\",\"v\":\"" + ff::integer_text(value.as_bytes()) + "\"";
        break;
      case ff::Kind::floating: text_ += "\"float\",\"bits\":\"" + bits(value.as_float()) + "\""; break;
      case ff::Kind::complex:
        text_ += "\"complex\",\"bits\":[\"" + bits(value.as_complex().real()) + "\",\"" +
                 bits(value.as_complex().imag()) + "\"]";
        break;
      case ff::Kind::str: text_ += "\"str\",\"hex\":\"" + hex(value.as_str()) + "\""; break;
      case ff::Kind::bytes: text_ += "\"bytes\",\"hex\":\"" + hex(value.as_bytes()) + "\""; break;
      case ff::Kind::bytearray:
        text_ += "\"bytearray\",\"hex\":\"" + hex(value.as_bytes()) + "\"";
        break;
      case ff::Kind::list: items("list", value); break;
      case ff::Kind::tuple: items("tuple", value); break;
      case ff::Kind::set: items("set", value); break;
      case ff::Kind::frozenset: items("frozenset", value); break;
      case ff::Kind::dict:
        text_ += "\"dict\",\"items\":[";
        for (std::size_t i = 0; i < value.size(); ++i) {
          auto [key, item] = value.item(i);
          text_ += i == 0 ? "[" : ",[";
          describe(key);
          text_ += ",";
          describe(item);
          text_ += "]";
        }
        text_ += "]";
        break;
      case ff::Kind::ndarray: {
        const ff::NdArray array = value.as_array();
        text_ += "\"ndarray\",\"dtype\":\"" + hex(dtype_text(array.dtype())) + "\",\"shape\":[";
        for (std::size_t i = 0; i < array.ndim(); ++i) {
          text_ += (i == 0 ? "" : ",") + std::to_string(array.shape()[i]);
        }
        text_ += std::string("],\"c_contiguous\":") + (array.is_c_contiguous() ? "true" : "false") +
                 ",\"f_contiguous\":" + (array.is_f_contiguous() ? "true" : "false") +
                 ",\"hex\":\"" + hex(array.tobytes()) + "\"";
        break;
      }
      case ff::Kind::scalar: {
        const ff::NdArray array = value.as_array();
        text_ += "\"npscalar\",\"dtype\":\"" + hex(dtype_text(array.dtype())) + "\",\"hex\":\"" +
                 hex(array.tobytes()) + "\",\"repr\":\"" + hex(value.repr(100000)) + "\"";
        break;
      }
      case ff::Kind::dtype:
        text_ += "\"npdtype\",\"str\":\"" + hex(dtype_text(value.as_dtype())) + "\"";
        break;
      case ff::Kind::global:
        text_ += "\"global\",\"module\":\"" + hex(value.module()) + "\",\"qualname\":\"" +
                 hex(value.qualified_name()) + "\"";
        break;
      case ff::Kind::object: text_ += "\"object\",\"class\":\"" + hex(value.class_name()) + "\""; break;
      case ff::Kind::persistent: {
        const auto id = value.persistent_id();
        text_ += "\"persistent\"";
        if (id) {
          text_ += ",\"name\":\"" + hex(id->name) + "\",\"version\":\"" + hex(id->version) +
                   "\",\"filename\":\"" + hex(id->filename) + "\"";
        }
        break;
      }
    }
  }

  void items(const char* type, const ff::Value& value) {
    text_ += std::string("\"") + type + "\",\"items\":[";
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i != 0) text_ += ",";
      describe(value[i]);
    }
    text_ += "]";
  }

  static std::string bits(double value) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    char text[17];
    std::snprintf(text, sizeof text, "%016" PRIx64, bits);
    return text;
  }

  static std::string dtype_text(const ff::DType& dtype) {
    return dtype.is_structured() ? dtype.repr() : dtype.str();
  }

  std::string text_;
  std::unordered_map<const void*, std::size_t> ids_;
};

void run(const std::string& command, const std::string& in, const std::string& out) {
  const std::string pickle = read_file(in);
  const ff::Value value = ff::loads(pickle);
  if (command == "resave") {
    write_file(out, ff::dumps(value));
  } else if (command == "describe") {
    Describer describer;
    describer.describe(value);
    write_file(out, describer.take());
  } else {
    throw std::runtime_error("no command " + command);
  }
}

}  // namespace

int main() {
  std::string command, in, out;
  while (std::cin >> command >> in >> out) {
    try {
      run(command, in, out);
      std::cout << "ok" << std::endl;
    } catch (const ff::Error& e) {
      std::cout << "error " << e.what() << std::endl;
    }
  }
}
