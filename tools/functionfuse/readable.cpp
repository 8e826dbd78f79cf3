#include "readable.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "functionfuse/error.hpp"

#include "words.hpp"

namespace functionfuse::cli {
namespace {

// Classes of these modules are shown without the module.
constexpr std::array<std::string_view, 8> kKnownModules = {
    "builtins", "collections", "datetime", "decimal", "fractions", "pathlib", "uuid", "array"};

std::optional<std::int64_t> integer(const Value& value) {
  if (value.kind() != Kind::integer) return std::nullopt;
  return value.as_int();
}

std::string_view blob(const Value& value) {
  if (value.kind() != Kind::bytes) return {};
  const auto bytes = value.as_bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

unsigned byte(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

// Times: docs.python.org/3/library/datetime.html and their __reduce__ in Lib/datetime.py.

std::string clock_text(std::string_view bytes) {
  std::string text =
      fmt::format("{:02}:{:02}:{:02}", byte(bytes, 0) & 0x7F, byte(bytes, 1), byte(bytes, 2));
  const unsigned micro = byte(bytes, 3) << 16 | byte(bytes, 4) << 8 | byte(bytes, 5);
  if (micro != 0) text += fmt::format(".{:06}", micro);
  return text;
}

std::string date_text(std::string_view bytes) {
  return fmt::format("{:04}-{:02}-{:02}", byte(bytes, 0) << 8 | byte(bytes, 1),
                     byte(bytes, 2) & 0x7F, byte(bytes, 3));
}

/// Days, seconds and microseconds of a timedelta.
std::optional<std::array<std::int64_t, 3>> delta(const Value& value) {
  if (value.kind() != Kind::object || value.class_name() != "datetime.timedelta") return {};
  const Value args = value.args();
  if (args.size() != 3) return {};
  std::array<std::int64_t, 3> parts{};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto part = integer(args[i]);
    if (!part) return {};
    parts[i] = *part;
  }
  return parts;
}

/// As Python's str(): "-1 day, 0:00:03.000007".
std::string delta_text(std::array<std::int64_t, 3> parts) {
  auto [days, seconds, micro] = parts;
  std::string text;
  if (days != 0) text = fmt::format("{} day{}, ", days, days == 1 || days == -1 ? "" : "s");
  text += fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (micro != 0) text += fmt::format(".{:06}", micro);
  return text;
}

/// "+01:00"; nothing for a time zone that is not a fixed offset.
std::optional<std::string> offset_text(const Value& zone) {
  if (zone.kind() != Kind::object || zone.class_name() != "datetime.timezone") return {};
  if (zone.args().size() == 0) return {};
  const auto parts = delta(zone.args()[0]);
  if (!parts || std::abs((*parts)[0]) > 1) return {};
  const std::int64_t seconds = (*parts)[0] * 86400 + (*parts)[1];
  const std::int64_t size = std::abs(seconds);
  std::string text =
      fmt::format("{}{:02}:{:02}", seconds < 0 ? '-' : '+', size / 3600, size / 60 % 60);
  if (size % 60 != 0) text += fmt::format(":{:02}", size % 60);
  return text;
}

std::optional<std::string> time_of(std::string_view name, const Value& args) {
  if (args.size() == 0 || args.size() > 2) return {};
  std::string zone;
  if (args.size() == 2 && !args[1].is_none()) {
    const auto offset = offset_text(args[1]);
    if (!offset) return {};
    zone = *offset;
  }
  const std::string_view bytes = blob(args[0]);
  if (name == "datetime.datetime" && bytes.size() == 10) {
    return "datetime(" + date_text(bytes) + " " + clock_text(bytes.substr(4)) + zone + ")";
  }
  if (name == "datetime.date" && bytes.size() == 4) return "date(" + date_text(bytes) + ")";
  if (name == "datetime.time" && bytes.size() == 6) return "time(" + clock_text(bytes) + zone + ")";
  return {};
}

std::optional<std::string> uuid_text(const Value& state) {
  if (state.kind() != Kind::dict) return {};
  const auto number = state.find("int");
  if (!number) return {};
  std::array<unsigned, 16> bytes{};  // little endian
  if (number->kind() == Kind::integer) {
    for (std::size_t i = 0; i < 8; ++i) {
      bytes[i] = static_cast<std::uint64_t>(number->as_int()) >> (8 * i) & 0xFF;
    }
  } else if (number->kind() == Kind::big_integer) {
    const auto raw = number->as_bytes();
    for (std::size_t i = 0; i < std::min<std::size_t>(16, raw.size()); ++i) {
      bytes[i] = std::to_integer<unsigned>(raw[i]);
    }
  } else {
    return {};
  }
  std::string text = "UUID('";
  for (std::size_t i = 16; i-- > 0;) {
    text += fmt::format("{:02x}", bytes[i]);
    if (i == 12 || i == 10 || i == 8 || i == 6) text += '-';
  }
  return text + "')";
}

std::optional<std::string> path_text(std::string_view name, const Value& args) {
  const bool windows = name.find("Windows") != name.npos;
  std::string text;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i].kind() != Kind::str) return {};
    const bool separated = !text.empty() && text.back() != '/' && text.back() != '\\';
    if (separated) text += windows ? '\\' : '/';
    text += args[i].as_str();
  }
  return std::string(name.substr(name.find('.') + 1)) + "(" + quoted(text.empty() ? "." : text) +
         ")";
}

/// What can be said in one text.
std::optional<std::string> known_text(std::string_view name, const Value& value) {
  const Value args = value.args();
  if (name.starts_with("datetime.")) {
    if (const auto parts = delta(value)) return "timedelta(" + delta_text(*parts) + ")";
    if (const auto offset = offset_text(value)) return "timezone(" + *offset + ")";
    return time_of(name, args);
  }
  if (name == "uuid.UUID" && value.state()) return uuid_text(*value.state());
  if (name.starts_with("pathlib.") && name.ends_with("Path")) return path_text(name, args);
  if (name == "fractions.Fraction") {  // ("-1/3",), since Python 3.11 (-1, 3)
    if (args.size() == 1 && args[0].kind() == Kind::str) {
      return "Fraction(" + printable(args[0].as_str()) + ")";
    }
    if (args.size() == 2 && integer(args[0]) && integer(args[1])) {
      return fmt::format("Fraction({}/{})", args[0].as_int(), args[1].as_int());
    }
  }
  if (name == "numpy.dtype" && args.size() == 3 && args[0].kind() == Kind::str) {
    const std::string_view code = args[0].as_str();
    return "dtype(" + quoted(code == "O8" ? "O" : code) + ")";
  }
  return {};
}

/// The state of a subclass of ndarray starts as that of an ndarray: (version, shape, dtype,
/// is_fortran, bytes, ...); of an array of Python objects, the last is a list.
bool take_array_state(Readable& parts, const Value& state) {
  if (state.kind() != Kind::tuple || state.size() < 5 || state[1].kind() != Kind::tuple) {
    return false;
  }
  Shape shape;
  for (std::size_t i = 0; i < state[1].size(); ++i) {
    const auto length = integer(state[1][i]);
    if (!length) return false;
    shape.push_back(*length);
  }
  if (state[4].kind() == Kind::list) {
    parts.note = "object " + shape_text(shape);
    parts.is_sequence = true;
    for (std::size_t i = 0; i < state[4].size(); ++i) parts.items.push_back(state[4][i]);
    return true;
  }
  if (state[2].kind() != Kind::dtype || state[3].kind() != Kind::boolean ||
      state[4].kind() != Kind::bytes) {
    return false;
  }
  try {
    parts.array =
        NdArray::from_buffer(state[2].as_dtype(), std::move(shape), state[3].as_bool() ? 'F' : 'C',
                             state[4].as_bytes(), state[4].heap());
  } catch (const Error&) {
    return false;  // the bytes are not what the shape claims: shown as they stand
  }
  return true;
}

/// A masked array's state goes on with a byte for each element.
std::string masked_text(const Value& state) {
  if (state.size() < 6) return "";
  const std::string_view mask = blob(state[5]);
  return fmt::format("masked {} of {}", std::ranges::count_if(mask, [](char c) { return c != 0; }),
                     mask.size());
}

/// array._array_reconstructor(class, typecode, machine format, bytes): Modules/arraymodule.c.
bool take_array_array(Readable& parts, const Value& args) {
  constexpr std::array<std::string_view, 18> kFormats = {"|u1", "|i1", "<u2", ">u2", "<i2", ">i2",
                                                         "<u4", ">u4", "<i4", ">i4", "<u8", ">u8",
                                                         "<i8", ">i8", "<f4", ">f4", "<f8", ">f8"};
  if (args.size() != 4 || args[3].kind() != Kind::bytes) return false;
  const auto format = integer(args[2]);
  if (!format || *format < 0 || *format >= std::ssize(kFormats)) return false;
  const DType dtype = DType::parse(kFormats[static_cast<std::size_t>(*format)]);
  const auto bytes = args[3].as_bytes();
  if (bytes.size() % dtype.itemsize() != 0) return false;
  parts.array =
      NdArray::from_buffer(dtype, {static_cast<std::int64_t>(bytes.size() / dtype.itemsize())}, 'C',
                           bytes, args[3].heap());
  return true;
}

std::vector<Value> elements(const Value& tuple) {
  std::vector<Value> items;
  for (std::size_t i = 0; i < tuple.size(); ++i) items.push_back(tuple[i]);
  return items;
}

}  // namespace

Readable readable(const Value& value) {
  Readable parts;
  const std::string name = value.class_name();
  if (auto text = known_text(name, value)) {
    parts.text = std::move(*text);
    parts.known = true;
    return parts;
  }
  const std::string module = name.substr(0, name.find('.'));
  parts.known = std::ranges::find(kKnownModules, module) != kKnownModules.end();
  parts.name = printable(parts.known ? name.substr(module.size() + 1) : name);

  const Value args = value.args();
  if (name == "array.array" && take_array_array(parts, args)) return parts;
  const auto state = value.state();
  const Value callable = value.callable();
  if (state && callable.kind() == Kind::global && callable.qualified_name() == "_reconstruct" &&
      callable.module().starts_with("numpy.") && take_array_state(parts, *state)) {
    if (name == "numpy.ndarray") parts.name = "ndarray";
    return parts;
  }

  if (state && callable.kind() == Kind::global && callable.qualified_name() == "_mareconstruct" &&
      args.size() > 0 && args[0].kind() == Kind::global && take_array_state(parts, *state)) {
    parts.name = printable(args[0].qualified_name());
    parts.fact = masked_text(*state);
    return parts;
  }

  parts.args = elements(args);
  if (value.kwargs().kind() == Kind::dict) {
    const Value kwargs = value.kwargs();
    for (std::size_t i = 0; i < kwargs.size(); ++i) {
      auto [key, item] = kwargs.item(i);
      parts.named.emplace_back(key.kind() == Kind::str ? printable(key.as_str()) : key.repr(40),
                               item);
    }
  }
  parts.items = value.appended();
  parts.pairs = value.set_items();
  parts.is_sequence = !parts.items.empty();
  parts.is_mapping = !parts.pairs.empty();
  parts.state = state;

  if (name == "collections.OrderedDict" || name == "collections.defaultdict") {
    parts.is_mapping = true;
  } else if (name == "collections.Counter" && parts.args.size() == 1 &&
             parts.args[0].kind() == Kind::dict) {
    parts.is_mapping = true;
    const Value counts = parts.args[0];
    for (std::size_t i = 0; i < counts.size(); ++i) parts.pairs.push_back(counts.item(i));
    parts.args.clear();
  } else if (name == "collections.deque") {
    // deque([], maxlen), or deque() of the items that follow
    parts.is_sequence = true;
    if (parts.args.size() == 2) parts.named.emplace_back("maxlen", parts.args[1]);
    parts.args.clear();
  }
  return parts;
}

}  // namespace functionfuse::cli
