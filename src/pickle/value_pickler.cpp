#include "pickle/value_pickler.hpp"

#include "functionfuse/error.hpp"
#include "pickle/globals.hpp"

namespace functionfuse {

using namespace detail;

namespace {
constexpr std::size_t kBatch = 1000;
constexpr char kMark = '(', kPop = '0', kPopMark = '1', kTuple = 't', kAppends = 'e',
               kSetItems = 'u', kAddItems = '\x90', kFrozenset = '\x91';

std::span<const std::byte> bytes_of(const Blob& blob) {
  return {blob.data, static_cast<std::size_t>(blob.size)};
}
}  // namespace

void Pickler::value(const Value& value) {
  const std::size_t remembered = memo_.size();
  ValuePickler(*this, value).save(value.slot());
  if (memo_.size() != remembered && (kept_.empty() || kept_.back() != value.heap())) {
    keep(value.heap());
  }
}

void ValuePickler::save(const Slot& root) {
  enter(root);
  while (!levels_.empty()) {
    if (advance()) levels_.pop_back();
  }
}

inline void ValuePickler::small(const Slot& slot) {
  switch (slot.tag) {
    case Kind::none: return pickler_.none();
    case Kind::boolean: return pickler_.boolean(slot.boolean);
    case Kind::integer: return pickler_.integer(slot.integer);
    default: return pickler_.floating(slot.floating);
  }
}

void ValuePickler::enter(const Slot& slot) {
  if (!slot.is_object()) return small(slot);
  const Object& object = *slot.object;
  if (object.shared && pickler_.get(&object)) return;
  enter_object(object);
}

void ValuePickler::memoize(const Object& object) {
  if (object.shared) pickler_.memoize(&object);
}

void ValuePickler::enter_object(const Object& object) {
  switch (object.kind) {
    case Kind::big_integer: return big_integer(static_cast<const Text&>(object));
    case Kind::complex: {
      const auto& c = static_cast<const Complex&>(object);
      pickler_.complex(c.real, c.imag);
      return memoize(object);
    }
    case Kind::str:
      pickler_.raw_str(static_cast<const Text&>(object).view());
      return memoize(object);
    case Kind::bytes:
    case Kind::bytearray: return blob(static_cast<const Blob&>(object));
    case Kind::ndarray:
    case Kind::scalar: return array(static_cast<const Array&>(object));
    case Kind::dtype: return dtype(static_cast<const Dtype&>(object));
    case Kind::global: {
      const auto& global = static_cast<const Global&>(object);
      pickler_.global(global.module->view(), global.name->view());
      return memoize(object);
    }
    case Kind::list: pickler_.empty_list(); break;
    case Kind::dict: pickler_.empty_dict(); break;
    case Kind::set: pickler_.empty_set(); break;
    case Kind::tuple: {
      if (object.size == 0) return pickler_.empty_tuple();
      if (object.size > 3) pickler_.op(kMark);
      levels_.push_back({&object});
      return;
    }
    case Kind::frozenset:
      pickler_.op(kMark);
      levels_.push_back({&object});
      return;
    default: levels_.push_back({&object}); return;
  }
  // Before the items, which may refer to it.
  memoize(object);
  if (object.size != 0) levels_.push_back({&object});
}

bool ValuePickler::advance() {
  Level& level = levels_.back();
  switch (level.object->kind) {
    case Kind::list:
      return advance_items(level, static_cast<const Container&>(*level.object), 1, kAppends);
    case Kind::set:
      return advance_items(level, static_cast<const Container&>(*level.object), 1, kAddItems);
    case Kind::dict:
      return advance_items(level, static_cast<const Container&>(*level.object), 2, kSetItems);
    case Kind::tuple: return advance_tuple(level, static_cast<const Container&>(*level.object));
    case Kind::frozenset:
      return advance_frozenset(level, static_cast<const Container&>(*level.object));
    case Kind::object: return advance_opaque(level, static_cast<const Opaque&>(*level.object));
    default: return advance_persistent(level, static_cast<const Persistent&>(*level.object));
  }
}

bool ValuePickler::advance_items(Level& level, const Container& container, std::size_t width,
                                 char op) {
  const std::size_t slots = container.size * width;
  // Values without anything below them need no level of their own: written in one go.
  while (level.next < slots) {
    if (level.next == level.batch) {
      if (level.next != 0) pickler_.op(op);
      pickler_.op(kMark);
      level.batch += kBatch * width;
    }
    const Slot& slot = container.items[level.next++];
    if (!slot.is_object()) {
      small(slot);
      continue;
    }
    std::size_t depth = levels_.size();
    enter(slot);
    if (levels_.size() != depth) return false;  // `level` may have moved
  }
  pickler_.op(op);
  return true;
}

bool ValuePickler::advance_tuple(Level& level, const Container& tuple) {
  if (level.next < tuple.size) {
    enter(tuple.items[level.next++]);
    return false;
  }
  // A tuple that contains itself, through a list, is finished by then: its items are dropped again.
  if (tuple.shared && pickler_.memo_.contains(&tuple)) {
    if (tuple.size > 3) {
      pickler_.op(kPopMark);
    } else {
      for (std::size_t i = 0; i < tuple.size; ++i) pickler_.op(kPop);
    }
    pickler_.get(&tuple);
    return true;
  }
  if (tuple.size > 3) {
    pickler_.op(kTuple);
  } else {
    pickler_.tuple_of(tuple.size);
  }
  memoize(tuple);
  return true;
}

bool ValuePickler::advance_frozenset(Level& level, const Container& set) {
  if (level.next < set.size) {
    enter(set.items[level.next++]);
    return false;
  }
  if (set.shared && pickler_.memo_.contains(&set)) {
    pickler_.op(kPopMark);
    pickler_.get(&set);
    return true;
  }
  pickler_.op(kFrozenset);
  memoize(set);
  return true;
}

/// The call (steps 0 to 3), then the object's own steps; runs of the same step share a mark.
bool ValuePickler::advance_opaque(Level& level, const Opaque& object) {
  const bool keywords = object.how == Opaque::How::newobj_ex;
  if (level.next < 3) {
    switch (level.next++) {
      case 0: enter(object.cls); break;
      case 1: enter(object.args); break;
      default:
        if (keywords) enter(object.kwargs);
    }
    return false;
  }
  if (level.next == 3) {
    ++level.next;
    if (object.shared && pickler_.memo_.contains(&object)) {
      // The arguments referred to the object, which is whole by now.
      for (int i = 0; i < (keywords ? 3 : 2); ++i) pickler_.op(kPop);
      pickler_.get(&object);
      return true;
    }
    constexpr char kOps[] = {'R', '\x81', '\x92'};
    pickler_.op(kOps[static_cast<std::size_t>(object.how)]);
    memoize(object);
  }
  const std::size_t count = object.steps == nullptr ? 0 : 2 * object.steps->size();
  std::size_t i = level.next - 4;  // two for each step: its first and its second slot
  if (i == count) return true;
  const Step& step = (*object.steps)[i / 2];
  constexpr char kEnds[] = {kAppends, kSetItems, kAddItems, 'b'};
  const char end = kEnds[static_cast<std::size_t>(step.what)];
  const bool build = step.what == Step::What::build;
  if (i % 2 == 0) {
    if (!build && level.batch == 0) pickler_.op(kMark);
    ++level.next;
    enter(step.first);
    return false;
  }
  if (step.what == Step::What::set_item && !level.second_done) {
    level.second_done = true;  // this place is come to once more when the value is written
    enter(step.second);
    return false;
  }
  level.second_done = false;
  ++level.next;
  ++level.batch;
  const bool last = i + 1 == count || (*object.steps)[i / 2 + 1].what != step.what;
  if (build || last || level.batch == kBatch) {
    pickler_.op(end);
    level.batch = 0;
  }
  return false;
}

bool ValuePickler::advance_persistent(Level& level, const Persistent& persistent) {
  Value value(Slot(const_cast<Persistent*>(&persistent)), nullptr);
  auto id = value.persistent_id();
  if (pickler_.hooks_ != nullptr && id) {
    pickler_.persistent(pickler_.hooks_->persistent_copy(*id, origin_));
    memoize(persistent);
    return true;
  }
  if (level.next++ == 0) {
    enter(persistent.id);
    return false;
  }
  pickler_.op('Q');
  memoize(persistent);
  return true;
}

void ValuePickler::big_integer(const Text& integer) {
  if (integer.size < 256) {
    char head[] = {'\x8a', static_cast<char>(integer.size)};
    pickler_.room(sizeof head + integer.size);  // an opcode must not lie in two frames
    pickler_.raw(head, sizeof head);
    pickler_.raw(integer.view().data(), integer.size);
  } else {
    // The reader's limit as well: a size in four signed bytes.
    pickler_.large('\x8b', 4, integer.view().data(), integer.size);
  }
  memoize(integer);
}

void ValuePickler::blob(const Blob& blob) {
  if (blob.kind == Kind::bytearray) {
    pickler_.global("builtins", "bytearray");
    if (blob.size == 0) {
      pickler_.empty_tuple();
    } else {
      pickler_.bytes(bytes_of(blob));
      pickler_.tuple_of(1);
    }
    pickler_.reduce();
  } else {
    pickler_.bytes(bytes_of(blob));
  }
  memoize(blob);
}

void ValuePickler::dtype(const Dtype& dtype) {
  if (dtype.shared && pickler_.get(&dtype)) return;
  pickler_.dtype(*dtype.dtype);
  memoize(dtype);
}

void ValuePickler::array(const Array& array) {
  if (array.kind == Kind::scalar) {
    pickler_.scalar_head();
    dtype(*array.dtype);
    pickler_.scalar_tail(bytes_of(*array.data));
  } else if (array.ndim != 1 || array.data->data == nullptr ||
             !pickler_.small_array(*array.dtype->dtype, array.data->data,
                                   static_cast<std::size_t>(array.shape[0]))) {
    pickler_.array_head({array.shape, static_cast<std::size_t>(array.ndim)});
    dtype(*array.dtype);
    pickler_.array_tail(array.order == 'F', bytes_of(*array.data));
  }
  memoize(array);
}

}  // namespace functionfuse
