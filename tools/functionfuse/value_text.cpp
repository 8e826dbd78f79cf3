#include "value_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>

#include "functionfuse/arrays/nd_array.hpp"

#include "array_text.hpp"
#include "readable.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

constexpr std::size_t kWidth = 100;

struct Limits {
  std::size_t items = 10;  ///< of a sequence
  std::size_t pairs = 30;  ///< of a mapping
  std::size_t flow = 30;   ///< short items of a sequence, in lines
  std::size_t characters = 500;
  std::size_t elements = 100;  ///< of an array: more show the first and the last
  std::size_t depth = 8;
  std::size_t lines = 500;
};

Limits no_limits() {
  constexpr auto kNone = std::numeric_limits<std::size_t>::max();
  return {kNone, kNone, kNone, kNone, kNone, 200, kNone};
}

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

bool is_sequence(Kind kind) {
  return kind == Kind::list || kind == Kind::tuple || kind == Kind::set || kind == Kind::frozenset;
}

/// The first `most` bytes of text, not within a character.
std::string_view first_of(std::string_view utf8, std::size_t most) {
  if (utf8.size() <= most) return utf8;
  while (most != 0 && (static_cast<unsigned char>(utf8[most]) & 0xC0) == 0x80) --most;
  return utf8.substr(0, most);
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string global_text(const Value& value) {
  const std::string name = printable(value.qualified_name());
  if (value.module() != "builtins") {
    return "<" + printable(value.module()) + "." + name + ">";
  }
  if (name == "Ellipsis" || name == "NotImplemented") return name;
  return "<" + name + ">";
}

/// What has no parts, on one line; nothing where that needs more than `most` characters or so.
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
      return value.as_dtype().to_string() + "(" + array.element_repr(0) + ")";
    }
    case Kind::dtype:
      return "dtype(" + value.as_dtype().repr() + ")";
    case Kind::global:
      return global_text(value);
    default:
      return {};
  }
}

/// How many of `count` are shown: not all but one or two, which take no less room than to say so.
std::size_t shown_of(std::size_t count, std::size_t most) {
  return count <= most || count - most <= 2 ? count : most;
}

class Writer {
 public:
  Writer(Out& out, const DescribeObject& describe, bool all)
      : out_(out), describe_(describe), limits_(all ? no_limits() : Limits()) {}

  void write(const Value& value) {
    node({"", "", "", 0}, value);
    if (lines_ > limits_.lines) out_ << "... (cut here; --all shows everything)\n";
  }

 private:
  /// Where a value stands in the tree.
  struct Place {
    std::string label;  ///< "'lr': "
    std::string indent;
    std::string path;  ///< "['model'][0]"
    std::size_t depth;
  };

  void line(std::string_view text) {
    if (++lines_ > limits_.lines) return;
    out_ << text << '\n';
  }
  [[nodiscard]] bool full() const { return lines_ >= limits_.lines; }

  // On one line.

  /// Text that grows up to a limit; beyond it, nothing counts any more.
  struct Line {
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

  std::optional<std::string> on_one_line(const Value& value, std::size_t most) {
    Line line{"", most};
    add(line, value);
    if (!line.fits) return {};
    return std::move(line.text);
  }

  void add(Line& line, const Value& value) {
    if (!line.fits) return;
    const Kind kind = value.kind();
    const bool parts = is_sequence(kind) || kind == Kind::dict || kind == Kind::object;
    if (!parts) {
      if (kind == Kind::ndarray) {
        line.fits = false;
      } else if (kind == Kind::persistent) {
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

  void add_pair(Line& line, std::size_t i, const Value& key, const Value& item) {
    if (i != 0) line.add(", ");
    add(line, key);
    line.add(": ");
    add(line, item);
  }

  void add_object(Line& line, const Value& value) {
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

  std::string persistent_text(const Value& value) const {
    const auto id = value.persistent_id();
    if (!id) return "<an object beside the pickle, in no known way>";
    std::string text = "<kept by " + printable(id->name) + " in bigdata/" + printable(id->filename);
    if (const std::string more = describe_(*id); !more.empty()) text += ", " + more;
    return text + ">";
  }

  static std::string reference(const Value& value, const std::string& path) {
    const std::string what =
        value.kind() == Kind::object ? "object" : std::string(kind_name(value.kind()));
    return path.empty() ? "<the result itself>" : "<the same " + what + " as " + path + ">";
  }

  // As a tree.

  void node(const Place& place, const Value& value) {
    if (full()) {
      ++lines_;
      return;
    }
    const std::string start = place.indent + place.label;
    if (value.kind() == Kind::ndarray) return array(place, short_kind(value), value.as_array());
    const std::size_t used = width(start);
    if (auto text = on_one_line(value, kWidth - std::min(used, kWidth / 2))) {
      return line(start + *text);
    }
    switch (value.kind()) {
      case Kind::str:
        return text(place, value);
      case Kind::bytes:
      case Kind::bytearray:
        return bytes(place, value);
      case Kind::big_integer:
        return big_integer(place, value);
      case Kind::scalar:
        return array(place, "numpy scalar " + value.as_dtype().to_string(), value.as_array());
      default:
        break;
    }
    // One that is met twice stands in the pickle as such; on_one_line() tells the second time.
    if (value.shared()) places_.emplace(value.identity(), place.path);
    if (value.kind() == Kind::object) {
      object(place, value);
    } else if (place.depth >= limits_.depth) {
      line(start + short_kind(value) + " ...");
    } else if (value.kind() == Kind::dict) {
      line(start + short_kind(value) + ":");
      mapping(place, value.size(), [&](std::size_t i) { return value.item(i); });
    } else {
      line(start + short_kind(value) + ":");
      sequence(place, value.size(), [&](std::size_t i) { return value[i]; });
    }
  }

  [[nodiscard]] static Place below(const Place& place, std::string label, const std::string& step) {
    return {std::move(label), place.indent + "  ", place.path + step, place.depth + 1};
  }

  void left_out(const Place& place, std::size_t count) {
    if (count != 0) line(place.indent + "  ... " + std::to_string(count) + " more");
  }

  template <class Item>
  void mapping(const Place& place, std::size_t count, const Item& item) {
    const std::size_t shown = shown_of(count, limits_.pairs);
    for (std::size_t i = 0; i < shown && !full(); ++i) {
      const auto [key, value] = item(i);
      const std::string name = on_one_line(key, 60).value_or("<" + short_kind(key) + ">");
      node(below(place, name + ": ", "[" + name + "]"), value);
    }
    left_out(place, count - shown);
  }

  template <class Item>
  void sequence(const Place& place, std::size_t count, const Item& item) {
    if (flow(place, count, item)) return;
    const std::size_t shown = shown_of(count, limits_.items);
    for (std::size_t i = 0; i < shown && !full(); ++i) {
      const std::string index = "[" + std::to_string(i) + "]";
      node(below(place, index + ": ", index), item(i));
    }
    left_out(place, count - shown);
  }

  /// Short items one after the other, in lines as long as fits. False: they are not short.
  template <class Item>
  bool flow(const Place& place, std::size_t count, const Item& item) {
    const std::size_t shown = shown_of(count, limits_.flow);
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < shown; ++i) {
      const Value value = item(i);
      auto text = atom_text(value, 24);
      if (!text) return false;
      texts.push_back(std::move(*text));
    }
    std::string row = place.indent + "  ";
    const std::size_t indent = row.size();
    for (std::size_t i = 0; i < shown; ++i) {
      if (i + 1 < count) texts[i] += ',';
      if (row.size() > indent && width(row) + width(texts[i]) + 1 > kWidth) {
        line(row);
        row.resize(indent);
      }
      if (row.size() > indent) row += ' ';
      row += texts[i];
    }
    if (row.size() > indent) line(row);
    left_out(place, count - shown);
    return true;
  }

  void text(const Place& place, const Value& value) {
    const std::string_view all = value.as_str();
    const std::string_view shown = first_of(all, limits_.characters);
    line(place.indent + place.label + short_kind(value) + ":");
    std::string_view rest = shown;
    while (!rest.empty()) {  // a line of the text a line, as Python writes adjacent literals
      std::size_t end = rest.find('\n');
      end = end == rest.npos ? rest.size() : end + 1;
      line(place.indent + "  " + quoted(rest.substr(0, end)));
      rest.remove_prefix(end);
    }
    if (shown.size() != all.size()) {
      line(place.indent + "  ... " + std::to_string(width(all) - width(shown)) + " more");
    }
  }

  void bytes(const Place& place, const Value& value) {
    const auto all = value.as_bytes();
    const auto shown = all.first(std::min(all.size(), limits_.characters / 4));
    line(place.indent + place.label + short_kind(value) + ":");
    line(place.indent + "  " + quoted_bytes(text_of(shown)));
    left_out(place, all.size() - shown.size());
  }

  void big_integer(const Place& place, const Value& value) {
    const std::string digits = integer_text(value.as_bytes());
    constexpr std::size_t kEnd = 30;
    const std::size_t sign = digits[0] == '-' ? 1 : 0;
    const std::string start = place.indent + place.label;
    if (digits.size() <= limits_.characters) return line(start + digits);
    line(start + digits.substr(0, kEnd) + "..." + digits.substr(digits.size() - kEnd) +
         fmt::format(" ({} digits{})", digits.size() - sign,
                     digits.find('x') == digits.npos ? "" : ", hexadecimal"));
  }

  void array(const Place& place, const std::string& kind, const NdArray& array) {
    const std::size_t threshold =
        place.depth == 0 ? limits_.elements
                         : std::min<std::size_t>(limits_.elements,
                                                 std::max<std::size_t>(limits_.elements / 5, 20));
    const ArrayText text = array_text(array, threshold);
    const std::string start = place.indent + place.label;
    const std::string head = start + kind + ", " + size_text(array.nbytes());
    if (text.values.size() == 1 && text.facts.size() <= 1) {
      std::string all = head + ": " + text.values[0];
      if (!text.facts.empty()) all += "  " + text.facts[0];
      if (width(all) <= kWidth) return line(all);
    }
    line(text.values.empty() ? head : head + ":");
    for (const auto* rows : {&text.values, &text.facts}) {
      for (const std::string& row : *rows) line(place.indent + "  " + row);
    }
  }

  void object(const Place& place, const Value& value) {
    const Readable parts = readable(value);
    if (parts.array) {
      return array(place,
                   parts.name + " " + parts.array->dtype().to_string() + " " +
                       shape_text(parts.array->shape()),
                   *parts.array);
    }
    const std::string start = place.indent + place.label;
    if (place.depth >= limits_.depth) return line(start + parts.name + " ...");
    std::string head = start + parts.name;
    if (!parts.note.empty()) head += " " + parts.note;
    const bool one = parts.args.empty() && parts.named.empty() && !parts.state;
    if (parts.is_mapping) head += fmt::format(" of {}", parts.pairs.size());
    if (parts.is_sequence && parts.note.empty()) head += fmt::format(" of {}", parts.items.size());
    line(head + ":");
    if (!one) {
      for (std::size_t i = 0; i < parts.args.size() && !full(); ++i) {
        const std::string name = parts.args.size() == 1 ? "args" : fmt::format("args[{}]", i);
        node(below(place, name + ": ", "." + name), parts.args[i]);
      }
      for (const auto& [name, item] : parts.named) {
        if (!full()) node(below(place, name + "= ", "." + name), item);
      }
    }
    if (parts.is_sequence) {
      sequence(place, parts.items.size(), [&](std::size_t i) { return parts.items[i]; });
    }
    if (parts.is_mapping) {
      mapping(place, parts.pairs.size(), [&](std::size_t i) { return parts.pairs[i]; });
    }
    if (parts.state) state(place, *parts.state);
  }

  /// The state of most objects is the dict of their attributes.
  void state(const Place& place, const Value& value) {
    if (value.kind() != Kind::dict) return node(below(place, "state: ", ".state"), value);
    for (std::size_t i = 0; i < value.size() && !full(); ++i) {
      auto [key, item] = value.item(i);
      const std::string name = key.kind() == Kind::str
                                   ? "." + printable(key.as_str())
                                   : "[" + on_one_line(key, 60).value_or("...") + "]";
      node(below(place, name + ": ", name), item);
    }
  }

  Out& out_;
  const DescribeObject& describe_;
  Limits limits_;
  std::size_t lines_ = 0;
  std::unordered_map<const void*, std::string> places_;
};

}  // namespace

void write_text(Out& out, const Value& value, const DescribeObject& describe, bool all) {
  Writer(out, describe, all).write(value);
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

std::string short_kind(const Value& value) {
  switch (value.kind()) {
    case Kind::list:
    case Kind::tuple:
    case Kind::set:
    case Kind::frozenset:
    case Kind::dict:
    case Kind::bytes:
    case Kind::bytearray:
      return fmt::format("{} of {}", kind_name(value.kind()), value.size());
    case Kind::str:
      return fmt::format("str of {}", width(value.as_str()));
    case Kind::ndarray:
      return "ndarray " + dtype_words(value.as_dtype()) + " " +
             shape_text(value.as_array().shape());
    case Kind::none:
      return "None";
    case Kind::scalar:
      return type_name(value);
    case Kind::global:
      return global_text(value);
    case Kind::persistent:
      return "kept by " + printable(type_name(value));
    case Kind::object: {
      const Readable parts = readable(value);
      if (!parts.text.empty()) return parts.text;
      if (parts.array) {
        return parts.name + " " + dtype_words(parts.array->dtype()) + " " +
               shape_text(parts.array->shape());
      }
      if (!parts.note.empty()) return parts.name + " " + parts.note;
      if (parts.is_mapping) return fmt::format("{} of {}", parts.name, parts.pairs.size());
      if (parts.is_sequence) return fmt::format("{} of {}", parts.name, parts.items.size());
      return parts.name;
    }
    default:
      return type_name(value);
  }
}

}  // namespace functionfuse::cli
