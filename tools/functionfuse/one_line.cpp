#include "one_line.hpp"

#include <charconv>
#include <cmath>
#include <unordered_set>

#include <fmt/format.h>

#include "functionfuse/arrays/nd_array.hpp"

#include "opened.hpp"
#include "readable.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

/// As Python's repr.
std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  // Python turns to an exponent from 1e16 on and below 1e-4.
  const double size = std::abs(value);
  const bool exponent = size != 0 && (size >= 1e16 || size < 1e-4);
  char digits[32];
  std::string text(
      digits, std::to_chars(digits, digits + sizeof digits, value,
                            exponent ? std::chars_format::scientific : std::chars_format::fixed)
                  .ptr);
  if (!exponent && text.find('.') == text.npos) text += ".0";
  return text;
}

std::string complex_text(std::complex<double> value) {
  auto part = [](double x) {
    std::string text = float_text(x);
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return text;
  };
  const std::string imag = part(value.imag());
  if (value.real() == 0 && !std::signbit(value.real())) return imag + "j";
  return "(" + part(value.real()) + (imag[0] == '-' ? "" : "+") + imag + "j)";
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

bool is_sequence(Kind kind) {
  return kind == Kind::list || kind == Kind::tuple || kind == Kind::set || kind == Kind::frozenset;
}

std::string global_text(const Value& value) {
  const std::string name = printable(value.qualified_name());
  if (value.module() != "builtins") {
    return "<" + printable(value.module()) + "." + name + ">";
  }
  if (name == "Ellipsis" || name == "NotImplemented") return name;
  return "<" + name + ">";
}

std::optional<std::string> atom_text(const Value& value, std::size_t most) {
  switch (value.kind()) {
    case Kind::none:
      return "None";
    case Kind::boolean:
      return value.as_bool() ? "True" : "False";
    case Kind::integer:
      return std::to_string(value.as_int());
    case Kind::big_integer: {
      if (value.as_bytes().size() / 2 > most) return {};
      std::string text = integer_text(value.as_bytes());
      return text.size() <= most ? std::optional(std::move(text)) : std::nullopt;
    }
    case Kind::floating:
      return float_text(value.as_float());
    case Kind::complex:
      return complex_text(value.as_complex());
    case Kind::str: {
      if (value.size() > most) return {};
      std::string text = quoted(value.as_str());
      return width(text) <= most ? std::optional(std::move(text)) : std::nullopt;
    }
    case Kind::bytes:
    case Kind::bytearray: {
      if (value.as_bytes().size() > most) return {};
      std::string text = quoted_bytes(text_of(value.as_bytes()));
      if (value.kind() == Kind::bytearray) text = "bytearray(" + text + ")";
      return text.size() <= most ? std::optional(std::move(text)) : std::nullopt;
    }
    case Kind::scalar: {
      const NdArray array = value.as_array();
      if (array.dtype().itemsize() > 16 * most) return {};
      std::string text = type_name(value) + "(" + array.element_repr(0);
      if (array.dtype().kind() == 'f' && text.back() == '.') text += '0';
      text += ')';
      return width(text) <= most ? std::optional(std::move(text)) : std::nullopt;
    }
    case Kind::dtype: {
      std::string text = "dtype(" + value.as_dtype().repr() + ")";
      return width(text) <= most ? std::optional(std::move(text)) : std::nullopt;
    }
    case Kind::global:
      return global_text(value);
    default:
      return {};
  }
}

std::string type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::none:
      return "NoneType";
    case Kind::scalar: {
      const std::string name = value.as_dtype().name();
      const char kind = value.as_dtype().kind();
      if (kind == 'M') return "numpy.datetime64";
      if (kind == 'm') return "numpy.timedelta64";
      if (kind == 'S') return "numpy.bytes_";
      if (kind == 'U') return "numpy.str_";
      if (kind == 'V') return "numpy.void";
      return "numpy." + (kind == 'b' ? "bool_" : name);
    }
    case Kind::object:
      return value.class_name();
    case Kind::global:
      return "class or function";
    case Kind::persistent: {
      const auto id = value.persistent_id();
      return id ? id->name : "persistent object";
    }
    default:
      return std::string(kind_name(value.kind()));
  }
}

/// Text that grows up to a limit; beyond it, nothing counts any more.
struct OneLine::Line {
  std::string text;
  std::size_t most;
  bool fits = true;
  int depth = 0;
  std::unordered_set<const void*> open{};
  void add(std::string_view piece) {
    text += piece;
    if (text.size() > 4 * most || (text.size() > most && width(text) > most)) fits = false;
  }
};

std::optional<std::string> OneLine::text(const Value& value, std::size_t most) const {
  Line line{"", most};
  add(line, value);
  if (!line.fits) return {};
  return std::move(line.text);
}

void OneLine::add(Line& line, const Value& value) const {
  if (!line.fits) return;
  const Kind kind = value.kind();
  const bool parts = is_sequence(kind) || kind == Kind::dict || kind == Kind::object;
  if (!parts) {
    if (kind == Kind::ndarray) {
      line.fits = false;
    } else if (kind == Kind::persistent) {
      const auto id = value.persistent_id();
      if (id && Opened::is_array(*id)) line.fits = false;
      line.add(persistent_text(value));
    } else if (auto text = atom_text(value, line.most)) {
      line.add(*text);
    } else {
      line.fits = false;
    }
    return;
  }
  if (const auto first = places_.find(value.identity()); first != places_.end()) {
    return line.add(reference(value, first->second));
  }
  if (line.depth >= 20 || !line.open.insert(value.identity()).second) {
    line.fits = false;  // within itself: the tree can say where it is
    return;
  }
  ++line.depth;
  if (kind == Kind::object) {
    add_object(line, value);
  } else if (kind == Kind::dict) {
    line.add("{");
    for (std::size_t i = 0; i < value.size() && line.fits; ++i) {
      auto [key, item] = value.item(i);
      add_pair(line, i, key, item);
    }
    line.add("}");
  } else {
    const bool empty = value.size() == 0;
    std::string_view open, close;
    switch (kind) {
      case Kind::list:
        open = "[", close = "]";
        break;
      case Kind::tuple:
        open = "(", close = value.size() == 1 ? ",)" : ")";
        break;
      case Kind::set:
        open = empty ? "set(" : "{", close = empty ? ")" : "}";
        break;
      default:
        open = empty ? "frozenset(" : "frozenset({", close = empty ? ")" : "})";
        break;
    }
    line.add(open);
    for (std::size_t i = 0; i < value.size() && line.fits; ++i) {
      if (i != 0) line.add(", ");
      add(line, value[i]);
    }
    line.add(close);
  }
  --line.depth;
  line.open.erase(value.identity());
}

void OneLine::add_pair(Line& line, std::size_t i, const Value& key, const Value& item) const {
  if (i != 0) line.add(", ");
  add(line, key);
  line.add(": ");
  add(line, item);
}

void OneLine::add_object(Line& line, const Value& value) const {
  const Readable parts = readable(value);
  if (!parts.text.empty()) return line.add(parts.text);
  if (parts.array) {
    line.fits = false;
    return;
  }
  line.add(parts.name);
  if (!parts.note.empty()) line.add(" " + parts.note + " ");
  line.add("(");
  std::string_view separator;
  auto separate = [&] {
    line.add(separator);
    separator = ", ";
  };
  for (const Value& arg : parts.args) {
    separate();
    add(line, arg);
  }
  if (parts.is_sequence) {
    separate();
    line.add("[");
    for (std::size_t i = 0; i < parts.items.size() && line.fits; ++i) {
      if (i != 0) line.add(", ");
      add(line, parts.items[i]);
    }
    line.add("]");
  }
  if (parts.is_mapping) {
    separate();
    line.add("{");
    for (std::size_t i = 0; i < parts.pairs.size() && line.fits; ++i) {
      add_pair(line, i, parts.pairs[i].first, parts.pairs[i].second);
    }
    line.add("}");
  }
  for (const auto& [name, item] : parts.named) {
    separate();
    line.add(name + "=");
    add(line, item);
  }
  line.add(")");
  if (parts.state) {
    line.add(" with state ");
    add(line, *parts.state);
  }
}

std::string OneLine::persistent_text(const Value& value) const {
  const auto id = value.persistent_id();
  if (!id) return "<an object beside the pickle, in no known way>";
  std::string text = "<kept by " + printable(id->name) + " in bigdata/" + printable(id->filename);
  if (const std::string more = describe_(*id); !more.empty()) text += ", " + more;
  return text + ">";
}

const std::string* OneLine::shown(const Value& value, const std::string& place) {
  if (!value.shared()) return nullptr;
  const auto [first, is_new] = places_.emplace(value.identity(), place);
  return is_new ? nullptr : &first->second;
}

std::string OneLine::reference(const Value& value, const std::string& place) {
  const std::string what =
      value.kind() == Kind::object ? "object" : std::string(kind_name(value.kind()));
  return place.empty() ? "<the result itself>" : "<the same " + what + " as " + place + ">";
}

}  // namespace functionfuse::cli
