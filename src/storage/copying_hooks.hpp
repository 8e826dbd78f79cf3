#pragma once

#include <map>
#include <string>
#include <utility>

#include "functionfuse/error.hpp"

#include "serializers/serializer_hooks.hpp"
#include "storage/filenames.hpp"

namespace functionfuse::detail {

/// SerializerHooks that copy objects of a Value from one storage to another of its kind.
///
/// \tparam Origin   the kind's PersistentOrigin; its `where()` tells places apart
/// \tparam Objects  the kind's protocol; `copy_from(const Origin&, filename)` gives the new name
template <class Origin, class Objects>
class CopyingHooks final : public SerializerHooks {
 public:
  CopyingHooks(const SerializerPool& pool, const Protocols& protocols, Objects& objects)
      : SerializerHooks(pool, protocols), objects_(objects) {}

  PersistentId persistent_copy(const PersistentId& id, const PersistentOrigin* origin) override {
    const auto* from = dynamic_cast<const Origin*>(origin);
    if (from == nullptr) return SerializerHooks::persistent_copy(id, origin);
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
  Objects& objects_;
  std::map<std::pair<std::string, std::string>, std::string> copied_;  // (where, name) -> new name
};

}  // namespace functionfuse::detail
