#pragma once

#include <cstddef>

#include "functionfuse/pickle/object.hpp"

namespace functionfuse::detail {

inline bool has_children(Kind kind) {
  switch (kind) {
    case Kind::list:
    case Kind::tuple:
    case Kind::dict:
    case Kind::set:
    case Kind::frozenset:
    case Kind::object:
    case Kind::persistent: return true;
    default: return false;
  }
}

/// The i-th slot that an object refers to directly; null behind the last.
const Slot* child(const Object& object, std::size_t i);

/// \error corrupt  objects lie deeper than `limit` in `root`, each counted at its first place only,
///                 as recursion over them with a memo would meet them
void check_nesting(Slot root, std::size_t limit);

}  // namespace functionfuse::detail
