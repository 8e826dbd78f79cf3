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
    const Object* object;
    std::size_t next;
  };
  std::vector<Level> levels;
  // Most objects have nothing below them and are passed over without being marked.
  auto is_new = [](const Slot& slot) {
    if (!slot.is_object() || !has_children(slot.object->kind) || slot.object->visited) return false;
    return slot.object->visited = true;
  };
  auto descend = [&](Level& level) -> const Object* {
    while (const Slot* slot = child(*level.object, level.next)) {
      ++level.next;
      if (is_new(*slot)) return slot->object;
    }
    return nullptr;
  };
  if (is_new(root)) levels.push_back({root.object, 0});
  while (!levels.empty()) {
    const Object* below = descend(levels.back());
    if (below == nullptr) {
      levels.pop_back();
    } else if (levels.size() == limit) {
      throw CorruptError("pickle nested deeper than " + std::to_string(limit) +
                         " containers; a result like that can't be read");
    } else {
      levels.push_back({below, 0});
    }
  }
}

}  // namespace functionfuse::detail
