#include "pickle/repr.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_set>

#include "arrays/python_text.hpp"
#include "functionfuse/arrays/nd_array.hpp"
#include "functionfuse/pickle/value.hpp"

namespace functionfuse {

using detail::python_bytes_repr;
using detail::python_repr;

namespace {

/// As Python prints a numpy scalar: the element, which an array prints without the zero in "1.0".
std::string scalar_text(const NdArray& scalar) {
  std::string text = scalar.element_repr(0);
  switch (scalar.dtype().kind()) {
    case 'f': return text.ends_with('.') ? text + "0" : text;
    case 'c': {
      std::string plain;
      for (std::size_t i = 0; i < text.size(); ++i) {
        const bool digit = i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9';
        if (text[i] != '.' || digit) plain += text[i];
      }
      return plain.starts_with("0+") ? plain.substr(2) : "(" + plain + ")";
    }
    case 'V': return scalar.dtype().is_structured() ? text : "void(" + text + ")";
    case 'M': return "numpy.datetime64(" + text + ")";
    case 'm': {
      std::string unit(scalar.dtype().unit());
      if (scalar.dtype().unit_count() != 1) {
        unit = std::to_string(scalar.dtype().unit_count()) + unit;
      }
      return "numpy.timedelta64(" + text + (unit == "generic" ? ")" : ",'" + unit + "')");
    }
    default: return text;
  }
}

/// Writes until the limit is reached; what is open is then closed with dots.
class Writer {
 public:
  explicit Writer(std::size_t limit) : limit_(limit) {}
  std::string take() { return std::move(text_); }

  void write(const Value& value, int depth) {
    if (value.identity() != nullptr && value.shared() && open_.contains(value.identity())) {
      cycle(value.kind());
      return;
    }
    open_.insert(value.identity());
    write_object(value, depth);
    open_.erase(value.identity());
  }

 private:
  static constexpr int kDeepest = 20;

  void write_object(const Value& value, int depth) {
    switch (value.kind()) {
      case Kind::none: text_ += "None"; break;
      case Kind::boolean: text_ += value.as_bool() ? "True" : "False"; break;
      case Kind::integer: text_ += std::to_string(value.as_int()); break;
      case Kind::big_integer: cut(integer_text(value.as_bytes())); break;
      case Kind::floating: text_ += float_text(value.as_float()); break;
      case Kind::complex: complex(value.as_complex()); break;
      case Kind::str: cut_text(value.as_str()); break;
      case Kind::bytes: bytes("", value.as_bytes(), ""); break;
      case Kind::bytearray: bytes("bytearray(", value.as_bytes(), ")"); break;
      case Kind::list: items(value, "[", "]", depth); break;
      case Kind::tuple: items(value, "(", value.size() == 1 ? ",)" : ")", depth); break;
      case Kind::set: items(value, value.size() == 0 ? "set(" : "{", value.size() == 0 ? ")" : "}", depth); break;
      case Kind::frozenset:
        if (value.size() == 0) {
          text_ += "frozenset()";
        } else {
          items(value, "frozenset({", "})", depth);
        }
        break;
      case Kind::dict: dict(value, depth); break;
      case Kind::ndarray:
        text_ += "array(shape=" + shape_text(value.as_array().shape()) + ", dtype=" +
                 value.as_dtype().to_string() + ")";
        break;
      case Kind::scalar: scalar(value); break;
      case Kind::dtype: cut("dtype(" + value.as_dtype().repr() + ")"); break;
      case Kind::global:
        text_ += "<";
        name(value.module());
        text_ += ".";
        name(value.qualified_name());
        text_ += ">";
        break;
      case Kind::object: object(value, depth); break;
      case Kind::persistent: {
        auto id = value.persistent_id();
        text_ += "<";
        name(id ? id->name + " " + id->version + " " + id->filename : "persistent object");
        text_ += ">";
        break;
      }
    }
  }

  [[nodiscard]] bool full() const { return text_.size() >= limit_; }

  void cut(std::string_view text) {
    std::size_t room = full() ? 0 : limit_ - text_.size();
    if (text.size() <= room) {
      text_ += text;
    } else {
      text_ += text.substr(0, room);
      text_ += "...";
    }
  }
  void cut_text(std::string_view text) {
    std::size_t room = full() ? 8 : limit_ - text_.size();
    std::string_view shown = text.substr(0, room);
    while (!shown.empty() && shown.size() < text.size() && (text[shown.size()] & 0xC0) == 0x80) {
      shown.remove_suffix(1);  // not within a character
    }
    text_ += python_repr(shown);
    if (shown.size() < text.size()) text_ += "...";
  }
  void bytes(std::string_view open, std::span<const std::byte> data, std::string_view close) {
    std::size_t room = full() ? 8 : limit_ - text_.size();
    auto shown = data.data() == nullptr ? std::span<const std::byte>()  // left in the input
                                        : data.first(std::min(room, data.size()));
    text_ += open;
    text_ += python_bytes_repr(shown);
    if (shown.size() < data.size()) text_ += "...";
    text_ += close;
  }
  /// A name from a file: whatever it is, it must not control a terminal.
  void name(std::string_view text) {
    std::string quoted = python_repr(text.substr(0, limit_));
    cut(std::string_view(quoted).substr(1, quoted.size() - 2));
  }
  void scalar(const Value& value) {
    const NdArray array = value.as_array();
    if (array.dtype().itemsize() <= 16 * limit_ && array.data() != nullptr) {
      cut(scalar_text(array));
    } else {
      name("<numpy scalar of " + array.dtype().str() + ">");
    }
  }
  void cycle(Kind kind) {
    switch (kind) {
      case Kind::list: text_ += "[...]"; break;
      case Kind::tuple: text_ += "(...)"; break;
      case Kind::set:
      case Kind::dict: text_ += "{...}"; break;
      default: text_ += "..."; break;
    }
  }
  void complex(std::complex<double> c) {
    // As Python: (1-2j), and 2j where the real part is a positive zero.
    std::string imag = float_text(c.imag());
    if (imag.ends_with(".0")) imag.resize(imag.size() - 2);
    if (c.real() == 0 && !std::signbit(c.real())) {
      text_ += imag + "j";
      return;
    }
    std::string real = float_text(c.real());
    if (real.ends_with(".0")) real.resize(real.size() - 2);
    text_ += "(" + real + (imag[0] == '-' ? "" : "+") + imag + "j)";
  }
  void items(const Value& value, std::string_view open, std::string_view close, int depth) {
    text_ += open;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i != 0) text_ += ", ";
      if (full() || depth >= kDeepest) {
        text_ += "...";
        break;
      }
      write(value[i], depth + 1);
    }
    text_ += close;
  }
  void dict(const Value& value, int depth) {
    text_ += "{";
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i != 0) text_ += ", ";
      if (full() || depth >= kDeepest) {
        text_ += "...";
        break;
      }
      auto [key, item] = value.item(i);
      write(key, depth + 1);
      text_ += ": ";
      write(item, depth + 1);
    }
    text_ += "}";
  }
  void object(const Value& value, int depth) {
    name(value.class_name());
    items(value.args(), "(", ")", depth);
  }

  std::string text_;
  std::size_t limit_;
  std::unordered_set<const void*> open_;
};

}  // namespace

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[32];
  // Python turns to an exponent from 1e16 on and below 1e-4.
  double size = std::abs(value);
  const bool exponent = size != 0 && (size >= 1e16 || size < 1e-4);
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value,
                           exponent ? std::chars_format::scientific : std::chars_format::fixed)
                 .ptr;
  std::string text(buffer, end);
  if (!exponent && text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string Value::repr(std::size_t limit) const {
  Writer writer(limit);
  writer.write(*this, 0);
  return writer.take();
}

}  // namespace functionfuse
