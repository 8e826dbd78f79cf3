#pragma once

#include <string_view>

#include "functionfuse/serializers/serializer.hpp"

namespace functionfuse::detail {

/// \error unsupported  `id` is of another version; `what` ("the array") starts the text
void check_version(const SerializedAs& id, std::string_view version, std::string_view what,
                   std::string_view serializer);

}  // namespace functionfuse::detail
