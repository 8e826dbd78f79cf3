#include "pickle/nesting.hpp"

#include <string>
#include <vector>

#include "functionfuse/error.hpp"

namespace functionfuse::detail {

namespace {

const Slot* child_of_opaque(const Opaque& object, std::size_t i) {
  switch (i) {
    case 0: return &object.cls;
    case 1: return &object.args;
    case 2: return &object.kwargs;
    default: break;
  }
  i -= 3;
  if (object.steps == nullptr || i / 2 >= object.steps->size()) return nullptr;
  const Step& step = (*object.steps)[i / 2];
  return i % 2 == 0 ? &step.first : &step.second;
}

}  // namespace

const Slot* child(const Object& object, std::size_t i) {
  switch (object.kind) {
    case Kind::list:
    case Kind::tuple:
    case Kind::set:
    case Kind::frozenset: {
      const auto& container = static_cast<const Container&>(object);
      return i < container.size ? container.items + i : nullptr;
    }
    case Kind::dict: {
      const auto& container = static_cast<const Container&>(object);
      return i < container.size * 2 ? container.items + i : nullptr;
    }
    case Kind::object: return child_of_opaque(static_cast<const Opaque&>(object), i);
    case Kind::persistent:
      return i == 0 ? &static_cast<const Persistent&>(object).id : nullptr;
    default: return nullptr;
  }
}

void check_nesting(Slot root, std::size_t limit) {
  struct Level {
    Object* object;
    std::size_t next;
  };
  std::vector<Level> levels;
  auto enter = [&](const Slot& slot) {
    if (!slot.is_object() || slot.object->visited) return;
    slot.object->visited = true;
    if (child(*slot.object, 0) == nullptr) return;
    if (levels.size() >= limit) {
      throw CorruptError("pickle nested deeper than " + std::to_string(limit) +
                         " containers; a result like that can't be read");
    }
    levels.push_back({slot.object, 0});
  };
  enter(root);
  while (!levels.empty()) {
    const Slot* slot = child(*levels.back().object, levels.back().next++);
    if (slot == nullptr) {
      levels.pop_back();
    } else {
      enter(*slot);
    }
  }
}

}  // namespace functionfuse::detail
