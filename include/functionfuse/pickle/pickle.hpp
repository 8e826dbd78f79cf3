#pragma once

#include <span>
#include <string>
#include <string_view>

#include "functionfuse/pickle/types.hpp"

namespace functionfuse {

/// Python's `pickle.dumps(object, protocol=4)`: bytes that `pickle.loads` reads.
template <class T>
[[nodiscard]] std::string dumps(const T& object) {
  StringOutput output;
  Pickler pickler(output);
  pickler.save(object);
  pickler.finish();
  return output.take();
}

/// Python's `pickle.loads`, but never running code. Bytes behind the pickle's end are left alone.
/// \error corrupt, unsupported, type_mismatch  see unpickler.hpp
template <class T = Value>
[[nodiscard]] T loads(std::span<const std::byte> pickle) {
  MemoryInput input(pickle);
  Value value = unpickle(input);
  if constexpr (std::is_same_v<T, Value>) {
    return value;
  } else {
    ReadContext context;
    context.heap = value.heap();
    context.where = "pickle";
    context.budget = read_budget(pickle.size());
    return Reading(value.slot(), context).as<T>();
  }
}
template <class T = Value>
[[nodiscard]] T loads(std::string_view pickle) {
  return loads<T>(std::as_bytes(std::span(pickle.data(), pickle.size())));
}

}  // namespace functionfuse
