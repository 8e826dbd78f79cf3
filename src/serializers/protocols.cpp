#include "functionfuse/serializers/protocols.hpp"

#include "io/uuid.hpp"

namespace functionfuse {

Protocol::~Protocol() = default;

std::string new_filename() { return io::uuid4(); }

}  // namespace functionfuse
