#include "value_json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <vector>

#include "functionfuse/arrays/nd_array.hpp"
#include "functionfuse/error.hpp"
#include "functionfuse/pickle/object.hpp"

#include "elements.hpp"
#include "json.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

// A plain object never has one of these as a key, so that it can't be taken for something else.
constexpr std::array<std::string_view, 17> kTags = {
    "int",    "float", "str",    "bytes",     "bytearray", "list",
    "tuple",  "dict",  "set",    "frozenset", "complex",   "ndarray",
    "scalar", "dtype", "global", "object",    "persistent"};
constexpr std::string_view kShared = "shared";

// Shared numbers and texts up to this size are written again in each place: nobody can tell whether
// they are one object, and lists of records stay readable.
constexpr std::size_t kShort = 1000;

/// Base64 of bytes that come in pieces.
class Base64 {
 public:
  explicit Base64(Out& out) : out_(out) {}
  ~Base64() = default;
  Base64(const Base64&) = delete;
  Base64& operator=(const Base64&) = delete;

  void add(std::span<const std::byte> bytes) {
    while (count_ != 0 && !bytes.empty()) {
      add(bytes[0]);
      bytes = bytes.subspan(1);
    }
    std::string text;
    while (bytes.size() >= 3) {
      const std::size_t now = std::min<std::size_t>(bytes.size() / 3 * 3, 48 << 10);
      text.resize(now / 3 * 4);
      for (std::size_t i = 0; i < now; i += 3) {
        encode(&bytes[i], &text[i / 3 * 4]);
      }
      out_ << text;
      bytes = bytes.subspan(now);
    }
    for (const std::byte byte : bytes) add(byte);
  }
  void finish() {
    if (count_ == 0) return;
    std::fill(pending_.begin() + count_, pending_.end(), std::byte{0});
    char text[4];
    encode(pending_.data(), text);
    std::fill(text + count_ + 1, text + 4, '=');
    out_ << std::string_view(text, 4);
    count_ = 0;
  }

 private:
  void add(std::byte byte) {
    pending_[static_cast<std::size_t>(count_++)] = byte;
    if (count_ != 3) return;
    char text[4];
    encode(pending_.data(), text);
    out_ << std::string_view(text, 4);
    count_ = 0;
  }
  static void encode(const std::byte* from, char* to) {
    constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const auto bits = static_cast<unsigned>(from[0]) << 16 | static_cast<unsigned>(from[1]) << 8 |
                      static_cast<unsigned>(from[2]);
    for (int i = 0; i < 4; ++i) to[i] = kDigits[bits >> (18 - 6 * i) & 63];
  }

  Out& out_;
  std::array<std::byte, 3> pending_{};
  int count_ = 0;
};

bool is_tag(std::string_view key) {
  return key == kShared || std::ranges::find(kTags, key) != kTags.end();
}

/// JSON would read a lone high surrogate and a lone low one behind it as one character.
bool has_split_pair(std::string_view utf8) {
  bool high = false;
  for (std::size_t at = utf8.find('\xED'); at != utf8.npos; at = utf8.find('\xED', at)) {
    const CodePoint code = code_point(utf8.substr(at));
    const bool low = code.code >= 0xDC00 && code.code <= 0xDFFF;
    if (high && low) return true;
    at += code.length;
    high = code.code >= 0xD800 && code.code <= 0xDBFF && at < utf8.size() && utf8[at] == '\xED';
  }
  return false;
}

/// A dict whose keys can be those of a JSON object.
bool has_plain_keys(const Value& dict) {
  for (std::size_t i = 0; i < dict.size(); ++i) {
    const Value key = dict.item(i).first;
    if (key.kind() != Kind::str || is_tag(key.as_str()) || has_split_pair(key.as_str())) {
      return false;
    }
  }
  return true;
}

/// Whether an object that comes again is written as {"shared": id}. Where it is not, Python can't
/// tell the difference, and the text stays bounded by a multiple of the file's size.
bool has_id(const Value& value) {
  if (!value.shared()) return false;
  switch (value.kind()) {
    case Kind::big_integer:
      return value.as_bytes().size() > kShort;
    case Kind::str:
      return value.size() > kShort;
    case Kind::scalar:
      return value.as_dtype().itemsize() > kShort;
    case Kind::tuple:
      return value.size() != 0;
    case Kind::complex:
    case Kind::dtype:
    case Kind::global:
      return false;
    default:
      return true;
  }
}

std::string number(double value) {
  if (std::isfinite(value)) return json_float(value);
  const std::string_view text = std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  return "{\"float\": \"" + std::string(text) + "\"}";
}

// dtypes: numpy's own two ways of describing structured ones.

std::string dtype_json(const DType& dtype);

std::string shape_json(const Shape& shape) {
  std::string text = "[";
  for (std::string_view separator; const std::int64_t length : shape) {
    text += separator;
    text += std::to_string(length);
    separator = ", ";
  }
  return text + "]";
}

/// The fields follow one another without gaps, titles or alignment: numpy's list form says all.
bool is_packed(const DType& dtype) {
  std::size_t end = 0;
  for (const Field& field : dtype.fields()) {
    if (field.offset != end || field.title || field.name.empty()) return false;
    end += field.dtype.itemsize();
  }
  return end == dtype.itemsize() && !dtype.aligned() && !dtype.fields().empty();
}

std::string structured_json(const DType& dtype) {
  std::string text;
  std::string_view separator;
  if (is_packed(dtype)) {
    for (const Field& field : dtype.fields()) {
      text += separator;
      text += "[" + json_string(field.name) + ", " + dtype_json(field.dtype.base());
      if (field.dtype.is_subarray()) text += ", " + shape_json(field.dtype.shape());
      text += "]";
      separator = ", ";
    }
    return "[" + text + "]";
  }
  std::string formats, offsets, titles;
  bool has_titles = false;
  for (const Field& field : dtype.fields()) {
    text += separator;
    text += json_string(field.name);
    formats += separator;
    formats += dtype_json(field.dtype);
    offsets += separator;
    offsets += std::to_string(field.offset);
    titles += separator;
    titles += field.title ? json_string(*field.title) : "null";
    has_titles = has_titles || field.title;
    separator = ", ";
  }
  text =
      "{\"names\": [" + text + "], \"formats\": [" + formats + "], \"offsets\": [" + offsets + "]";
  if (has_titles) text += ", \"titles\": [" + titles + "]";
  text += ", \"itemsize\": " + std::to_string(dtype.itemsize());
  if (dtype.aligned()) text += ", \"aligned\": true";
  return text + "}";
}

/// As a field's format: a string, a structured description, or {"base": ..., "shape": [...]}.
std::string dtype_json(const DType& dtype) {
  if (dtype.is_subarray()) {
    return "{\"base\": " + dtype_json(dtype.base()) + ", \"shape\": " + shape_json(dtype.shape()) +
           "}";
  }
  return dtype.is_structured() ? structured_json(dtype) : json_string(dtype.str());
}

/// `"|V12", "descr": [...]`: what stands behind "dtype": of an array, a scalar or a dtype.
std::string dtype_members(const DType& dtype) {
  std::string text = json_string(dtype.str());
  if (dtype.is_structured() || dtype.is_subarray()) text += ", \"descr\": " + dtype_json(dtype);
  return text;
}

/// Of a scalar: what it is worth, where JSON can say that exactly.
std::optional<std::string> scalar_json(const NdArray& scalar) {
  const DType& dtype = scalar.dtype();
  switch (dtype.kind()) {
    case 'b':
      return scalar.at<bool>() ? "true" : "false";
    case 'i':
      return std::to_string(scalar.at<std::int64_t>());
    case 'u':
      return std::to_string(scalar.at<std::uint64_t>());
    case 'f': {
      if (dtype.itemsize() > 8) return std::nullopt;
      const double value = scalar.at<double>();
      if (!std::isfinite(value)) return std::nullopt;
      return dtype.itemsize() == 8 ? json_float(value) : json_float(static_cast<float>(value));
    }
    case 'U':
      try {
        return json_string(scalar.element_string(0));
      } catch (const CorruptError&) {
        return std::nullopt;  // not Unicode: "data" says what there is
      }
    default:
      return std::nullopt;
  }
}

class Writer {
 public:
  using More = std::function<std::string(const PersistentId&)>;
  Writer(Out& out, const More& more) : out_(out), more_(more) {}

  void write(const Value& root) {
    enter(root);
    while (!levels_.empty()) {
      if (advance(levels_.back())) levels_.pop_back();
    }
  }

 private:
  /// Text as it stands, or a value to be written.
  struct Token {
    std::string text;
    std::optional<Value> value;
  };
  static Token text_token(std::string text) { return {std::move(text), {}}; }
  static Token value_token(Value value) { return {"", std::move(value)}; }

  /// A value that is being written, with what stands below it still to come.
  struct Level {
    enum class Form { items, members, pairs, tokens } form;
    Value value;
    std::size_t next = 0;
    std::string_view close;
    std::vector<Token> tokens;
  };

  /// `{"id": 3, ` where others refer to the value, otherwise `{`.
  std::string opening(const Value& value) {
    if (!has_id(value)) return "{";
    const std::size_t id = ids_.size() + 1;
    ids_.emplace(value.identity(), id);
    return "{\"id\": " + std::to_string(id) + ", ";
  }

  void enter(const Value& value) {
    if (has_id(value)) {
      if (auto known = ids_.find(value.identity()); known != ids_.end()) {
        out_ << "{\"shared\": " << std::to_string(known->second) << "}";
        return;
      }
    }
    switch (value.kind()) {
      case Kind::none:
        out_ << "null";
        break;
      case Kind::boolean:
        out_ << (value.as_bool() ? "true" : "false");
        break;
      case Kind::integer:
        out_ << std::to_string(value.as_int());
        break;
      case Kind::floating:
        out_ << number(value.as_float());
        break;
      case Kind::big_integer:
        out_ << opening(value) << "\"int\": \"" << integer_text(value.as_bytes()) << "\"}";
        break;
      case Kind::complex:
        out_ << "{\"complex\": [" << number(value.as_complex().real()) << ", "
             << number(value.as_complex().imag()) << "]}";
        break;
      case Kind::str:
        str(value);
        break;
      case Kind::bytes:
        blob(value, "bytes");
        break;
      case Kind::bytearray:
        blob(value, "bytearray");
        break;
      case Kind::list:
        list(value);
        break;
      case Kind::tuple:
        items(value, "tuple");
        break;
      case Kind::set:
        items(value, "set");
        break;
      case Kind::frozenset:
        items(value, "frozenset");
        break;
      case Kind::dict:
        dict(value);
        break;
      case Kind::ndarray:
        array(value, "ndarray");
        break;
      case Kind::scalar:
        array(value, "scalar");
        break;
      case Kind::dtype:
        out_ << "{\"dtype\": " << dtype_members(value.as_dtype()) << "}";
        break;
      case Kind::global:
        out_ << "{\"global\": {\"module\": " << json_string(value.module())
             << ", \"name\": " << json_string(value.qualified_name()) << "}}";
        break;
      case Kind::object:
        object(value);
        break;
      case Kind::persistent:
        persistent(value);
        break;
    }
  }

  /// Writes what comes next below a level. True: it is complete.
  bool advance(Level& level) {
    const std::size_t i = level.next++;
    switch (level.form) {
      case Level::Form::items:
        if (i == level.value.size()) break;
        if (i != 0) out_ << ", ";
        enter(level.value[i]);
        return false;
      case Level::Form::members: {
        if (i == level.value.size()) break;
        auto [key, value] = level.value.item(i);
        if (i != 0) out_ << ", ";
        out_ << json_string(key.as_str()) << ": ";
        enter(value);
        return false;
      }
      case Level::Form::pairs: {  // twice for each: its key, its value
        if (i != 0 && i % 2 == 0) out_ << "]";
        if (i == 2 * level.value.size()) break;
        if (i != 0) out_ << ", ";
        auto [key, value] = level.value.item(i / 2);
        if (i % 2 == 0) out_ << "[";
        enter(i % 2 == 0 ? key : value);
        return false;
      }
      case Level::Form::tokens: {
        if (i == level.tokens.size()) break;
        const Token token = std::move(level.tokens[i]);
        out_ << token.text;
        if (token.value) enter(*token.value);
        return false;
      }
    }
    out_ << level.close;
    return true;
  }

  void below(Level::Form form, const Value& value, std::string_view close) {
    levels_.push_back({form, value, 0, close, {}});
  }

  void str(const Value& value) {
    const std::string_view text = value.as_str();
    const bool split = has_split_pair(text);
    const bool tagged = split || has_id(value);
    if (tagged) out_ << opening(value) << "\"str\": ";
    if (split) {
      out_ << "{\"surrogatepass\": ";
      base64(std::as_bytes(std::span(text)));
      out_ << "}";
    } else {
      constexpr std::size_t kLong = 1 << 20;
      text.size() < kLong ? void(out_ << json_string(text)) : long_str(text);
    }
    if (tagged) out_ << "}";
  }

  /// In pieces, each of whole characters.
  void long_str(std::string_view text) {
    out_ << '"';
    while (!text.empty()) {
      std::size_t piece = std::min<std::size_t>(text.size(), 256 << 10);
      while (piece < text.size() && (static_cast<unsigned char>(text[piece]) & 0xC0) == 0x80) {
        ++piece;
      }
      const std::string json = json_string(text.substr(0, piece));
      out_ << std::string_view(json).substr(1, json.size() - 2);
      text.remove_prefix(piece);
    }
    out_ << '"';
  }

  void base64(std::span<const std::byte> bytes) {
    out_ << '"';
    Base64 encoder(out_);
    encoder.add(bytes);
    encoder.finish();
    out_ << '"';
  }

  void blob(const Value& value, std::string_view tag) {
    out_ << opening(value) << '"' << tag << "\": ";
    base64(value.as_bytes());
    out_ << '}';
  }

  void list(const Value& value) {
    if (has_id(value)) return items(value, "list");
    out_ << '[';
    below(Level::Form::items, value, "]");
  }

  void items(const Value& value, std::string_view tag) {
    out_ << opening(value) << '"' << tag << "\": [";
    below(Level::Form::items, value, "]}");
  }

  void dict(const Value& value) {
    if (!has_id(value) && has_plain_keys(value)) {
      out_ << '{';
      return below(Level::Form::members, value, "}");
    }
    out_ << opening(value) << "\"dict\": [";
    below(Level::Form::pairs, value, "]}");
  }

  void array(const Value& value, std::string_view tag) {
    const NdArray array = value.as_array();
    out_ << opening(value) << '"' << tag << "\": {\"dtype\": " << dtype_members(array.dtype());
    if (value.kind() == Kind::ndarray) {
      out_ << ", \"shape\": " << shape_json(array.shape());
    } else if (const auto plain = scalar_json(array)) {
      out_ << ", \"value\": " << *plain;
    }
    out_ << ", \"data\": \"";
    Base64 encoder(out_);
    for_each_bytes(array, [&](std::span<const std::byte> bytes) { encoder.add(bytes); });
    encoder.finish();
    out_ << "\"}}";
  }

  void object(const Value& value) {
    const Value callable = value.callable();
    const std::string name = value.class_name();
    const bool global = callable.kind() == Kind::global;
    const std::string called =
        global ? std::string(callable.module()) + "." + std::string(callable.qualified_name()) : "";
    const auto& opaque = static_cast<const detail::Opaque&>(*value.slot().object);

    std::vector<Token> tokens;
    std::string text = opening(value) + "\"object\": {\"class\": " + json_string(name);
    if (called != name) {
      tokens.push_back(text_token(std::move(text) + ", \"callable\": "));
      tokens.push_back(value_token(callable));
      text = "";
    } else if (callable.qualified_name().find('.') != std::string_view::npos) {
      text += ", \"module\": " + json_string(callable.module());
    }
    if (opaque.how != detail::Opaque::How::reduce) text += ", \"new\": true";

    tokens.push_back(text_token(std::move(text) + ", \"args\": "));
    const Value args = value.args();
    if (has_id(args) || args.kind() != Kind::tuple) {
      tokens.push_back(value_token(args));
    } else {
      list_of(tokens, args.size(), [&](std::size_t i) { tokens.push_back(value_token(args[i])); });
    }
    if (Value kwargs = value.kwargs(); !kwargs.is_none()) {
      tokens.push_back(text_token(", \"kwargs\": "));
      tokens.push_back(value_token(std::move(kwargs)));
    }
    if (auto appended = value.appended(); !appended.empty()) {
      tokens.push_back(text_token(", \"items\": "));
      list_of(tokens, appended.size(),
              [&](std::size_t i) { tokens.push_back(value_token(appended[i])); });
    }
    if (auto pairs = value.set_items(); !pairs.empty()) {
      tokens.push_back(text_token(", \"pairs\": "));
      list_of(tokens, pairs.size(), [&](std::size_t i) {
        tokens.push_back(text_token("["));
        tokens.push_back(value_token(pairs[i].first));
        tokens.push_back(text_token(", "));
        tokens.push_back(value_token(pairs[i].second));
        tokens.push_back(text_token("]"));
      });
    }
    if (auto state = value.state()) {
      tokens.push_back(text_token(", \"state\": "));
      tokens.push_back(value_token(std::move(*state)));
    }
    levels_.push_back({Level::Form::tokens, value, 0, "}}", std::move(tokens)});
  }

  template <class F>
  static void list_of(std::vector<Token>& tokens, std::size_t count, const F& add) {
    tokens.push_back(text_token("["));
    for (std::size_t i = 0; i < count; ++i) {
      if (i != 0) tokens.push_back(text_token(", "));
      add(i);
    }
    tokens.push_back(text_token("]"));
  }

  void persistent(const Value& value) {
    out_ << opening(value) << "\"persistent\": ";
    if (const auto id = value.persistent_id()) {
      out_ << "{\"name\": " << json_string(id->name)
           << ", \"version\": " << json_string(id->version)
           << ", \"filename\": " << json_string(id->filename) << more_(*id) << "}}";
      return;
    }
    // Whatever stood under BINPERSID; no storage writes that.
    const auto& object = static_cast<const detail::Persistent&>(*value.slot().object);
    out_ << "{\"id\": ";
    levels_.push_back(
        {Level::Form::tokens, value, 0, "}}", {value_token(Value(object.id, value.heap()))}});
  }

  Out& out_;
  const More& more_;
  std::vector<Level> levels_;
  std::unordered_map<const void*, std::size_t> ids_;
};

}  // namespace

void write_json(Out& out, const Value& value,
                const std::function<std::string(const PersistentId&)>& more) {
  Writer(out, more).write(value);
}

std::string kept_array_json(const KeptArray& kept, const std::string& statistics) {
  const KeptArray& stored = kept;
  auto list = [](std::size_t count, const auto& item) {
    std::string text = "[";
    for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ", ") + item(i);
    return text + "]";
  };
  const Chunks& chunks = stored.chunks;
  std::string text =
      "{\"dtype\": " + dtype_members(kept.array.dtype()) +
      ", \"shape\": " + shape_json(kept.array.shape()) + ", \"chunks\": " +
      list(chunks.ndim(), [&](std::size_t i) { return shape_json(chunks.lengths(i)); }) +
      ", \"bytes\": " + std::to_string(kept.array.nbytes()) +
      ", \"stored_bytes\": " + std::to_string(stored.stored_bytes) + ", \"stored_chunks\": " +
      (stored.stored_chunks.empty() ? "null" : shape_json(stored.stored_chunks)) +
      ", \"format\": " + (stored.is_zarr ? "\"zarr\"" : "\"hdf5\"") + ", \"filters\": " +
      list(stored.filters.size(), [&](std::size_t i) { return json_string(stored.filters[i]); }) +
      ", \"checksums\": " + (stored.has_checksums ? "\"xxh3\"" : "null");
  if (!statistics.empty()) text += ", \"statistics\": " + statistics;
  return text + "}";
}

}  // namespace functionfuse::cli
