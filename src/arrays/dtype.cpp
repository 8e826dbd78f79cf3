#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <iterator>
#include <limits>
#include <span>

#include <functionfuse/arrays/dtype.hpp>
#include <functionfuse/error.hpp>

#include "python_text.hpp"

namespace functionfuse {

static_assert(std::endian::native == std::endian::little,
              "DType's byte orders are written for little-endian machines");

// Description of a structured or subarray dtype, shared by its copies. Of all else there is none.
struct DType::Extra {
  std::vector<Field> fields;
  bool structured = false;  // otherwise a subarray
  DType base;
  Shape shape;
  std::size_t alignment = 1;
  int flags = 0;
  unsigned depth = 1;           // of nesting, this one counted
  std::size_t field_count = 0;  // fields of fields counted too
};

namespace {

constexpr std::array<std::string_view, 14> kUnits = {"generic", "Y",  "M",  "W",  "D",  "h",  "m",
                                                     "s",       "ms", "us", "ns", "ps", "fs", "as"};

// Bits of numpy's `flags` that are used here.
constexpr int kNeedsInit = 0x08;
constexpr int kNeedsPythonApi = 0x10;
constexpr int kInheritedByStructured = 0x1b;
constexpr int kAlignedStruct = -0x80;  // bit 7 of a signed char

struct Named {
  std::string_view name;
  char kind;
  std::size_t size;
};

constexpr Named kNames[] = {
    {"bool", 'b', 1},        {"int8", 'i', 1},       {"int16", 'i', 2},
    {"int32", 'i', 4},       {"int64", 'i', 8},      {"uint8", 'u', 1},
    {"uint16", 'u', 2},      {"uint32", 'u', 4},     {"uint64", 'u', 8},
    {"float16", 'f', 2},     {"float32", 'f', 4},    {"float64", 'f', 8},
    {"float128", 'f', 16},   {"complex64", 'c', 8},  {"complex128", 'c', 16},
    {"complex256", 'c', 32}, {"str", 'U', 0},        {"bytes", 'S', 0},
    {"void", 'V', 0},        {"datetime64", 'M', 8}, {"timedelta64", 'm', 8},
};

// Numpy's one-letter codes, with the sizes of C's types on Linux.
constexpr Named kLetters[] = {
    {"?", 'b', 1}, {"b", 'i', 1},  {"h", 'i', 2}, {"i", 'i', 4},  {"l", 'i', 8},
    {"q", 'i', 8}, {"p", 'i', 8},  {"B", 'u', 1}, {"H", 'u', 2},  {"I", 'u', 4},
    {"L", 'u', 8}, {"Q", 'u', 8},  {"P", 'u', 8}, {"e", 'f', 2},  {"f", 'f', 4},
    {"d", 'f', 8}, {"g", 'f', 16}, {"F", 'c', 8}, {"D", 'c', 16}, {"G", 'c', 32},
    {"S", 'S', 0}, {"U", 'U', 0},  {"V", 'V', 0}, {"M", 'M', 8},  {"m", 'm', 8},
};

std::string_view stem_of(char kind) {
  switch (kind) {
    case 'b':
      return "bool";
    case 'i':
      return "int";
    case 'u':
      return "uint";
    case 'f':
      return "float";
    case 'c':
      return "complex";
    case 'S':
      return "bytes";
    case 'U':
      return "str";
    case 'M':
      return "datetime";
    case 'm':
      return "timedelta";
    default:
      return "void";
  }
}

bool has_order(char kind, std::size_t itemsize) {
  switch (kind) {
    case 'b':
    case 'S':
    case 'V':
      return false;
    case 'U':
      return true;
    default:
      return itemsize > 1;
  }
}

bool size_is_valid(char kind, std::size_t size) {
  switch (kind) {
    case 'b':
      return size == 1;
    case 'i':
    case 'u':
      return size == 1 || size == 2 || size == 4 || size == 8;
    case 'f':
      return size == 2 || size == 4 || size == 8 || size == 16;
    case 'c':
      return size == 8 || size == 16 || size == 32;
    case 'M':
    case 'm':
      return size == 8;
    default:
      return size <= DType::kMaxItemSize;
  }
}

std::string_view sizes_of(char kind) {
  switch (kind) {
    case 'b':
      return "1";
    case 'i':
    case 'u':
      return "1, 2, 4 or 8";
    case 'f':
      return "2, 4, 8 or 16";
    case 'c':
      return "8, 16 or 32";
    case 'M':
    case 'm':
      return "8";
    default:
      return "0 to 2147483647 bytes";
  }
}

[[noreturn]] void fail(const std::string& what) { throw Error(Errc::invalid_argument, what); }

// A text from outside as it appears in an error: quoted, and not without end.
std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 60;
  std::string result = detail::python_repr(text.substr(0, kShown));
  if (text.size() > kShown) result += "...";
  return result;
}

[[noreturn]] void fail_parse(std::string_view text, const std::string& why) {
  fail("dtype " + quoted(text) + ": " + why);
}

const Named* find_named(std::span<const Named> table, std::string_view name) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Named& n) { return n.name == name; });
  return found == table.end() ? nullptr : &*found;
}

// Decimal digits only, all of them; nothing else and nothing larger than the limit.
std::optional<std::size_t> parse_number(std::string_view digits, std::size_t limit) {
  std::size_t value = 0;
  const char* end = digits.data() + digits.size();
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return std::nullopt;
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || stop != end || value > limit) return std::nullopt;
  return value;
}

struct Metadata {
  std::string_view unit = "generic";
  std::int64_t count = 1;
};

// "[25s]" and the like; nothing at all is generic.
Metadata parse_metadata(std::string_view whole, std::string_view text) {
  if (text.empty()) return {};
  if (text.front() != '[' || text.back() != ']') {
    fail_parse(whole, "expected a unit in brackets, like [ns] or [25s], at " + quoted(text));
  }
  const std::string_view inside = text.substr(1, text.size() - 2);
  if (inside.find('/') != std::string_view::npos) {
    fail_parse(whole, "a unit with a divisor; write it as a multiple of a smaller unit");
  }
  const std::size_t digits = std::min(inside.find_first_not_of("0123456789"), inside.size());
  Metadata result{inside.substr(digits), 1};
  if (digits > 0) {
    const auto count = parse_number(inside.substr(0, digits), 0x7fffffff);
    if (!count || *count == 0) fail_parse(whole, "the count of units is not 1 to 2147483647");
    result.count = static_cast<std::int64_t>(*count);
  }
  if (result.unit == "\xce\xbcs") result.unit = "us";  // numpy takes the Greek letter too
  return result;
}

std::size_t checked_add(std::size_t a, std::size_t b) {
  std::size_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum) || sum > DType::kMaxItemSize) {
    fail("dtype: an element of more than 2147483647 bytes");
  }
  return sum;
}

std::size_t round_up(std::size_t offset, std::size_t alignment) {
  return checked_add(offset, alignment - 1) / alignment * alignment;
}

void check_names(const std::vector<Field>& fields) {
  std::vector<std::string_view> names;
  for (const Field& field : fields) {
    names.push_back(field.name);
    // Numpy finds a field by either, and allows a title that is the field's own name.
    if (field.title && *field.title != field.name) names.push_back(*field.title);
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) {
    fail("structured dtype: the field name or title " + quoted(*twice) + " occurs twice");
  }
}

// "(2, 3)" as Python writes a tuple.
std::string tuple_text(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text += shape.size() == 1 ? ",)" : ")";
}

std::string name_text(const Field& field) {
  if (!field.title) return detail::python_repr(field.name);
  return "(" + detail::python_repr(*field.title) + ", " + detail::python_repr(field.name) + ")";
}

// --- Numpy's str(dtype): numpy/core/_dtype.py, whose functions have the same names -------------

std::string construction_text(const DType& dtype);

std::string scalar_text(const DType& dtype) {
  const std::string order = dtype.byteorder() == '|' ? "" : std::string(1, dtype.byteorder());
  const std::string size = dtype.itemsize() == 0 ? "" : std::to_string(dtype.itemsize());
  switch (dtype.kind()) {
    case 'b':
      return "'?'";
    case 'U':
      return "'" + order + "U" + (size.empty() ? "" : std::to_string(dtype.itemsize() / 4)) + "'";
    case 'M':
    case 'm':
      return "'" + dtype.str() + "'";
    default:
      return "'" + order + dtype.kind() + size + "'";
  }
}

std::string subarray_text(const DType& dtype) {
  return "(" + construction_text(dtype.base()) + ", " + tuple_text(dtype.shape()) + ")";
}

// All fields in order, one behind the other: the list of fields then says everything.
bool is_packed(const DType& dtype) {
  std::size_t offset = 0;
  std::size_t alignment = 1;
  for (const Field& field : dtype.fields()) {
    if (dtype.aligned()) {
      const std::size_t own = field.dtype.alignment();
      offset = (offset + own - 1) / own * own;
      alignment = std::max(alignment, own);
    }
    if (field.offset != offset) return false;
    offset += field.dtype.itemsize();
  }
  return (offset + alignment - 1) / alignment * alignment == dtype.itemsize();
}

std::string struct_list_text(const DType& dtype) {
  std::string text = "[";
  for (const Field& field : dtype.fields()) {
    if (text.size() > 1) text += ", ";
    text += "(" + name_text(field) + ", ";
    if (field.dtype.is_subarray()) {
      text += construction_text(field.dtype.base()) + ", " + tuple_text(field.dtype.shape());
    } else {
      text += construction_text(field.dtype);
    }
    text += ")";
  }
  return text += "]";
}

template <class Part>
std::string join_fields(const DType& dtype, Part part) {
  std::string text;
  for (const Field& field : dtype.fields()) {
    if (!text.empty()) text += ", ";
    text += part(field);
  }
  return text;
}

std::string struct_dict_text(const DType& dtype, bool with_aligned) {
  const auto& fields = dtype.fields();
  std::string text = "{'names': [";
  text += join_fields(dtype, [](const Field& f) { return detail::python_repr(f.name); });
  text += "], 'formats': [";
  text += join_fields(dtype, [](const Field& f) { return construction_text(f.dtype); });
  text += "], 'offsets': [";
  text += join_fields(dtype, [](const Field& f) { return std::to_string(f.offset); });
  if (std::any_of(fields.begin(), fields.end(), [](const Field& f) { return f.title; })) {
    text += "], 'titles': [";
    text += join_fields(dtype, [](const Field& f) {
      return f.title ? detail::python_repr(*f.title) : std::string("None");
    });
  }
  text += "], 'itemsize': " + std::to_string(dtype.itemsize());
  return text += with_aligned && dtype.aligned() ? ", 'aligned': True}" : "}";
}

std::string struct_text(const DType& dtype, bool with_aligned) {
  if (!(with_aligned && dtype.aligned()) && is_packed(dtype)) return struct_list_text(dtype);
  return struct_dict_text(dtype, with_aligned);
}

std::string construction_text(const DType& dtype) {
  if (dtype.is_structured()) return struct_text(dtype, false);
  if (dtype.is_subarray()) return subarray_text(dtype);
  return scalar_text(dtype);
}

// --- Numpy's dtype.descr: numpy/core/_internal.py, _array_descr ---------------------------------

bool append_descr(std::string& out, const DType& dtype);

void append_gap(std::string& out, std::size_t bytes) {
  if (out.back() != '[') out += ", ";
  out += "('', '|V" + std::to_string(bytes) + "')";
}

bool append_field_descr(std::string& out, const Field& field) {
  if (out.back() != '[') out += ", ";
  out += "(" + name_text(field) + ", ";
  const bool subarray = field.dtype.is_subarray();
  if (!append_descr(out, subarray ? field.dtype.base() : field.dtype)) return false;
  if (subarray) out += ", " + tuple_text(field.dtype.shape());
  out += ")";
  return true;
}

// False where numpy raises: fields that overlap or are out of order.
bool append_descr(std::string& out, const DType& dtype) {
  if (dtype.is_subarray()) {
    out += "(";
    if (!append_descr(out, dtype.base())) return false;
    out += ", " + tuple_text(dtype.shape()) + ")";
    return true;
  }
  if (!dtype.is_structured()) {
    out += "'" + dtype.str() + "'";
    return true;
  }
  std::size_t offset = 0;
  out += "[";
  for (const Field& field : dtype.fields()) {
    if (field.offset < offset) return false;
    if (field.offset > offset) append_gap(out, field.offset - offset);
    if (!append_field_descr(out, field)) return false;
    offset = field.offset + field.dtype.itemsize();
  }
  if (dtype.itemsize() > offset) append_gap(out, dtype.itemsize() - offset);
  out += "]";
  return true;
}

}  // namespace

// --- Making one ------------------------------------------------------------------------------

DType::DType(char kind, std::size_t itemsize, char byteorder) noexcept
    : kind_(kind), byteorder_(byteorder), itemsize_(itemsize) {
  if (!has_order(kind, itemsize)) {
    byteorder_ = '|';
  } else if (byteorder == '=' || byteorder == '|') {  // numpy reads "|f8" as native, too
    byteorder_ = kNativeOrder;
  }
}

DType DType::with_extra(std::shared_ptr<const Extra> extra, std::size_t itemsize) {
  DType result('V', itemsize);
  result.extra_ = std::move(extra);
  return result;
}

DType DType::parse(std::string_view str) {
  if (str.empty()) fail_parse(str, "empty; expected something like <f8, |S5 or <M8[ns]");
  std::string_view rest = str;
  char order = '=';
  if (std::string_view("<>=|").find(rest[0]) != std::string_view::npos) {
    order = rest[0];
    rest.remove_prefix(1);
  }
  if (rest.empty()) fail_parse(str, "a byte order without a kind");
  const std::string_view stem = rest.substr(0, rest.find('['));
  if (const Named* named = find_named(kNames, stem); named && rest.size() == str.size()) {
    const bool datetime = named->size == 8 && (named->kind == 'M' || named->kind == 'm');
    if (datetime) rest = str.substr(stem.size());
    if (!datetime && stem.size() < str.size()) fail_parse(str, "only datetimes have a unit");
    if (!datetime) return DType(named->kind, named->size);
    const Metadata metadata = parse_metadata(str, rest);
    return DType::datetime(named->kind, metadata.unit, metadata.count);
  }
  if (rest[0] == 'O') {
    throw UnsupportedError("dtype " + quoted(str) +
                           ": an array of Python objects; its elements have no fixed layout");
  }
  if (const Named* named = find_named(kLetters, rest)) {
    return DType(named->kind, named->size, order);
  }
  const char kind = rest[0];
  if (std::string_view("biufcSUVMm").find(kind) == std::string_view::npos) {
    fail_parse(str, "unknown kind " + quoted(rest.substr(0, 1)) +
                        "; known are b i u f c S U V M m, each followed by a size");
  }
  const bool datetime = kind == 'M' || kind == 'm';
  const std::string_view digits =
      rest.substr(1, datetime ? rest.substr(1).find('[') : std::string_view::npos);
  auto size = parse_number(digits, kMaxItemSize / (kind == 'U' ? 4 : 1));
  if (!size || !size_is_valid(kind, *size)) {
    fail_parse(str, "the size " + quoted(digits) + " of kind " + kind + " is not " +
                        std::string(sizes_of(kind)) + (kind == 'U' ? " (4 a character)" : ""));
  }
  if (datetime) {
    const Metadata metadata = parse_metadata(str, rest.substr(1 + digits.size()));
    return DType::datetime(kind, metadata.unit, metadata.count, order);
  }
  return DType(kind, *size * (kind == 'U' ? 4 : 1), order);
}

DType DType::datetime(char kind, std::string_view unit, std::int64_t count, char byteorder) {
  if (kind != 'M' && kind != 'm') fail("DType::datetime: the kind is neither M nor m");
  if (std::string_view("<>=|").find(byteorder) == std::string_view::npos) {
    fail("DType::datetime: the byte order is none of < > =");
  }
  const auto* found = std::find(kUnits.begin(), kUnits.end(), unit);
  if (found == kUnits.end()) {
    fail("datetime unit " + quoted(unit) +
         ": known are Y M W D h m s ms us ns ps fs as and generic");
  }
  if (count < 1 || count > std::numeric_limits<std::int32_t>::max()) {
    fail("datetime of " + std::to_string(count) + " units a tick: not 1 to 2147483647");
  }
  DType result(kind, 8, byteorder);
  result.unit_ = static_cast<std::uint8_t>(found - kUnits.begin());
  result.unit_count_ = result.unit_ == 0 ? 1 : static_cast<std::int32_t>(count);
  return result;
}

DType DType::structured(std::vector<Field> fields, std::size_t itemsize, bool aligned,
                        std::size_t alignment) {
  checked_add(itemsize, 0);
  check_names(fields);
  auto extra = std::make_shared<Extra>();
  extra->structured = true;
  extra->flags = kNeedsPythonApi;
  std::size_t largest = 1;
  for (const Field& field : fields) {
    const DType& dtype = field.dtype;
    if (checked_add(field.offset, dtype.itemsize()) > itemsize) {
      fail("structured dtype: field " + quoted(field.name) + " at byte " +
           std::to_string(field.offset) + " ends beyond the element's " + std::to_string(itemsize) +
           " bytes");
    }
    largest = std::max(largest, dtype.alignment());
    extra->flags |= dtype.flags() & kInheritedByStructured;
    extra->field_count += 1 + (dtype.extra_ ? dtype.extra_->field_count : 0);
    extra->depth = std::max(extra->depth, 1 + (dtype.extra_ ? dtype.extra_->depth : 0));
    if (extra->field_count > kMaxFields) {
      fail("structured dtype: more than " + std::to_string(kMaxFields) + " fields in all");
    }
  }
  if (extra->depth > kMaxDepth) fail("structured dtype: nested more than 64 deep");
  if (alignment == 0) alignment = aligned ? largest : 1;
  if (!std::has_single_bit(alignment) || alignment > kMaxItemSize) {
    fail("structured dtype: alignment " + std::to_string(alignment) + " is not a power of two");
  }
  extra->alignment = alignment;
  if (aligned) extra->flags += kAlignedStruct;
  extra->fields = std::move(fields);
  return with_extra(std::move(extra), itemsize);
}

DType DType::packed(std::vector<Field> fields, bool aligned) {
  std::size_t offset = 0;
  std::size_t largest = 1;
  for (Field& field : fields) {
    if (aligned) {
      offset = round_up(offset, field.dtype.alignment());
      largest = std::max(largest, field.dtype.alignment());
    }
    field.offset = offset;
    offset = checked_add(offset, field.dtype.itemsize());
  }
  return structured(std::move(fields), round_up(offset, largest), aligned);
}

DType DType::subarray(DType base, Shape shape) {
  if (shape.size() > kMaxRank) fail("subarray dtype: more than 32 dimensions");
  std::int64_t count = 1;
  for (const std::int64_t length : shape) {
    if (length < 0) fail("subarray dtype: the negative length " + std::to_string(length));
    // Lengths of 0 are left out: numpy too refuses (0, 2**40), which no loop should meet.
    if (length == 0) continue;
    if (__builtin_mul_overflow(count, length, &count) || count > 0x7fffffff) {
      fail("subarray dtype " + tuple_text(shape) + ": more than 2147483647 elements");
    }
  }
  std::size_t itemsize = 0;
  if (__builtin_mul_overflow(static_cast<std::size_t>(count), base.itemsize(), &itemsize) ||
      itemsize > kMaxItemSize) {
    fail("subarray dtype " + tuple_text(shape) + ": an element of more than 2147483647 bytes");
  }
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) itemsize = 0;
  auto extra = std::make_shared<Extra>();
  extra->alignment = base.alignment();
  extra->flags = base.flags();
  extra->depth = 1 + (base.extra_ ? base.extra_->depth : 0);
  extra->field_count = base.extra_ ? base.extra_->field_count : 0;
  if (extra->depth > kMaxDepth) fail("subarray dtype: nested more than 64 deep");
  extra->base = std::move(base);
  extra->shape = std::move(shape);
  return with_extra(std::move(extra), itemsize);
}

// --- Asking it -------------------------------------------------------------------------------

std::size_t DType::alignment() const noexcept {
  if (extra_) return extra_->alignment;
  switch (kind_) {
    case 'S':
    case 'V':
      return 1;
    case 'U':
      return 4;
    case 'c':
      return itemsize_ / 2;
    default:
      return itemsize_;
  }
}

bool DType::aligned() const noexcept { return (flags() & kAlignedStruct) != 0; }

int DType::flags() const noexcept {
  if (extra_) return extra_->flags;
  return kind_ == 'U' ? kNeedsInit : 0;
}

bool DType::is_numeric() const noexcept {
  return std::string_view("biufc").find(kind_) != std::string_view::npos;
}

bool DType::is_structured() const noexcept { return extra_ && extra_->structured; }

bool DType::is_subarray() const noexcept { return extra_ && !extra_->structured; }

std::string_view DType::unit() const noexcept {
  return is_datetime() ? kUnits[unit_] : std::string_view();
}

const std::vector<Field>& DType::fields() const noexcept {
  static const std::vector<Field> kNone;
  return extra_ ? extra_->fields : kNone;
}

const Field* DType::find_field(std::string_view name) const noexcept {
  const auto& all = fields();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Field& field) {
    return field.name == name || (field.title && *field.title == name);
  });
  return found == all.end() ? nullptr : &*found;
}

const DType& DType::base() const noexcept { return is_subarray() ? extra_->base : *this; }

const Shape& DType::shape() const noexcept {
  static const Shape kNone;
  return extra_ ? extra_->shape : kNone;
}

std::string DType::datetime_suffix() const {
  if (!is_datetime() || unit_ == 0) return {};
  const std::string count = unit_count_ == 1 ? "" : std::to_string(unit_count_);
  return "[" + count + std::string(kUnits[unit_]) + "]";
}

std::string DType::str() const {
  const std::size_t size = kind_ == 'U' ? itemsize_ / 4 : itemsize_;
  return std::string{byteorder_, kind_} + std::to_string(size) + datetime_suffix();
}

std::string DType::name() const {
  const bool sized = kind_ != 'b' && itemsize_ != 0;
  return std::string(stem_of(kind_)) + (sized ? std::to_string(itemsize_ * 8) : "") +
         datetime_suffix();
}

std::string DType::repr() const {
  std::string text;
  return append_descr(text, *this) ? text : to_string();
}

std::string DType::to_string() const {
  if (is_structured()) return struct_text(*this, true);
  if (is_subarray()) return subarray_text(*this);
  const bool sized = kind_ == 'S' || kind_ == 'U' || kind_ == 'V';
  return sized || !native() ? str() : name();
}

DType DType::newbyteorder(char order) const {
  if (std::string_view("<>=S").find(order) == std::string_view::npos) {
    fail(std::string("newbyteorder(") + quoted({&order, 1}) + "): expected < > = or S");
  }
  DType result = *this;
  if (!extra_) {
    if (byteorder_ == '|') return result;
    const char swapped = byteorder_ == '<' ? '>' : '<';
    result.byteorder_ = order == '=' ? kNativeOrder : order == 'S' ? swapped : order;
    return result;
  }
  auto extra = std::make_shared<Extra>(*extra_);
  extra->base = extra->base.newbyteorder(order);
  for (Field& field : extra->fields) field.dtype = field.dtype.newbyteorder(order);
  result.extra_ = std::move(extra);
  return result;
}

bool DType::native() const noexcept {
  if (!extra_) return byteorder_ == '|' || byteorder_ == kNativeOrder;
  if (!extra_->structured) return extra_->base.native();
  return std::all_of(extra_->fields.begin(), extra_->fields.end(),
                     [](const Field& field) { return field.dtype.native(); });
}

bool operator==(const DType& a, const DType& b) noexcept {
  if (a.kind_ != b.kind_ || a.byteorder_ != b.byteorder_ || a.itemsize_ != b.itemsize_ ||
      a.unit_ != b.unit_ || a.unit_count_ != b.unit_count_) {
    return false;
  }
  if (a.extra_ == b.extra_) return true;
  if (!a.extra_ || !b.extra_ || a.extra_->structured != b.extra_->structured) return false;
  if (!a.extra_->structured) {
    return a.extra_->shape == b.extra_->shape && a.extra_->base == b.extra_->base;
  }
  return std::equal(a.fields().begin(), a.fields().end(), b.fields().begin(), b.fields().end(),
                    [](const Field& x, const Field& y) {
                      return x.offset == y.offset && x.name == y.name && x.title == y.title &&
                             x.dtype == y.dtype;
                    });
}

}  // namespace functionfuse
