#include "value_text.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "functionfuse/arrays/compute_options.hpp"
#include "functionfuse/arrays/nd_array.hpp"
#include "functionfuse/error.hpp"

#include "array_text.hpp"
#include "chunked_text.hpp"
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

/// The first `most` bytes of text, not within a character.
std::string_view first_of(std::string_view utf8, std::size_t most) {
  if (utf8.size() <= most) return utf8;
  while (most != 0 && (static_cast<unsigned char>(utf8[most]) & 0xC0) == 0x80) --most;
  return utf8.substr(0, most);
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// "matrix float64 (2, 3)"
std::string array_kind(const Readable& parts) {
  std::string kind =
      parts.name + " " + dtype_words(parts.array->dtype()) + " " + shape_text(parts.array->shape());
  return parts.fact.empty() ? kind : kind + ", " + parts.fact;
}

/// How many of `count` are shown: not all but one or two, which take no less room than to say so.
std::size_t shown_of(std::size_t count, std::size_t most) {
  return count <= most || count - most <= 2 ? count : most;
}

class Writer {
 public:
  Writer(Out& out, const TextOptions& options)
      : out_(out),
        options_(options),
        one_line_(options.describe),
        limits_(options.all ? no_limits() : Limits()) {}

  bool write(const Value& value) {
    node({"", "", options_.path, 0}, value);
    if (lines_ > limits_.lines) out_ << "... (cut here; --all shows everything)\n";
    return readable_;
  }
  bool write(const ChunkedArray& array) {
    const Place place{"", "", options_.path, 0};
    line("array " + dtype_words(array.dtype()) + " " + shape_text(array.shape()) + ", " +
         size_text(array.nbytes()) + (array.size() == 0 ? "" : ":"));
    elements(place, array);
    return readable_;
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

  void node(const Place& place, const Value& value) {
    if (full()) {
      ++lines_;
      return;
    }
    const std::string start = place.indent + place.label;
    if (value.kind() == Kind::ndarray) return array(place, short_kind(value), value.as_array());
    if (value.kind() == Kind::persistent) {
      const auto id = value.persistent_id();
      if (id && Opened::is_array(*id)) return kept_array(place, value, *id);
    }
    const std::size_t used = width(start);
    if (auto text = one_line_.text(value, kWidth - std::min(used, kWidth / 2))) {
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
        return array(place, type_name(value), value.as_array());
      case Kind::persistent:
        return line(start + one_line_.persistent_text(value));
      default:
        break;
    }
    if (!is_sequence(value.kind()) && value.kind() != Kind::dict && value.kind() != Kind::object) {
      return line(start + atom_text(value, std::string::npos).value_or(short_kind(value)));
    }
    if (const std::string* first = one_line_.shown(value, place.path)) {
      return line(start + OneLine::reference(value, *first));
    }
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
      const std::string name = one_line_.text(key, 60).value_or("<" + short_kind(key) + ">");
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

  /// How many elements are shown without a cut.
  [[nodiscard]] std::size_t threshold(const Place& place) const {
    return place.depth == 0
               ? limits_.elements
               : std::min<std::size_t>(limits_.elements,
                                       std::max<std::size_t>(limits_.elements / 5, 20));
  }

  void array(const Place& place, const std::string& kind, const NdArray& array) {
    const ArrayText text = array_text(array, threshold(place));
    const std::string start = place.indent + place.label;
    const std::string head = start + kind + ", " + size_text(array.nbytes());
    if (text.values.size() == 1 && text.facts.size() <= 1) {
      std::string all = head + ": " + text.values[0];
      if (!text.facts.empty()) all += "  " + text.facts[0];
      if (width(all) <= kWidth) return line(all);
    }
    line(text.values.empty() ? head : head + ":");
    for (const auto* rows : {&text.values, &text.facts}) {
      for (const std::string& row : *rows) line(row.empty() ? "" : place.indent + "  " + row);
    }
  }

  /// An array beside the pickle. What is known without reading its chunks comes first.
  void kept_array(const Place& place, const Value& value, const PersistentId& id) {
    const std::string start = place.indent + place.label;
    const auto [first, is_new] = kept_.emplace(id.filename, place.path);
    if (!is_new) {
      return line(start + (first->second.empty() ? "<the result itself>"
                                                 : "<the same array as " + first->second + ">"));
    }
    std::optional<KeptArray> kept;
    try {
      kept = options_.open(id);
    } catch (const Error& error) {
      line(start + one_line_.persistent_text(value));
      if (error.code() != Errc::not_found) problem(place, error);
      readable_ = false;
      return;
    }
    const ChunkedArray& array = kept->array;
    const KeptArray& stored = *kept;
    line(start + short_kind(array) + ", " + size_text(array.nbytes()) + ":");
    const Chunks& chunks = stored.chunks;
    const std::size_t chunk = NdArray::nbytes_of(array.dtype(), chunks.chunksize());
    std::string text = printable(chunks.to_string());
    if (chunks.count() == 1) {
      text += ", one chunk";
    } else {
      text += fmt::format(", {} of up to {}", chunks.count(), size_text(chunk));
    }
    fact(place, "chunks", text);
    std::string filters;
    for (const std::string& filter : stored.filters) filters += ", " + printable(filter);
    text = size_text(stored.stored_bytes) + " in " + printable(stored.place) +
           (stored.is_zarr ? ", Zarr" : "") + (filters.empty() ? ", no filter" : filters);
    if (stored.stored_chunks.empty()) {
      text += ", not chunked";
    } else if (stored.stored_chunks != chunks.chunksize()) {
      text += ", in chunks of " + shape_text(stored.stored_chunks);
    }
    fact(place, "stored", text);
    fact(place, "checksums",
         stored.has_checksums ? "checked by XXH3"
                              : "none, as " + std::string(other_writer(stored)) + " writes it");
    elements(place, array);
  }

  void fact(const Place& place, std::string_view name, const std::string& text) {
    line(place.indent + "  " + fmt::format("{:<10} ", name) + text);
  }

  void problem(const Place& place, const Error& error) {
    line(place.indent + "  " + out_.in(Colour::red, printable(error_text(error.what()))));
    readable_ = false;
  }

  /// What has to be computed: some elements, then the statistics, for which all chunks are read.
  void elements(const Place& place, const ChunkedArray& array) {
    if (full() || array.size() == 0) return;
    const std::string name = place.path.empty() ? "the array" : place.path;
    try {
      for (const std::string& row : chunked_lines(array, threshold(place))) {
        line(row.empty() ? "" : place.indent + "  " + row);
      }
      if (options_.all && array.nbytes() > memory_limit()) {
        line(place.indent + "  ... (cut, as it is larger than the memory limit of " +
             size_text(memory_limit()) + "; functionfuse export writes all of it)");
      }
      Facts facts(array.dtype());
      if (!options_.statistics || !facts.any() || (array.size() == 1 && array.ndim() == 0)) return;
      if (out_.is_terminal()) out_.flush();  // it may take long
      gather(facts, array, "reading " + printable(name) + " for its statistics");
      for (const std::string& row : facts.lines()) line(place.indent + "  " + row);
    } catch (const Error& error) {
      problem(place, error);
    }
  }

  void object(const Place& place, const Value& value) {
    const Readable parts = readable(value);
    if (parts.array) {
      return array(place, array_kind(parts), *parts.array);
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
                                   : "[" + one_line_.text(key, 60).value_or("...") + "]";
      node(below(place, name + ": ", name), item);
    }
  }

  Out& out_;
  const TextOptions& options_;
  OneLine one_line_;
  Limits limits_;
  std::map<std::string, std::string> kept_;  // arrays beside the pickle: filename -> where
  std::size_t lines_ = 0;
  bool readable_ = true;
};

}  // namespace

bool write_text(Out& out, const Value& value, const TextOptions& options) {
  return Writer(out, options).write(value);
}

bool write_text(Out& out, const ChunkedArray& array, const TextOptions& options) {
  return Writer(out, options).write(array);
}

std::string short_kind(const ChunkedArray& array) {
  return "chunked array " + dtype_words(array.dtype()) + " " + shape_text(array.shape());
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
        return array_kind(parts);
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
