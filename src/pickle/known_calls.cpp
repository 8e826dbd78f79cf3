#include "pickle/known_calls.hpp"

#include <cstring>
#include <map>
#include <optional>
#include <string>

#include "functionfuse/arrays/dtype.hpp"
#include "functionfuse/arrays/nd_array.hpp"
#include "functionfuse/error.hpp"
#include "pickle/utf8.hpp"

namespace functionfuse::detail {

namespace {

// Reads the slots of a tuple; nullptr and nullopt where a slot is of another kind.
struct Arguments {
  explicit Arguments(const Container& tuple) : items(tuple.items, tuple.size) {}
  std::span<const Slot> items;

  [[nodiscard]] std::size_t size() const { return items.size(); }
  template <class T>
  [[nodiscard]] T* object(std::size_t i, Kind kind) const {
    return i < items.size() && items[i].kind() == kind ? static_cast<T*>(items[i].object)
                                                       : nullptr;
  }
  [[nodiscard]] std::optional<std::int64_t> integer(std::size_t i) const {
    if (i >= items.size() || items[i].tag != Kind::integer) return std::nullopt;
    return items[i].integer;
  }
  [[nodiscard]] std::optional<bool> boolean(std::size_t i) const {
    if (i >= items.size()) return std::nullopt;
    if (items[i].tag == Kind::integer) return items[i].integer != 0;
    if (items[i].tag != Kind::boolean) return std::nullopt;
    return items[i].boolean;
  }
  [[nodiscard]] bool none(std::size_t i) const {
    return i < items.size() && items[i].tag == Kind::none;
  }
};

std::optional<Shape> read_shape(const Slot& slot) {
  if (slot.tag == Kind::integer) return Shape{slot.integer};
  if (slot.kind() != Kind::tuple) return std::nullopt;
  Arguments lengths(*static_cast<Container*>(slot.object));
  Shape shape;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    auto length = lengths.integer(i);
    if (!length || *length < 0 || shape.size() == DType::kMaxRank) return std::nullopt;
    shape.push_back(*length);
  }
  return shape;
}

/// What fits the bytes there are; DType and NdArray check all else.
bool fits(const DType& dtype, const Shape& shape, std::uint64_t bytes) {
  try {
    return NdArray::nbytes_of(dtype, shape) == bytes;
  } catch (const Error&) {
    return false;
  }
}

void fill_array(Heap& heap, Array& array, Kind kind, const Dtype* dtype, const Shape& shape,
                bool fortran, Blob* data) {
  heap.copying(data->size);  // when the Value is pickled again
  auto* lengths = static_cast<std::int64_t*>(heap.allocate(shape.size() * sizeof(std::int64_t)));
  if (!shape.empty()) std::memcpy(lengths, shape.data(), shape.size() * sizeof(std::int64_t));
  array.kind = kind;
  array.size = data->size;
  array.dtype = dtype;
  array.shape = lengths;
  array.ndim = static_cast<std::int32_t>(shape.size());
  array.order = fortran ? 'F' : 'C';
  array.data = data;
}

/// Text whose code points are bytes, as `_codecs.encode(text, "latin1")` makes them.
std::optional<std::string> latin1(std::string_view utf8) {
  std::string bytes;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    auto c = static_cast<unsigned char>(utf8[i]);
    if (c < 0x80) {
      bytes.push_back(static_cast<char>(c));
    } else if ((c == 0xC2 || c == 0xC3) && i + 1 < utf8.size()) {
      bytes.push_back(static_cast<char>((c & 3) << 6 | (utf8[++i] & 0x3F)));
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

Blob* encoded(Heap& heap, Kind kind, const Arguments& args) {
  auto* text = args.object<Text>(0, Kind::str);
  auto* codec = args.object<Text>(1, Kind::str);
  if (args.size() != 2 || text == nullptr || codec == nullptr) return nullptr;
  if (codec->view() != "latin1" && codec->view() != "latin-1") return nullptr;
  heap.copying(text->size);
  auto bytes = latin1(text->view());
  return bytes ? heap.make_blob(kind, bytes->data(), bytes->size()) : nullptr;
}

Object* make_bytes(Heap& heap, Kind kind, const Arguments& args) {
  if (args.size() == 0) return heap.make_blob(kind, nullptr, 0);
  if (args.size() == 2) return encoded(heap, kind, args);
  auto* bytes = args.object<Blob>(0, Kind::bytes);
  if (args.size() != 1 || bytes == nullptr) return nullptr;
  heap.copying(bytes->size);  // when the Value is pickled again; here they never change
  auto* copy = heap.make<Blob>(kind, bytes->size);
  copy->data = bytes->data;
  copy->offset = bytes->offset;
  return copy;
}

Object* make_set(Heap& heap, Kind kind, const Arguments& args) {
  if (args.size() == 0) return heap.make_container(kind, nullptr, 0);
  auto* items = args.object<Container>(0, Kind::list);
  if (args.size() != 1 || items == nullptr) return nullptr;
  heap.copying(items->size * sizeof(Slot));
  return heap.make_container(kind, items->items, items->size);
}

Object* make_complex(Heap& heap, const Arguments& args) {
  auto number = [&](std::size_t i) -> std::optional<double> {
    if (args.items[i].tag == Kind::floating) return args.items[i].floating;
    if (args.items[i].tag == Kind::integer) return static_cast<double>(args.items[i].integer);
    return std::nullopt;
  };
  if (args.size() != 2) return nullptr;
  auto real = number(0), imag = number(1);
  if (!real || !imag) return nullptr;
  auto* complex = heap.make<Complex>(Kind::complex);
  complex->real = *real;
  complex->imag = *imag;
  return complex;
}

Object* make_scalar(Heap& heap, const Arguments& args) {
  auto* dtype = args.object<Dtype>(0, Kind::dtype);
  auto* bytes = args.object<Blob>(1, Kind::bytes);
  if (args.size() != 2 || dtype == nullptr || bytes == nullptr) return nullptr;
  if (!fits(*dtype->dtype, {}, bytes->size)) return nullptr;
  auto* scalar = heap.make<Array>(Kind::scalar);
  fill_array(heap, *scalar, Kind::scalar, dtype, {}, false, bytes);
  return scalar;
}

/// Protocol 5: _frombuffer(buffer, dtype, shape, order).
Object* make_from_buffer(Heap& heap, const Arguments& args) {
  auto* data = args.object<Blob>(0, Kind::bytes);
  if (data == nullptr) data = args.object<Blob>(0, Kind::bytearray);
  auto* dtype = args.object<Dtype>(1, Kind::dtype);
  auto* order = args.object<Text>(3, Kind::str);
  if (args.size() != 4 || data == nullptr || dtype == nullptr || order == nullptr) return nullptr;
  auto shape = read_shape(args.items[2]);
  if (!shape || !fits(*dtype->dtype, *shape, data->size)) return nullptr;
  if (order->view() != "C" && order->view() != "F") return nullptr;
  auto* array = heap.make<Array>(Kind::ndarray);
  fill_array(heap, *array, Kind::ndarray, dtype, *shape, order->view() == "F", data);
  return array;
}

bool build_array(Heap& heap, Opaque& object, const Arguments& state) {
  // (version, shape, dtype, is_fortran, bytes); without the version in very old pickles.
  std::size_t at = state.size() == 5 ? 1 : 0;
  if (state.size() != at + 4) return false;
  auto shape = read_shape(state.items[at]);
  auto* dtype = state.object<Dtype>(at + 1, Kind::dtype);
  auto fortran = state.boolean(at + 2);
  auto* data = state.object<Blob>(at + 3, Kind::bytes);
  if (!shape || dtype == nullptr || !fortran || data == nullptr) return false;
  if (!fits(*dtype->dtype, *shape, data->size)) return false;
  const bool shared = object.shared;
  auto* array = new (&object) Array;
  fill_array(heap, *array, Kind::ndarray, dtype, *shape, *fortran, data);
  array->shared = shared;
  return true;
}

/// Those of fields counted too, however they are shared: DType keeps them few.
std::size_t field_count(const DType& dtype) {
  if (dtype.is_subarray()) return field_count(dtype.base());
  std::size_t count = dtype.fields().size();
  for (const Field& field : dtype.fields()) count += field_count(field.dtype);
  return count;
}

std::optional<std::string_view> str_view(const Slot& slot) {
  if (slot.kind() != Kind::str) return std::nullopt;
  return static_cast<const Text*>(slot.object)->view();
}

std::optional<DType> read_fields(Heap& heap, const Container& names, const Container& fields,
                                 std::size_t itemsize, std::size_t alignment, bool aligned) {
  if (fields.size > 2 * names.size) return std::nullopt;  // a name and a title each
  // Counted before the work: a state that turns out not to be a dtype's may be tried again.
  std::uint64_t size = names.size * sizeof(Slot);
  for (const Slot& name : std::span(names.items, names.size)) {
    size += str_view(name).value_or("").size();
  }
  for (std::size_t k = 0; k < fields.size; ++k) {
    size += str_view(fields.items[2 * k]).value_or("").size();
  }
  heap.copying(size);
  std::map<std::string_view, const Slot*> by_name;
  for (std::size_t k = 0; k < fields.size; ++k) {
    if (auto key = str_view(fields.items[2 * k])) by_name[*key] = &fields.items[2 * k + 1];
  }
  std::vector<Field> result;
  for (const Slot& slot : std::span(names.items, names.size)) {
    const auto name = str_view(slot);
    const auto found = name ? by_name.find(*name) : by_name.end();
    if (found == by_name.end() || found->second->kind() != Kind::tuple) return std::nullopt;
    Arguments field(*static_cast<Container*>(found->second->object));
    auto* dtype = field.object<Dtype>(0, Kind::dtype);
    auto offset = field.integer(1);
    auto* title = field.object<Text>(2, Kind::str);
    if (dtype == nullptr || !offset || *offset < 0 || (field.size() == 3 && title == nullptr) ||
        field.size() > 3) {
      return std::nullopt;
    }
    Field made{std::string(*name), std::nullopt, *dtype->dtype, static_cast<std::size_t>(*offset)};
    if (title != nullptr) {
      heap.copying(title->size);
      made.title = std::string(title->view());
    }
    result.push_back(std::move(made));
  }
  return DType::structured(std::move(result), itemsize, aligned, alignment);
}

std::optional<DType> read_datetime(char kind, char order, const Arguments& state) {
  auto* both = state.object<Container>(8, Kind::tuple);
  if (both == nullptr) return std::nullopt;
  Arguments metadata(*both);
  auto* dict = metadata.object<Container>(0, Kind::dict);
  if (metadata.size() != 2 || !(metadata.none(0) || (dict != nullptr && dict->size == 0))) {
    return std::nullopt;
  }
  auto* fields = metadata.object<Container>(1, Kind::tuple);
  if (fields == nullptr) return std::nullopt;
  Arguments unit(*fields);
  auto* name = unit.object<Blob>(0, Kind::bytes);
  auto count = unit.integer(1), denominator = unit.integer(2);
  if (name == nullptr || name->data == nullptr || !count || denominator != 1) return std::nullopt;
  return DType::datetime(kind, name->view(), *count, order);
}

/// numpy.dtype(code, False, True) with its state:
/// (version, byteorder, subarray, names, fields, itemsize, alignment, flags[, metadata]).
std::optional<DType> read_dtype(Heap& heap, std::string_view code, const Arguments& state) {
  auto* order_text = state.object<Text>(1, Kind::str);
  if (state.size() < 8 || order_text == nullptr || order_text->size != 1) return std::nullopt;
  char order = order_text->view()[0];
  if (order != '<' && order != '>' && order != '|') return std::nullopt;
  if (code == "M8" || code == "m8") return read_datetime(code[0], order, state);
  if (state.size() != 8) return std::nullopt;  // metadata is a dict of Python objects
  if (auto* subarray = state.object<Container>(2, Kind::tuple)) {
    Arguments parts(*subarray);
    auto* base = parts.object<Dtype>(0, Kind::dtype);
    if (parts.size() != 2 || base == nullptr) return std::nullopt;
    auto shape = read_shape(parts.items[1]);
    return shape ? std::optional(DType::subarray(*base->dtype, *shape)) : std::nullopt;
  }
  if (auto* names = state.object<Container>(3, Kind::tuple)) {
    auto* fields = state.object<Container>(4, Kind::dict);
    auto itemsize = state.integer(5), alignment = state.integer(6), flags = state.integer(7);
    if (fields == nullptr || !itemsize || *itemsize < 0 || !alignment || *alignment < 1 ||
        !flags || names->size > DType::kMaxFields / 16) {
      return std::nullopt;
    }
    return read_fields(heap, *names, *fields, static_cast<std::size_t>(*itemsize),
                       static_cast<std::size_t>(*alignment), (*flags & 0x80) != 0);
  }
  if (!state.none(2) || !state.none(3)) return std::nullopt;
  return DType::parse(std::string(1, order) + std::string(code));
}

bool build_dtype(Heap& heap, Opaque& object, const Arguments& state) {
  Arguments args(*static_cast<Container*>(object.args.object));
  auto* code = args.object<Text>(0, Kind::str);
  if (args.size() != 3 || code == nullptr || code->size < 2) return false;
  heap.copying(code->size);
  std::optional<DType> dtype;
  try {
    dtype = read_dtype(heap, code->view(), state);
  } catch (const CorruptError&) {
    throw;  // the file expands too far
  } catch (const Error&) {
    return false;  // of Python objects, or nothing numpy would write: kept as it is
  }
  if (!dtype) return false;
  heap.copying(64 * field_count(*dtype));
  const bool shared = object.shared;
  auto kept = std::make_shared<const DType>(std::move(*dtype));
  auto* made = new (&object) Dtype;
  made->kind = Kind::dtype;
  made->shared = shared;
  made->dtype = kept.get();
  heap.keep(std::move(kept));
  return true;
}

}  // namespace

Array* make_array_1d(Heap& heap, Slot dtype, std::int64_t length, const char* data,
                     std::size_t size) {
  if (dtype.kind() != Kind::dtype) return nullptr;
  auto* type = static_cast<Dtype*>(dtype.object);
  if (type->dtype->is_subarray() ||
      type->dtype->itemsize() * static_cast<std::size_t>(length) != size) {
    return nullptr;
  }
  auto* array = heap.make<Array>(Kind::ndarray, size);
  auto* shape = static_cast<std::int64_t*>(heap.allocate(sizeof(std::int64_t)));
  *shape = length;
  array->dtype = type;
  array->shape = shape;
  array->ndim = 1;
  array->data = heap.make_blob(Kind::bytes, data, size);
  return array;
}

Object* call_known(Heap& heap, GlobalId callable, const Container& tuple) {
  Arguments args(tuple);
  switch (callable) {
    case GlobalId::complex: return make_complex(heap, args);
    case GlobalId::bytearray: return make_bytes(heap, Kind::bytearray, args);
    case GlobalId::bytes: return make_bytes(heap, Kind::bytes, args);
    case GlobalId::codecs_encode: return encoded(heap, Kind::bytes, args);
    case GlobalId::set: return make_set(heap, Kind::set, args);
    case GlobalId::frozenset: return make_set(heap, Kind::frozenset, args);
    case GlobalId::numpy_scalar: return make_scalar(heap, args);
    case GlobalId::numpy_frombuffer: return make_from_buffer(heap, args);
    default: return nullptr;
  }
}

bool build_known(Heap& heap, Opaque& object, Slot state) {
  if (object.how != Opaque::How::reduce || object.cls.kind() != Kind::global ||
      state.kind() != Kind::tuple) {
    return false;
  }
  Arguments parts(*static_cast<Container*>(state.object));
  switch (static_cast<Global*>(object.cls.object)->id) {
    case GlobalId::numpy_dtype: return build_dtype(heap, object, parts);
    case GlobalId::numpy_reconstruct: {
      Arguments args(*static_cast<Container*>(object.args.object));
      auto* type = args.object<Global>(0, Kind::global);
      return type != nullptr && type->id == GlobalId::numpy_ndarray &&
             build_array(heap, object, parts);
    }
    default: return false;
  }
}

}  // namespace functionfuse::detail
