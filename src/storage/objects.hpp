#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "functionfuse/pickle/persistent.hpp"
#include "functionfuse/serializers/serializer.hpp"

#include "storage/filenames.hpp"

/// Objects that persistent serializers keep beside a task, wherever that is.
namespace functionfuse::detail {

/// Removes the objects behind `ids`: through their serializer, otherwise `remove_others` gets all
/// names for which there is none, at once. Ids that name nothing in bigdata are passed over.
/// \error io  after all that could be removed are
void remove_objects(std::span<const PersistentId> ids, const SerializerPool& pool,
                    const Protocols& protocols,
                    const std::function<void(const Filenames&)>& remove_others);

/// What is wrong with the object behind `id`; empty where nothing is.
[[nodiscard]] std::string object_fault(const PersistentId& id, const SerializerPool& pool,
                                       const Protocols& protocols,
                                       const std::function<bool(const std::string&)>& exists);

}  // namespace functionfuse::detail
