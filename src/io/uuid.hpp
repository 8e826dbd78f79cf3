#pragma once

#include <string>
#include <string_view>

namespace functionfuse::io {

/// A random UUID (version 4, RFC 4122) in its 36 characters.
[[nodiscard]] std::string uuid4();

/// The UUID (version 5) of a name: the same for the same bytes, another for others.
[[nodiscard]] std::string uuid5(std::string_view bytes);

}  // namespace functionfuse::io
