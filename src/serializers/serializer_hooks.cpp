#include "serializers/serializer_hooks.hpp"

#include "functionfuse/pickle/type_name.hpp"

namespace functionfuse {
namespace {

std::string registered(const SerializerPool& pool) {
  if (pool.empty()) return "none is registered";
  std::string text = "registered: ";
  for (std::string_view separator; const std::string& name : pool.names()) {
    text += separator;
    text += name;
    separator = ", ";
  }
  return text;
}

}  // namespace

bool SerializerHooks::is_persistent(const std::type_info& type, const void* object) const {
  // A list of a million strings asks a million times for the same type.
  if (&type == not_kept_) return false;
  if (const AnySerializer* serializer = pool_.find(type)) return serializer->wants(object);
  not_kept_ = &type;
  return false;
}

PersistentId SerializerHooks::persistent_id(const std::type_info& type, const void* object) {
  AnySerializer* serializer = pool_.find(type);
  if (serializer == nullptr) {
    throw UnsupportedError("no serializer for " + detail::readable_symbol(type.name()) +
                           " is registered with this storage (" + registered(pool_) +
                           "): storage->register_persistent_serializers<...>()");
  }
  auto identity = serializer->identity(object);
  if (identity) {
    auto known = by_identity_.find({serializer, identity.get()});
    if (known != by_identity_.end()) return kept_[known->second].id;
  }
  auto [version, filename] = serializer->pickle(protocols_, object);
  if (identity) by_identity_.emplace(std::pair(serializer, identity.get()), kept_.size());
  kept_.push_back({serializer,
                   {std::string(serializer->name()), std::move(version), std::move(filename)},
                   std::move(identity)});
  return kept_.back().id;
}

std::shared_ptr<void> SerializerHooks::persistent_load(const PersistentId& id,
                                                       const std::type_info& type) {
  AnySerializer* serializer = pool_.find(std::string_view(id.name));
  if (serializer == nullptr) {
    // The one whose class is not called as its name on disk.
    const bool is_array = id.name == "HDFSerializer";
    throw UnsupportedError("it was kept by the serializer \"" + id.name +
                           "\", which is not registered with this storage (" + registered(pool_) +
                           "): call storage->register_persistent_serializers<" +
                           (is_array ? "ff::DaskArraySerializer" : "...") + ">() " +
                           (is_array ? "" : "with it ") + "before reading");
  }
  if (serializer->type() != type) {
    throw Error(Errc::type_mismatch, "the serializer \"" + id.name + "\" reads objects of type " +
                                         detail::readable_symbol(serializer->type().name()) + ", not " +
                                         detail::readable_symbol(type.name()));
  }
  return serializer->unpickle(protocols_, {id.version, id.filename});
}

PersistentId SerializerHooks::persistent_copy(const PersistentId& id, const PersistentOrigin*) {
  throw UnsupportedError("the object \"" + id.filename + "\" that the serializer \"" + id.name +
                         "\" keeps can't be copied to this storage: read the result as its C++ "
                         "type and save that");
}

void SerializerHooks::remove_kept() noexcept {
  for (const Kept& kept : kept_) {
    try {
      kept.serializer->remove(protocols_, {kept.id.version, kept.id.filename});
    } catch (const std::exception&) {
      // See the header.
    }
  }
  kept_.clear();
  by_identity_.clear();
}

}  // namespace functionfuse
