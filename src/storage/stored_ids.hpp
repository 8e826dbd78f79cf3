#pragma once

#include <string>
#include <vector>

#include "functionfuse/pickle/persistent.hpp"
#include "functionfuse/pickle/value.hpp"

namespace functionfuse::detail {

/// Every persistent id in a value, each once.
[[nodiscard]] std::vector<PersistentId> persistent_ids(const Value& value);

/// Those in a task's file, read without its large payloads and without any serializer.
struct StoredIds {
  std::vector<PersistentId> ids;
  std::string damage;  ///< why the file can't be read; empty where it can
};
/// No ids where there is no such file.
[[nodiscard]] StoredIds stored_ids(const std::string& path);

}  // namespace functionfuse::detail
