#include "functionfuse/pickle/persistent.hpp"

namespace functionfuse {

PersistentOrigin::~PersistentOrigin() = default;
PersistentHooks::~PersistentHooks() = default;

}  // namespace functionfuse
