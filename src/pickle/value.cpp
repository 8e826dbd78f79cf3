#include "functionfuse/pickle/value.hpp"

#include <cstring>

#include "functionfuse/arrays/nd_array.hpp"
#include "functionfuse/error.hpp"
#include "pickle/globals.hpp"
#include "pickle/integers.hpp"
#include "pickle/utf8.hpp"

namespace functionfuse {

using namespace detail;

namespace {

[[noreturn]] void fail_kind(Kind found, std::string_view wanted) {
  throw Error(Errc::type_mismatch,
              "expected " + std::string(wanted) + ", found " + std::string(kind_name(found)));
}

template <class T>
const T& as(const Slot& slot, Kind kind) {
  if (slot.kind() != kind) fail_kind(slot.kind(), kind_name(kind));
  return *static_cast<const T*>(slot.object);
}

/// Two Values that refer to one object make it shared, as two Python names in one list do.
Slot adopt(Heap& heap, const Value& value) {
  if (value.slot().is_object()) {
    Object& object = *value.slot().object;
    if (value.heap().use_count() > 1) object.shared.store(true, std::memory_order_relaxed);
    heap.keep(value.heap());
    if (heap.origin == nullptr) heap.origin = value.heap()->origin;
  }
  return value.slot();
}

std::span<const std::byte> raw(const Text& text) {
  return std::as_bytes(std::span(text.view().data(), text.size));
}

}  // namespace

std::string_view kind_name(Kind kind) noexcept {
  switch (kind) {
    case Kind::none: return "None";
    case Kind::boolean: return "bool";
    case Kind::integer:
    case Kind::big_integer: return "int";
    case Kind::floating: return "float";
    case Kind::complex: return "complex";
    case Kind::str: return "str";
    case Kind::bytes: return "bytes";
    case Kind::bytearray: return "bytearray";
    case Kind::list: return "list";
    case Kind::tuple: return "tuple";
    case Kind::dict: return "dict";
    case Kind::set: return "set";
    case Kind::frozenset: return "frozenset";
    case Kind::ndarray: return "numpy.ndarray";
    case Kind::scalar: return "numpy scalar";
    case Kind::dtype: return "numpy.dtype";
    case Kind::global: return "class or function";
    case Kind::object: return "object";
    case Kind::persistent: return "persistent object";
  }
  return "?";
}

Value::Value(unsigned long i) {
  if (i <= INT64_MAX) {
    slot_ = Slot(static_cast<std::int64_t>(i));
  } else {
    std::byte bytes[9] = {};
    std::memcpy(bytes, &i, 8);
    *this = big_integer(bytes);
  }
}
Value::Value(unsigned long long i) : Value(static_cast<unsigned long>(i)) {}

Value::Value(std::complex<double> c) {
  auto heap = std::make_shared<Heap>();
  auto* object = heap->make<Complex>(Kind::complex);
  object->real = c.real();
  object->imag = c.imag();
  *this = Value(Slot(object), heap);
}

Value::Value(std::string_view utf8) {
  if (find_invalid_utf8(utf8, true) != utf8.size()) {
    throw Error(Errc::invalid_argument, "a str must be UTF-8; use Value::bytes for other bytes");
  }
  auto heap = std::make_shared<Heap>();
  *this = Value(Slot(heap->make_text(Kind::str, utf8)), heap);
}

Value::Value(const NdArray& array) {
  const bool fortran = !array.is_c_contiguous() && array.is_f_contiguous();
  NdArray dense = array.ascontiguous(fortran ? 'F' : 'C');
  auto heap = std::make_shared<Heap>();
  auto* object = heap->make<Array>(Kind::ndarray, dense.nbytes());
  object->dtype = heap->make_dtype(dense.dtype());
  auto* shape = static_cast<std::int64_t*>(heap->allocate(8 * dense.ndim()));
  std::copy(dense.shape().begin(), dense.shape().end(), shape);
  object->shape = shape;
  object->ndim = static_cast<std::int32_t>(dense.ndim());
  object->order = fortran ? 'F' : 'C';
  object->data = heap->make<Blob>(Kind::bytes, dense.nbytes());
  object->data->data = dense.data();
  if (dense.owner() == nullptr) {  // a view without an owner does not outlive this call
    object->data = heap->make_blob(Kind::bytes, dense.data(), dense.nbytes());
  } else {
    heap->keep(dense.owner());
  }
  *this = Value(Slot(object), heap);
}

Value Value::bytes(std::span<const std::byte> data) {
  auto heap = std::make_shared<Heap>();
  return Value(Slot(heap->make_blob(Kind::bytes, data.data(), data.size())), heap);
}

Value Value::bytearray(std::span<const std::byte> data) {
  auto heap = std::make_shared<Heap>();
  return Value(Slot(heap->make_blob(Kind::bytearray, data.data(), data.size())), heap);
}

Value Value::container(Kind kind, const Value* items, std::size_t count) {
  auto heap = std::make_shared<Heap>();
  std::vector<Slot> slots(count);
  for (std::size_t i = 0; i < count; ++i) slots[i] = adopt(*heap, items[i]);
  return Value(Slot(heap->make_container(kind, slots.data(), count)), heap);
}

Value Value::list(const std::vector<Value>& items) {
  return container(Kind::list, items.data(), items.size());
}
Value Value::tuple(const std::vector<Value>& items) {
  return container(Kind::tuple, items.data(), items.size());
}
Value Value::set(const std::vector<Value>& items) {
  return container(Kind::set, items.data(), items.size());
}
Value Value::frozenset(const std::vector<Value>& items) {
  return container(Kind::frozenset, items.data(), items.size());
}
Value Value::dict(const std::vector<std::pair<Value, Value>>& items) {
  std::vector<Value> slots;
  slots.reserve(2 * items.size());
  for (const auto& [key, value] : items) {
    slots.push_back(key);
    slots.push_back(value);
  }
  return container(Kind::dict, slots.data(), slots.size());
}

Value Value::global(std::string_view module, std::string_view qualified_name) {
  auto heap = std::make_shared<Heap>();
  auto* object = heap->make<Global>(Kind::global);
  object->module = heap->make_text(Kind::str, module);
  object->name = heap->make_text(Kind::str, qualified_name);
  object->id = find_global(module, qualified_name);
  return Value(Slot(object), heap);
}

Value Value::object(const Value& callable, const Value& args, const std::optional<Value>& state) {
  if (args.kind() != Kind::tuple) fail_kind(args.kind(), "a tuple of arguments");
  auto heap = std::make_shared<Heap>();
  Opaque* object = heap->make_opaque(Opaque::How::reduce, adopt(*heap, callable),
                                     adopt(*heap, args));
  if (state) {
    auto steps = std::make_shared<std::vector<Step>>();
    steps->push_back({Step::What::build, adopt(*heap, *state), {}});
    object->steps = steps.get();
    heap->keep(std::move(steps));
  }
  return Value(Slot(object), heap);
}

Value Value::big_integer(std::span<const std::byte> bytes) {
  bytes = shortest_integer(bytes);
  if (bytes.empty()) return Value(0);
  if (auto small = small_integer(bytes)) return Value(static_cast<long>(*small));
  auto heap = std::make_shared<Heap>();
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return Value(Slot(heap->make_text(Kind::big_integer, text)), heap);
}

bool Value::as_bool() const {
  if (slot_.tag != Kind::boolean) fail_kind(kind(), "bool");
  return slot_.boolean;
}

std::int64_t Value::as_int() const {
  if (kind() == Kind::big_integer) {
    throw Error(Errc::type_mismatch, "an int that needs more than 64 bits: " + repr(60));
  }
  if (slot_.tag != Kind::integer) fail_kind(kind(), "int");
  return slot_.integer;
}

double Value::as_float() const {
  if (slot_.tag != Kind::floating) fail_kind(kind(), "float");
  return slot_.floating;
}

std::complex<double> Value::as_complex() const {
  const auto& c = as<Complex>(slot_, Kind::complex);
  return {c.real, c.imag};
}

std::string_view Value::as_str() const { return as<Text>(slot_, Kind::str).view(); }

std::span<const std::byte> Value::as_bytes() const {
  if (kind() == Kind::big_integer) return raw(static_cast<const Text&>(*slot_.object));
  if (kind() != Kind::bytearray && kind() != Kind::bytes) fail_kind(kind(), "bytes");
  const auto& blob = static_cast<const Blob&>(*slot_.object);
  return {blob.data, static_cast<std::size_t>(blob.size)};
}

NdArray Value::as_array() const {
  if (kind() != Kind::ndarray && kind() != Kind::scalar) fail_kind(kind(), "numpy.ndarray");
  const auto& array = static_cast<const Array&>(*slot_.object);
  return NdArray::from_buffer(*array.dtype->dtype, Shape(array.shape, array.shape + array.ndim),
                              array.order, {array.data->data, array.data->size}, heap_);
}

const DType& Value::as_dtype() const {
  if (kind() == Kind::ndarray || kind() == Kind::scalar) {
    return *static_cast<const Array&>(*slot_.object).dtype->dtype;
  }
  return *as<Dtype>(slot_, Kind::dtype).dtype;
}

std::size_t Value::size() const {
  switch (kind()) {
    case Kind::str:
    case Kind::bytes:
    case Kind::bytearray:
    case Kind::list:
    case Kind::tuple:
    case Kind::dict:
    case Kind::set:
    case Kind::frozenset: return slot_.object->size;
    case Kind::ndarray: {
      std::size_t size = 1;
      const auto& array = static_cast<const Array&>(*slot_.object);
      for (int i = 0; i < array.ndim; ++i) size *= static_cast<std::size_t>(array.shape[i]);
      return size;
    }
    default: fail_kind(kind(), "something with a size");
  }
}

Value Value::operator[](std::size_t index) const {
  switch (kind()) {
    case Kind::list:
    case Kind::tuple:
    case Kind::set:
    case Kind::frozenset: break;
    default: fail_kind(kind(), "list");
  }
  const auto& container = static_cast<const Container&>(*slot_.object);
  if (index >= container.size) {
    throw Error(Errc::invalid_argument, "index " + std::to_string(index) + " of a " +
                                            std::string(kind_name(kind())) + " of " +
                                            std::to_string(container.size));
  }
  return Value(container.items[index], heap_);
}

std::optional<Value> Value::find(std::string_view key) const {
  const auto& dict = as<Container>(slot_, Kind::dict);
  for (std::size_t i = dict.size; i-- > 0;) {
    const Slot& k = dict.items[2 * i];
    if (k.kind() == Kind::str && static_cast<const Text*>(k.object)->view() == key) {
      return Value(dict.items[2 * i + 1], heap_);
    }
  }
  return std::nullopt;
}

Value Value::operator[](std::string_view key) const {
  if (auto found = find(key)) return *found;
  throw NotFoundError("a dict of " + std::to_string(size()) + " has no key \"" +
                      std::string(key) + "\"");
}

std::pair<Value, Value> Value::item(std::size_t index) const {
  const auto& dict = as<Container>(slot_, Kind::dict);
  if (index >= dict.size) {
    throw Error(Errc::invalid_argument, "item " + std::to_string(index) + " of a dict of " +
                                            std::to_string(dict.size));
  }
  return {Value(dict.items[2 * index], heap_), Value(dict.items[2 * index + 1], heap_)};
}

std::string_view Value::module() const { return as<Global>(slot_, Kind::global).module->view(); }
std::string_view Value::qualified_name() const {
  return as<Global>(slot_, Kind::global).name->view();
}

Value Value::callable() const { return Value(as<Opaque>(slot_, Kind::object).cls, heap_); }
Value Value::args() const { return Value(as<Opaque>(slot_, Kind::object).args, heap_); }
Value Value::kwargs() const { return Value(as<Opaque>(slot_, Kind::object).kwargs, heap_); }

std::optional<Value> Value::state() const {
  const auto& object = as<Opaque>(slot_, Kind::object);
  std::optional<Value> state;
  if (object.steps != nullptr) {
    for (const Step& step : *object.steps) {
      if (step.what == Step::What::build) state = Value(step.first, heap_);
    }
  }
  return state;
}

std::string Value::class_name() const {
  const auto& object = as<Opaque>(slot_, Kind::object);
  const Slot* named = &object.cls;
  const auto* args = static_cast<const Container*>(object.args.object);
  auto is_class = [](const Slot& slot) { return slot.kind() == Kind::global; };
  if (is_class(*named)) {
    auto id = static_cast<const Global*>(named->object)->id;
    const bool helper = id == GlobalId::copyreg_reconstructor || id == GlobalId::copyreg_newobj ||
                        id == GlobalId::numpy_reconstruct ||
                        id == GlobalId::array_reconstructor || id == GlobalId::class_helper;
    if (helper && args->size > 0 && is_class(args->items[0])) named = &args->items[0];
  }
  if (!is_class(*named)) return std::string(kind_name(named->kind()));
  const auto& global = *static_cast<const Global*>(named->object);
  return std::string(global.module->view()) + "." + std::string(global.name->view());
}

std::vector<Value> Value::appended() const {
  const auto& object = as<Opaque>(slot_, Kind::object);
  std::vector<Value> result;
  if (object.steps == nullptr) return result;
  for (const Step& step : *object.steps) {
    if (step.what == Step::What::append || step.what == Step::What::add) {
      result.emplace_back(step.first, heap_);
    }
  }
  return result;
}

std::vector<std::pair<Value, Value>> Value::set_items() const {
  const auto& object = as<Opaque>(slot_, Kind::object);
  std::vector<std::pair<Value, Value>> result;
  if (object.steps == nullptr) return result;
  for (const Step& step : *object.steps) {
    if (step.what == Step::What::set_item) {
      result.emplace_back(Value(step.first, heap_), Value(step.second, heap_));
    }
  }
  return result;
}

std::optional<PersistentId> Value::persistent_id() const {
  const Slot& id = as<Persistent>(slot_, Kind::persistent).id;
  auto pair = [](const Slot& slot) -> const Container* {
    if (slot.kind() != Kind::tuple || slot.object->size != 2) return nullptr;
    return static_cast<const Container*>(slot.object);
  };
  const Container* outer = pair(id);
  const Container* inner = outer == nullptr ? nullptr : pair(outer->items[1]);
  if (inner == nullptr || outer->items[0].kind() != Kind::str ||
      inner->items[0].kind() != Kind::str || inner->items[1].kind() != Kind::str) {
    return std::nullopt;
  }
  auto text = [](const Slot& slot) {
    return std::string(static_cast<const Text*>(slot.object)->view());
  };
  return PersistentId{text(outer->items[0]), text(inner->items[0]), text(inner->items[1])};
}

const PersistentOrigin* Value::origin() const noexcept {
  return heap_ ? heap_->origin.get() : nullptr;
}

bool Value::is(const Value& other) const noexcept {
  if (slot_.tag != other.slot_.tag) return false;
  switch (slot_.tag) {
    case Kind::none: return true;
    case Kind::boolean: return slot_.boolean == other.slot_.boolean;
    case Kind::floating: return slot_.floating == other.slot_.floating;
    default: return slot_.integer == other.slot_.integer;
  }
}

}  // namespace functionfuse
