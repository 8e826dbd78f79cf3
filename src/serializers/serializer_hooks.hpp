#pragma once

#include <map>
#include <memory>
#include <typeinfo>
#include <unordered_map>
#include <vector>

#include "functionfuse/pickle/persistent.hpp"
#include "functionfuse/serializers/serializer.hpp"

namespace functionfuse {

/// What connects one pickle, while it is written or read, with the serializers of a storage. The
/// storage derives from it to say how an object is copied from another storage.
class SerializerHooks : public PersistentHooks {
 public:
  /// Both must outlive it.
  SerializerHooks(const SerializerPool& pool, const Protocols& protocols)
      : pool_(pool), protocols_(protocols) {}

  [[nodiscard]] bool is_persistent(const std::type_info& type, const void* object) const override;
  PersistentId persistent_id(const std::type_info& type, const void* object) override;
  /// \error unsupported  no serializer of that name is registered. It is not NotFoundError, which a
  ///                     backend takes for a result that is gone and computes again
  std::shared_ptr<void> persistent_load(const PersistentId& id,
                                        const std::type_info& type) override;
  /// \error unsupported  always
  PersistentId persistent_copy(const PersistentId& id, const PersistentOrigin* origin) override;

  /// Removes what serializers have kept for this pickle: the save failed. What can't be removed
  /// stays for gc, so that the failure of the save is what is reported.
  void remove_kept() noexcept;

 private:
  struct Kept {
    AnySerializer* serializer;
    PersistentId id;
    std::shared_ptr<const void> identity;
  };

  const SerializerPool& pool_;
  const Protocols& protocols_;
  mutable const std::type_info* not_kept_ = nullptr;  // the type that was asked for last, in vain
  std::vector<Kept> kept_;
  std::map<std::pair<AnySerializer*, const void*>, std::size_t> by_identity_;
};

}  // namespace functionfuse
