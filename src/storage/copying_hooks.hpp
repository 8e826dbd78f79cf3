#pragma once

#include <map>
#include <string>
#include <utility>

#include "functionfuse/error.hpp"

#include "serializers/serializer_hooks.hpp"
#include "storage/filenames.hpp"
#include "storage/load_object.hpp"

namespace functionfuse::detail {

/// SerializerHooks that copy objects of a Value from one storage to another: as they lie there
/// where it is of the same kind; else their serializer reads them and keeps them anew.
///
/// \tparam Origin   the kind's PersistentOrigin; its `where()` tells places apart
/// \tparam Objects  the kind's protocol; `copy_from(const Origin&, filename)` gives the new name
template <class Origin, class Objects>
class CopyingHooks final : public SerializerHooks {
 public:
  CopyingHooks(const SerializerPool& pool, const Protocols& protocols, Objects& objects)
      : SerializerHooks(pool, protocols), pool_(pool), objects_(objects) {}

  PersistentId persistent_copy(const PersistentId& id, const PersistentOrigin* origin) override {
    const auto* from = dynamic_cast<const Origin*>(origin);
    if (from == nullptr) return keep_anew(id, origin);
    if (!is_plain_filename(id.filename)) {
      throw CorruptError("the value that is being saved refers to an object \"" +
                         id.filename.substr(0, 80) + "\", which is no name of a file in " +
                         from->where());
    }
    std::string& copy = copied_[{from->where(), id.filename}];
    if (copy.empty()) copy = objects_.copy_from(*from, id.filename);
    return {id.name, id.version, copy};
  }

 private:
  PersistentId keep_anew(const PersistentId& id, const PersistentOrigin* origin) {
    AnySerializer* serializer = pool_.find(std::string_view(id.name));
    if (origin == nullptr || serializer == nullptr) {
      return SerializerHooks::persistent_copy(id, origin);
    }
    const auto known = anew_.find({origin, id.filename});
    if (known != anew_.end()) return known->second;
    const auto object = load_object(*origin, *serializer, id);
    if (object == nullptr) return SerializerHooks::persistent_copy(id, origin);
    PersistentId copy = persistent_id(serializer->type(), object.get());
    anew_.emplace(std::pair(origin, id.filename), copy);
    return copy;
  }

  const SerializerPool& pool_;
  Objects& objects_;
  std::map<std::pair<std::string, std::string>, std::string> copied_;  // (where, name) -> new name
  std::map<std::pair<const PersistentOrigin*, std::string>, PersistentId> anew_;
};

}  // namespace functionfuse::detail
