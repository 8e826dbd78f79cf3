#include "storage/stored_ids.hpp"

#include <set>
#include <tuple>
#include <unordered_set>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/object.hpp"
#include "functionfuse/pickle/unpickler.hpp"

namespace functionfuse::detail {
namespace {

/// Visits a value's objects, however deep, without recursion.
class Walk {
 public:
  explicit Walk(const Slot& top) { add(top); }

  template <class F>
  void run(F found) {
    while (!todo_.empty()) {
      const Object* object = todo_.back();
      todo_.pop_back();
      switch (object->kind) {
        case Kind::list:
        case Kind::tuple:
        case Kind::set:
        case Kind::frozenset:
          add(static_cast<const Container*>(object)->items, object->size);
          break;
        case Kind::dict:
          add(static_cast<const Container*>(object)->items, 2 * object->size);
          break;
        case Kind::object:
          add_parts(*static_cast<const Opaque*>(object));
          break;
        case Kind::persistent:
          found(*static_cast<const Persistent*>(object));
          break;
        default:
          break;
      }
    }
  }

 private:
  void add(const Slot& slot) {
    if (!slot.is_object()) return;
    // Only an object that stands in more than one place, itself perhaps, can come twice.
    if (slot.object->shared && !seen_.insert(slot.object).second) return;
    todo_.push_back(slot.object);
  }
  void add(const Slot* slots, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) add(slots[i]);
  }
  void add_parts(const Opaque& object) {
    add(object.cls);
    add(object.args);
    add(object.kwargs);
    if (object.steps == nullptr) return;
    for (const Step& step : *object.steps) {
      add(step.first);
      add(step.second);
    }
  }

  std::vector<const Object*> todo_;
  std::unordered_set<const Object*> seen_;
};

}  // namespace

std::vector<PersistentId> persistent_ids(const Value& value) {
  std::vector<PersistentId> ids;
  std::set<std::tuple<std::string, std::string, std::string>> known;
  Walk(value.slot()).run([&](const Persistent& persistent) {
    const Value object(Slot(const_cast<Persistent*>(&persistent)), value.heap());
    auto id = object.persistent_id();
    if (id && known.emplace(id->name, id->version, id->filename).second) {
      ids.push_back(std::move(*id));
    }
  });
  return ids;
}

StoredIds stored_ids(const std::string& path, TaskInput::Check check) {
  StoredIds result;
  try {
    if (auto task = TaskInput::open_if_there(path, check)) {
      task->read([&](Input& input) { result.ids = persistent_ids(unpickle(input, true)); });
    }
  } catch (const Error& e) {
    result.damage = e.what();
  }
  return result;
}

}  // namespace functionfuse::detail
