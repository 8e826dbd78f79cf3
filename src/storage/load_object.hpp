#pragma once

#include <memory>

#include "functionfuse/pickle/persistent.hpp"
#include "functionfuse/serializers/serializer.hpp"

namespace functionfuse::detail {

/// The object behind the id of a Value that was read from a storage of any kind; null: of no kind
/// that is known here.
/// \error any  what the serializer throws
[[nodiscard]] std::shared_ptr<void> load_object(const PersistentOrigin& origin,
                                                AnySerializer& serializer, const PersistentId& id);

}  // namespace functionfuse::detail
