#include "functionfuse/arrays/nd_array.hpp"
#include "functionfuse/error.hpp"
#include "functionfuse/pickle/type_name.hpp"
#include "functionfuse/pickle/unpickler.hpp"
#include "pickle/globals.hpp"

namespace functionfuse {

using namespace detail;

namespace {

/// An opaque object made by calling the class `id`, or nullptr.
const Opaque* instance_of(const Slot& slot, std::initializer_list<GlobalId> ids) {
  if (slot.kind() != Kind::object) return nullptr;
  const auto* object = static_cast<const Opaque*>(slot.object);
  if (object->cls.kind() != Kind::global) return nullptr;
  for (GlobalId id : ids) {
    if (static_cast<const Global*>(object->cls.object)->id == id) return object;
  }
  return nullptr;
}

const Container* argument(const Opaque& object, std::size_t i, Kind kind) {
  const auto* args = static_cast<const Container*>(object.args.object);
  return i < args->size && args->items[i].kind() == kind
             ? static_cast<const Container*>(args->items[i].object)
             : nullptr;
}

std::string key_text(const Slot& key, const ReadContext& context) {
  return Value(key, context.heap).repr(60);
}

}  // namespace

bool Reading::sequence(std::span<const Slot>& items, std::vector<Slot>& storage) const {
  switch (kind()) {
    case Kind::list:
    case Kind::tuple:
    case Kind::set:
    case Kind::frozenset: {
      const auto* container = static_cast<const Container*>(slot_.object);
      items = {container->items, static_cast<std::size_t>(container->size)};
      return true;
    }
    default: break;
  }
  const Opaque* object = instance_of(slot_, {GlobalId::deque, GlobalId::array_array});
  if (object == nullptr) return false;
  // deque(items, maxlen), and below protocol 3 array(typecode, items)
  const auto id = static_cast<const Global*>(object->cls.object)->id;
  if (const Container* first = argument(*object, id == GlobalId::deque ? 0 : 1, Kind::list)) {
    storage.assign(first->items, first->items + first->size);
  }
  if (object->steps != nullptr) {
    for (const Step& step : *object->steps) {
      if (step.what == Step::What::append) storage.push_back(step.first);
    }
  }
  items = storage;
  return true;
}

bool Reading::mapping(std::span<const Slot>& pairs, std::vector<Slot>& storage) const {
  if (kind() == Kind::dict) {
    const auto* dict = static_cast<const Container*>(slot_.object);
    pairs = {dict->items, static_cast<std::size_t>(dict->size * 2)};
    return true;
  }
  const Opaque* object = instance_of(
      slot_, {GlobalId::ordered_dict, GlobalId::default_dict, GlobalId::counter});
  if (object == nullptr) return false;
  if (const Container* first = argument(*object, 0, Kind::dict)) {
    storage.assign(first->items, first->items + 2 * first->size);
  }
  if (object->steps != nullptr) {
    for (const Step& step : *object->steps) {
      if (step.what != Step::What::set_item) continue;
      storage.push_back(step.first);
      storage.push_back(step.second);
    }
  }
  pairs = storage;
  return true;
}

std::string Reading::step() const {
  return "[" + (key_ != nullptr ? key_text(*key_, context_) : std::to_string(index_)) + "]";
}

std::string Reading::place() const {
  // Of a way that is very long, the beginning and the end.
  constexpr unsigned kShown = 16;
  std::vector<const Reading*> way;
  for (const Reading* r = this; r->parent_ != nullptr; r = r->parent_) {
    if (level_ - r->level_ < kShown || r->level_ <= kShown) way.push_back(r);
  }
  std::string text;
  for (std::size_t i = way.size(); i-- > 0;) {
    text += way[i]->step();
    if (i > 0 && way[i - 1]->level_ != way[i]->level_ + 1) text += "...";
  }
  return text;
}

void Reading::fail_nesting() const {
  fail_limit("contains itself, or is nested deeper than " + std::to_string(kMaxTypedNesting) +
             " containers");
}

void Reading::fail(const std::string& what) const {
  throw Error(Errc::type_mismatch, context_.where + ": result" + place() + ": " + what);
}

void Reading::fail_limit(const std::string& what) const {
  throw UnsupportedError(context_.where + ": result" + place() + ": " + what +
                         ": read it as a functionfuse::Value");
}

void Reading::fail_expected(std::string_view type) const {
  Value found = value();
  std::string text(kind_name(kind()));
  switch (kind()) {
    case Kind::ndarray:
      text += " of " + found.as_dtype().name() + ", shape " + shape_text(found.as_array().shape());
      break;
    case Kind::object: text = found.class_name(); break;
    case Kind::none: break;
    case Kind::list:
    case Kind::tuple:
    case Kind::dict:
    case Kind::set:
    case Kind::frozenset: text += " of " + std::to_string(found.size()); break;
    case Kind::bytes:
    case Kind::bytearray: text += " of " + std::to_string(found.size()) + " bytes"; break;
    case Kind::scalar: text += " of " + found.as_dtype().name(); break;
    default: text += " " + found.repr(60);
  }
  fail("expected " + std::string(type) + ", found " + text);
}

std::shared_ptr<void> Reading::load_persistent(const std::type_info& type) const {
  auto id = value().persistent_id();
  if (!id) fail("a persistent id that is not (name, (version, filename))");
  if (context_.hooks == nullptr) {
    fail("an object kept by " + id->name +
         " beside the pickle; read it from its storage, with that serializer registered");
  }
  return context_.hooks->persistent_load(*id, type);
}

namespace detail {

void fail_length(const Reading& r, std::size_t expected, std::size_t found) {
  r.fail("expected " + std::to_string(expected) + " elements, found " + std::to_string(found));
}

void fail_missing_field(const Reading& r, std::string_view type, std::string_view field) {
  r.fail("expected " + std::string(type) + ", found a dict without its field \"" +
         std::string(field) + "\"");
}

const Slot* find_field(std::span<const Slot> pairs, std::string_view name, std::size_t guess) {
  auto is = [&](std::size_t i) {
    return pairs[i].kind() == Kind::str &&
           static_cast<const Text*>(pairs[i].object)->view() == name;
  };
  if (2 * guess + 1 < pairs.size() && is(2 * guess)) return &pairs[2 * guess + 1];
  for (std::size_t i = pairs.size(); i >= 2; i -= 2) {
    if (is(i - 2)) return &pairs[i - 1];
  }
  return nullptr;
}

}  // namespace detail
}  // namespace functionfuse
