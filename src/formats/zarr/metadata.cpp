#include "formats/zarr/metadata.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstring>
#include <limits>

#include <nlohmann/json.hpp>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

#include "io/base64.hpp"

namespace functionfuse::formats::zarr {
namespace {

using nlohmann::json;

/// A key's value, and where it stands: for errors.
struct Value {
  const json& value;
  const std::string& place;  // URL of the text
  std::string key;

  [[noreturn]] void fail(const std::string& what) const {
    throw CorruptError(place + ": " + key + " " + what);
  }
  [[nodiscard]] Value member(const char* name) const {
    const auto found = value.find(name);
    if (found == value.end()) Value{value, place, path_of(name)}.fail("is missing");
    return {*found, place, path_of(name)};
  }
  [[nodiscard]] std::string path_of(const std::string& name) const {
    return key.empty() ? name : key + "." + name;
  }
  [[nodiscard]] std::string shown() const {
    std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    return text;
  }
  [[nodiscard]] std::int64_t integer(std::int64_t least, std::int64_t most) const {
    const bool fits = value.is_number_unsigned()
                          ? value.get<std::uint64_t>() <= std::uint64_t{INT64_MAX}
                          : value.is_number_integer();
    if (!fits || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most) {
      fail("is " + shown() + ", not an integer from " + std::to_string(least) + " to " +
           std::to_string(most));
    }
    return value.get<std::int64_t>();
  }
  [[nodiscard]] const std::string& text() const {
    if (!value.is_string()) fail("is " + shown() + ", not a text");
    return value.get_ref<const std::string&>();
  }
  [[nodiscard]] Shape lengths(std::int64_t least) const {
    if (!value.is_array()) fail("is " + shown() + ", not a list");
    if (value.size() > DType::kMaxRank) {
      fail("has " + std::to_string(value.size()) + " lengths; numpy has at most " +
           std::to_string(DType::kMaxRank) + " axes");
    }
    Shape lengths;
    for (const json& length : value) {
      lengths.push_back(Value{length, place, key}.integer(least, INT64_MAX));
    }
    return lengths;
  }
};

/// Deeper than any metadata; json::dump() calls itself for each level.
constexpr int kMostDepth = 256;

json parse_text(std::string_view text, const std::string& place) {
  const auto check_depth = [&](int depth, json::parse_event_t, json&) {
    if (depth > kMostDepth) throw CorruptError(place + " is nested too deeply");
    return true;
  };
  json value = json::parse(text, check_depth, false);
  if (value.is_discarded()) {
    throw CorruptError(place + " is not JSON: it is damaged, or was cut short");
  }
  if (!value.is_object()) throw CorruptError(place + " is not a JSON object");
  return value;
}

std::string dump(const json& value) { return value.dump(4, ' ', true); }

// ------------------------------------------------------------------------------------- dtype ---

DType parse_dtype(const Value& from, unsigned depth = 0);

Field parse_field(const Value& from, std::size_t number, unsigned depth) {
  const json& parts = from.value;
  if (!parts.is_array() || parts.size() < 2 || parts.size() > 3) {
    from.fail("has the field " + from.shown() + ", not [name, dtype] or [name, dtype, shape]");
  }
  const auto part = [&](std::size_t i) { return Value{parts[i], from.place, from.key}; };
  Field field;
  if (parts[0].is_array() && parts[0].size() == 2) {
    field.title = Value{parts[0][0], from.place, from.key}.text();
    field.name = Value{parts[0][1], from.place, from.key}.text();
  } else {
    field.name = part(0).text();
  }
  field.dtype = parse_dtype(part(1), depth + 1);
  if (parts.size() == 3) {
    const Shape shape =
        parts[2].is_array() ? part(2).lengths(0) : Shape{part(2).integer(0, INT64_MAX)};
    field.dtype = DType::subarray(field.dtype, shape);
  }
  const bool is_gap = field.name.empty() && field.dtype.kind() == 'V' &&
                      !field.dtype.is_structured() && !field.dtype.is_subarray();
  if (field.name.empty() && !is_gap) field.name = "f" + std::to_string(number);  // numpy's name
  return field;
}

/// Text, or a list of fields that follow each other: numpy's `dtype.descr`, in which a gap is a
/// field without a name.
DType parse_dtype(const Value& from, unsigned depth) {
  if (depth > DType::kMaxDepth) from.fail("is nested too deeply");
  if (!from.value.is_array()) return DType::parse(from.text());
  if (from.value.size() > DType::kMaxFields) from.fail("has too many fields");
  std::vector<Field> fields;
  std::size_t offset = 0;
  for (const json& part : from.value) {
    Field field = parse_field({part, from.place, from.key}, fields.size(), depth);
    field.offset = offset;
    offset += field.dtype.itemsize();
    if (!field.name.empty()) fields.push_back(std::move(field));
  }
  return DType::structured(std::move(fields), offset);
}

DType dtype_of(const Value& from) {
  try {
    return parse_dtype(from);
  } catch (const UnsupportedError& e) {
    throw UnsupportedError(from.place + ": " + e.what());
  } catch (const CorruptError&) {
    throw;
  } catch (const Error& e) {  // not a dtype
    from.fail(std::string("is ") + from.shown() + ": " + e.what());
  }
}

json to_json(const DType& dtype) {
  if (!dtype.is_structured()) return dtype.str();
  const auto fail = [&](const char* why) {
    throw UnsupportedError("Zarr cannot keep elements of dtype " + dtype.to_string() + ": " + why);
  };
  json fields = json::array();
  std::size_t end = 0;
  const auto add_gap = [&](std::size_t to) {
    if (to < end) fail("its fields overlap, or are not in the order of their places");
    if (to > end) fields.push_back({"", "|V" + std::to_string(to - end)});
  };
  for (const Field& field : dtype.fields()) {
    if (field.title) fail("a field has a title");
    add_gap(field.offset);
    json part = {field.name, to_json(field.dtype.base())};
    if (field.dtype.is_subarray()) part.push_back(field.dtype.shape());
    fields.push_back(std::move(part));
    end = field.offset + field.dtype.itemsize();
  }
  add_gap(dtype.itemsize());
  return fields;
}

// -------------------------------------------------------------------------------- fill value ---

using Bytes = std::vector<std::byte>;

Bytes bytes_of(const NdArray& element) { return element.tobytes(); }

double parse_float(const Value& from) {
  if (from.value.is_number()) return from.value.get<double>();
  if (from.value == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (from.value == "Infinity") return std::numeric_limits<double>::infinity();
  if (from.value == "-Infinity") return -std::numeric_limits<double>::infinity();
  from.fail("is " + from.shown() + ", not a number, \"NaN\", \"Infinity\" or \"-Infinity\"");
}

Bytes parse_integer(const Value& from, const DType& dtype) {
  const json& value = from.value;
  NdArray number;
  if (value.is_boolean()) {
    number = NdArray::scalar<std::int64_t>(value.get<bool>());
  } else if (value.is_number_unsigned()) {
    number = NdArray::scalar(value.get<std::uint64_t>());
  } else if (value.is_number_integer()) {
    number = NdArray::scalar(value.get<std::int64_t>());
  } else if (value.is_number()) {
    number = NdArray::scalar(value.get<double>());
  } else {
    from.fail("is " + from.shown() + ", not a number");
  }
  const DType as =
      dtype.is_datetime() ? DType::parse("<i8").newbyteorder(dtype.byteorder()) : dtype;
  try {
    const NdArray element = number.astype(as);
    if (equal(element.astype(number.dtype()), number)) return bytes_of(element);
  } catch (const Error&) {
    // A float beyond all integers: the same as any other that does not fit.
  }
  from.fail("is " + from.shown() + ", which does not fit " + dtype.str());
}

Bytes parse_str(const Value& from, const DType& dtype) {
  Bytes element;
  if (from.value == 0) return element;
  const std::string& text = from.text();
  for (std::size_t i = 0; i < text.size();) {  // JSON has made sure that it is UTF-8
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    std::uint32_t code = more == 0 ? first : first & (0x3f >> more);
    for (std::size_t k = 1; k <= more; ++k) code = code << 6 | (text[i + k] & 0x3f);
    i += 1 + more;
    if (dtype.byteorder() == '>') code = __builtin_bswap32(code);
    const auto bytes = std::as_bytes(std::span(&code, 1));
    element.insert(element.end(), bytes.begin(), bytes.end());
  }
  if (element.size() > dtype.itemsize()) {
    from.fail("is " + from.shown() + ", too long for " + dtype.str());
  }
  return element;
}

/// S, V and structured: base64. Old versions wrote S as it is.
Bytes parse_raw(const Value& from, const DType& dtype) {
  const bool is_text = dtype.kind() == 'S';
  if (is_text && from.value == 0) return {};
  const std::string& text = from.text();
  auto raw = io::from_base64(text);
  if (!raw && is_text) {
    const auto plain = std::as_bytes(std::span(text));
    raw.emplace(plain.begin(), plain.end());
  }
  if (!raw || raw->size() > dtype.itemsize() || (!is_text && raw->size() != dtype.itemsize())) {
    from.fail("is " + from.shown() + ", not an element of " + std::to_string(dtype.itemsize()) +
              " bytes in base64");
  }
  return *std::move(raw);
}

std::optional<Bytes> parse_fill(const Value& from, const DType& dtype) {
  if (from.value.is_null()) return std::nullopt;
  switch (dtype.kind()) {
    case 'f':
      return bytes_of(NdArray::scalar(parse_float(from)).astype(dtype));
    case 'c': {
      const json& parts = from.value;
      if (!parts.is_array()) return bytes_of(NdArray::scalar(parse_float(from)).astype(dtype));
      if (parts.size() != 2) from.fail("is " + from.shown() + ", not [real, imaginary]");
      const std::complex<double> number(parse_float({parts[0], from.place, from.key}),
                                        parse_float({parts[1], from.place, from.key}));
      return bytes_of(NdArray::scalar(number).astype(dtype));
    }
    case 'U':
      return parse_str(from, dtype);
    case 'S':
    case 'V':
      return parse_raw(from, dtype);
    default:
      return parse_integer(from, dtype);
  }
}

json float_to_json(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

/// S and U: as much of it as there is.
std::string text_of(const DType& dtype, const Bytes& fill) {
  if (fill.empty()) return {};
  const std::size_t length = dtype.kind() == 'U' ? fill.size() / 4 : fill.size();
  const auto as = DType::parse(dtype.str().substr(0, 2) + std::to_string(length));
  return NdArray::from_buffer(as, {}, 'C', fill, nullptr).element_string(0);
}

json fill_to_json(const std::optional<Bytes>& fill, const DType& dtype) {
  if (!fill) return nullptr;
  if (dtype.kind() == 'U') return text_of(dtype, *fill);
  if (dtype.kind() == 'S') {
    const std::string text = text_of(dtype, *fill);
    return io::to_base64(std::as_bytes(std::span(text)));
  }
  Bytes bytes = *fill;
  bytes.resize(dtype.itemsize());
  if (dtype.kind() == 'V') return io::to_base64(bytes);

  const DType as =
      dtype.is_datetime() ? DType::parse("<i8").newbyteorder(dtype.byteorder()) : dtype;
  const NdArray element = NdArray::from_buffer(as, {}, 'C', bytes, nullptr);
  switch (dtype.kind()) {
    case 'b':
      return element.at<bool>();
    case 'u':
      return element.at<std::uint64_t>();
    case 'f':
      return float_to_json(element.at<double>());
    case 'c': {
      const auto value = element.at<std::complex<double>>();
      return {float_to_json(value.real()), float_to_json(value.imag())};
    }
    default:
      return element.at<std::int64_t>();
  }
}

// --------------------------------------------------------------------------- codecs, filters ---

int number_or(const Value& from, const char* key, int otherwise) {
  if (!from.value.contains(key) || from.value[key].is_null()) return otherwise;
  return static_cast<int>(from.member(key).integer(INT32_MIN, INT32_MAX));
}

const std::string& id_of(const Value& from) {
  if (!from.value.is_object()) from.fail("is " + from.shown() + ", not an object");
  return from.member("id").text();
}

Codec parse_lzma(const Value& from) {
  if (from.value.contains("filters") && !from.value["filters"].is_null()) {
    throw UnsupportedError(from.place + ": compressor lzma with filters of its own is not read");
  }
  const Codec codec{.id = Codec::Id::lzma,
                    .level = number_or(from, "preset", -1),
                    .format = number_or(from, "format", 1),
                    .check = number_or(from, "check", -1)};
  if (codec.format < 0 || codec.format > 2) {
    throw UnsupportedError(from.place + ": compressor lzma with format " +
                           std::to_string(codec.format) + " is not read");
  }
  return codec;
}

/// What is left out has numcodecs' default. What only matters for writing is not looked at closely.
Codec parse_compressor(const Value& from) {
  using Id = Codec::Id;
  if (from.value.is_null()) return {};
  const std::string& id = id_of(from);
  if (id == "blosc") {
    return {.id = Id::blosc,
            .level = number_or(from, "clevel", 5),
            .cname = from.value.contains("cname") ? from.member("cname").text() : "lz4",
            .shuffle = number_or(from, "shuffle", 1),
            .blocksize = number_or(from, "blocksize", 0)};
  }
  if (id == "lzma") return parse_lzma(from);
  if (id == "lz4") return {.id = Id::lz4, .level = number_or(from, "acceleration", 1)};
  for (const Id known : {Id::zlib, Id::gzip, Id::zstd, Id::bz2}) {
    if (id == name_of(known)) return {.id = known, .level = number_or(from, "level", 1)};
  }
  throw UnsupportedError(
      from.place + ": the compressor \"" + id +
      "\" is not read here; those that are: blosc, zlib, gzip, zstd, lz4, bz2, lzma");
}

json to_json(const Codec& codec) {
  const std::string id = name_of(codec.id);
  switch (codec.id) {
    case Codec::Id::none:
      return nullptr;
    case Codec::Id::blosc:
      return {{"id", id},
              {"cname", codec.cname},
              {"clevel", codec.level},
              {"shuffle", codec.shuffle},
              {"blocksize", codec.blocksize}};
    case Codec::Id::lz4:
      return {{"id", id}, {"acceleration", codec.level}};
    case Codec::Id::lzma:
      return {{"id", id},
              {"format", codec.format},
              {"check", codec.check},
              {"preset", codec.level < 0 ? json(nullptr) : json(codec.level)},
              {"filters", nullptr}};
    default:
      return {{"id", id}, {"level", codec.level}};
  }
}

Filter parse_filter(const Value& from) {
  const std::string& id = id_of(from);
  Filter filter;
  if (id == "shuffle") {
    filter.elementsize = static_cast<std::size_t>(
        from.value.contains("elementsize") ? from.member("elementsize").integer(0, INT32_MAX) : 4);
  } else if (id == "delta") {
    filter.id = Filter::Id::delta;
    filter.dtype = dtype_of(from.member("dtype"));
    const bool same = !from.value.contains("astype") || from.value["astype"].is_null();
    filter.astype = same ? filter.dtype : dtype_of(from.member("astype"));
  } else {
    throw UnsupportedError(from.place + ": the filter \"" + id +
                           "\" is not read here; those that are: delta, shuffle");
  }
  try {
    check(filter);
  } catch (const UnsupportedError& e) {
    throw UnsupportedError(from.place + ": " + e.what());
  }
  return filter;
}

json to_json(const Filter& filter) {
  if (filter.id == Filter::Id::shuffle) {
    return {{"id", "shuffle"}, {"elementsize", filter.elementsize}};
  }
  return {{"id", "delta"}, {"dtype", filter.dtype.str()}, {"astype", filter.astype.str()}};
}

// --------------------------------------------------------------------------------------- all ---

constexpr std::size_t kMostFilters = 32;

std::vector<Filter> parse_filters(const Value& from) {
  std::vector<Filter> filters;
  if (from.value.is_null()) return filters;
  if (!from.value.is_array()) from.fail("is " + from.shown() + ", not a list");
  if (from.value.size() > kMostFilters) from.fail("are too many");
  for (const json& filter : from.value) {
    filters.push_back(parse_filter({filter, from.place, from.key}));
  }
  return filters;
}

void check_version(const Value& all) {
  const std::int64_t version = all.member("zarr_format").integer(0, INT64_MAX);
  if (version != 2) {
    throw UnsupportedError(all.place + ": Zarr version " + std::to_string(version) +
                           " is not read here, only version 2");
  }
}

char parse_one_of(const Value& from, const char* first, const char* second) {
  const std::string& text = from.text();
  if (text != first && text != second) {
    from.fail("is " + from.shown() + ", neither \"" + first + "\" nor \"" + second + "\"");
  }
  return text[0];
}

/// Sizes that numpy could not have: an error here, so that nobody below has to look again.
void check_sizes(const ArrayMetadata& array, const std::string& place) {
  const auto fail = [&](const std::string& what) { throw CorruptError(place + ": " + what); };
  if (array.chunks.size() != array.shape.size()) {
    fail("chunks " + shape_text(array.chunks) + " do not fit the shape " + shape_text(array.shape));
  }
  try {
    static_cast<void>(NdArray::nbytes_of(array.dtype, array.shape));
    std::size_t size = array.chunk_bytes();
    for (const Filter& filter : array.filters) {
      size = filter.encoded_size(size);
      if (size > std::size_t{1} << 60) fail("filters make a chunk too large");
    }
  } catch (const CorruptError& e) {
    fail(e.what());
  } catch (const Error& e) {
    fail("shape " + shape_text(array.shape) + ", chunks " + shape_text(array.chunks) + ": " +
         e.what());
  }
}

}  // namespace

std::size_t ArrayMetadata::chunk_bytes() const { return NdArray::nbytes_of(dtype, chunks); }

std::string ArrayMetadata::chunk_key(const Shape& index) const {
  if (index.empty()) return "0";
  std::string key;
  for (const std::int64_t i : index) {
    if (!key.empty()) key += separator;
    key += std::to_string(i);
  }
  return key;
}

ArrayMetadata parse_array(std::string_view text, const std::string& place) {
  const json value = parse_text(text, place);
  const Value all{value, place, ""};
  check_version(all);
  ArrayMetadata array;
  array.shape = all.member("shape").lengths(0);
  array.chunks = all.member("chunks").lengths(1);
  array.dtype = dtype_of(all.member("dtype"));
  array.compressor = parse_compressor(all.member("compressor"));
  array.filters = parse_filters(all.member("filters"));
  array.order = parse_one_of(all.member("order"), "C", "F");
  if (value.contains("dimension_separator") && !value["dimension_separator"].is_null()) {
    array.separator = parse_one_of(all.member("dimension_separator"), ".", "/");
  }
  if (array.dtype.is_subarray()) all.member("dtype").fail("is a subarray");
  array.fill_value = parse_fill(all.member("fill_value"), array.dtype);
  check_sizes(array, place);
  return array;
}

std::string write_array(const ArrayMetadata& array) {
  json filters = nullptr;
  if (!array.filters.empty()) filters = json::array();
  for (const Filter& filter : array.filters) filters.push_back(to_json(filter));
  json value = {{"zarr_format", 2},
                {"shape", array.shape},
                {"chunks", array.chunks},
                {"dtype", to_json(array.dtype)},
                {"compressor", to_json(array.compressor)},
                {"fill_value", fill_to_json(array.fill_value, array.dtype)},
                {"order", std::string(1, array.order)},
                {"filters", filters}};
  if (array.separator != '.') value["dimension_separator"] = std::string(1, array.separator);
  try {
    return dump(value);
  } catch (const json::exception&) {
    throw UnsupportedError("Zarr cannot keep elements of dtype " + array.dtype.to_string() +
                           ": the name of a field is not UTF-8");
  }
}

std::string write_group() { return dump({{"zarr_format", 2}}); }

// ---------------------------------------------------------------------- consolidated metadata ---

namespace {

json consolidated(std::string_view text, const std::string& place) {
  json value = parse_text(text, place);
  const Value metadata = Value{value, place, ""}.member("metadata");
  if (!metadata.value.is_object()) metadata.fail("is " + metadata.shown() + ", not an object");
  return std::move(value["metadata"]);
}

}  // namespace

std::optional<std::string> consolidated_array(std::string_view text, const std::string& array,
                                              const std::string& place) {
  const json all = consolidated(text, place);
  const auto found = all.find(array.empty() ? kArrayKey : array + "/" + kArrayKey);
  if (found == all.end()) return std::nullopt;
  return dump(*found);
}

std::vector<std::string> consolidated_arrays(std::string_view text, const std::string& place) {
  std::vector<std::string> arrays;
  const std::string end = std::string("/") + kArrayKey;
  const json all = consolidated(text, place);
  for (const auto& [key, value] : all.items()) {
    if (key.ends_with(end)) arrays.push_back(key.substr(0, key.size() - end.size()));
  }
  return arrays;
}

}  // namespace functionfuse::formats::zarr
