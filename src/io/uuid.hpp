#pragma once

#include <string>

namespace functionfuse::io {

/// A random UUID (version 4, RFC 4122) in its 36 characters.
[[nodiscard]] std::string uuid4();

}  // namespace functionfuse::io
