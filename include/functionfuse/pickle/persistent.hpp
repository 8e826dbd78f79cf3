#pragma once

#include <memory>
#include <string>
#include <typeinfo>

namespace functionfuse {

/// What stands in a pickle, as the tuple `(name, (version, filename))` under BINPERSID, in place of
/// an object that a persistent serializer keeps beside the pickle.
struct PersistentId {
  std::string name;      ///< the serializer's name on disk, "HDFSerializer" for Dask arrays
  std::string version;   ///< of what the serializer wrote, "0.0.0"
  std::string filename;  ///< in the workflow's bigdata folder
  friend bool operator==(const PersistentId&, const PersistentId&) = default;
};

/// Where the object behind a persistent id lies: kept with a Value that was read from a storage,
/// so that saving the Value elsewhere can copy the object too. Storages derive from it.
class PersistentOrigin {
 public:
  virtual ~PersistentOrigin();
};

/// Python's `persistent_id` and `persistent_load`: asked by a Pickler for every object of class
/// type that it comes to, and by a reader for every persistent id. The pool of serializers of a
/// storage implements it; without one nothing is persistent.
///
/// \threads one pickle at a time
class PersistentHooks {
 public:
  virtual ~PersistentHooks();

  /// Whether this `object` of `type` is kept beside the pickle. Called for every object: be quick.
  [[nodiscard]] virtual bool is_persistent(const std::type_info& type,
                                           const void* object) const = 0;

  /// Keeps `object` and returns its id. The same address within one pickle is kept once.
  virtual PersistentId persistent_id(const std::type_info& type, const void* object) = 0;

  /// The object behind `id`, of dynamic type exactly `type`; nobody else's, for it may be moved from.
  /// \error unsupported   no serializer of that name is registered; the text says how to
  /// \error type_mismatch the serializer of that name makes objects of another type
  virtual std::shared_ptr<void> persistent_load(const PersistentId& id,
                                                const std::type_info& type) = 0;

  /// Keeps anew the object that a Value read from `origin` refers to, and returns its new id.
  /// \error unsupported  origin is null, or of another kind of storage and no serializer of that
  ///                     name is registered
  virtual PersistentId persistent_copy(const PersistentId& id, const PersistentOrigin* origin) = 0;
};

}  // namespace functionfuse
