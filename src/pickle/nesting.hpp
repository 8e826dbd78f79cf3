#pragma once

#include <cstddef>

#include "functionfuse/pickle/object.hpp"

namespace functionfuse::detail {

/// The i-th slot that an object refers to directly; null behind the last.
const Slot* child(const Object& object, std::size_t i);

/// \error corrupt  objects lie deeper than `limit` in `root`, each counted at its first place only,
///                 as recursion over them with a memo would meet them
void check_nesting(Slot root, std::size_t limit);

}  // namespace functionfuse::detail
