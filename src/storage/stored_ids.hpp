#pragma once

#include <string>
#include <vector>

#include "functionfuse/pickle/persistent.hpp"
#include "functionfuse/pickle/value.hpp"
#include "storage/task_input.hpp"

namespace functionfuse::detail {

/// Every persistent id in a value, each once.
[[nodiscard]] std::vector<PersistentId> persistent_ids(const Value& value);

/// Those in a task's file, read without its large payloads and without any serializer.
struct StoredIds {
  std::vector<PersistentId> ids;
  std::string damage;  ///< why the file can't be read; empty where it can
};
/// No ids where there is no such file. Without Check::all a large file may be damaged unnoticed, and
/// its ids wrong: they may say what to remove, but not that anything else can go.
[[nodiscard]] StoredIds stored_ids(const std::string& path,
                                   TaskInput::Check check = TaskInput::Check::all);

}  // namespace functionfuse::detail
