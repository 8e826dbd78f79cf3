#include "storage/objects.hpp"

#include <exception>

namespace functionfuse::detail {

void remove_objects(std::span<const PersistentId> ids, const SerializerPool& pool,
                    const Protocols& protocols,
                    const std::function<void(const Filenames&)>& remove_others) {
  std::exception_ptr error;
  Filenames without_serializer;
  for (const PersistentId& id : ids) {
    if (!is_plain_filename(id.filename)) continue;
    AnySerializer* serializer = pool.find(std::string_view(id.name));
    if (serializer == nullptr) {
      without_serializer.insert(id.filename);
      continue;
    }
    try {
      serializer->remove(protocols, {id.version, id.filename});
    } catch (const std::exception&) {
      error = std::current_exception();
    }
  }
  if (!without_serializer.empty()) remove_others(without_serializer);
  if (error) std::rethrow_exception(error);
}

std::string object_fault(const PersistentId& id, const SerializerPool& pool,
                         const Protocols& protocols,
                         const std::function<bool(const std::string&)>& exists) {
  if (!is_plain_filename(id.filename)) {
    return "refers to \"" + id.filename.substr(0, 80) + "\", which is no name of a file in bigdata";
  }
  const std::string object = "the object " + id.filename + " that " + id.name + " kept in bigdata";
  if (!exists(id.filename)) return object + " is gone";
  AnySerializer* serializer = pool.find(std::string_view(id.name));
  if (serializer == nullptr) return {};
  try {
    serializer->verify(protocols, {id.version, id.filename});
  } catch (const std::exception& e) {
    return object + ": " + e.what();
  }
  return {};
}

}  // namespace functionfuse::detail
