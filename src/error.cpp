#include "functionfuse/error.hpp"

namespace functionfuse {

// Destructors are out of line so that each type has one home for its vtable: `catch` then works
// across shared libraries.

Error::Error(Errc code, const std::string& what) : std::runtime_error(what), code_(code) {}
Error::~Error() = default;

NotFoundError::NotFoundError(const std::string& what) : Error(Errc::not_found, what) {}
NotFoundError::~NotFoundError() = default;

CorruptError::CorruptError(const std::string& what, std::optional<std::uint64_t> offset)
    : Error(Errc::corrupt, what), offset_(offset) {}
CorruptError::~CorruptError() = default;

UnsupportedError::UnsupportedError(const std::string& what) : Error(Errc::unsupported, what) {}
UnsupportedError::~UnsupportedError() = default;

NodeError::NodeError(const std::string& node, const std::string& what)
    : Error(Errc::node_failed, what), node_(node) {}
NodeError::~NodeError() = default;

}  // namespace functionfuse
