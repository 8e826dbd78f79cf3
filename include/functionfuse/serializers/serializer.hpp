#pragma once

#include <concepts>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/persistent.hpp"
#include "functionfuse/serializers/protocols.hpp"

namespace functionfuse {

/// The protocols that a storage offers for one workflow, by their key.
class Protocols {
 public:
  void add(std::string_view key, Protocol& protocol) { protocols_.emplace(key, &protocol); }
  /// Null where the storage has no protocol of that key.
  template <class P>
  [[nodiscard]] P* get(std::string_view key) const {
    auto it = protocols_.find(key);
    return it == protocols_.end() ? nullptr : dynamic_cast<P*>(it->second);
  }
  /// As get. \error unsupported  names the protocol, the serializer that needs it, and what there is
  template <class P>
  [[nodiscard]] P& require(std::string_view key, std::string_view serializer) const {
    if (P* p = get<P>(key)) return *p;
    fail_missing(key, serializer);
  }

 private:
  [[noreturn]] void fail_missing(std::string_view key, std::string_view serializer) const;
  std::map<std::string, Protocol*, std::less<>> protocols_;
};

/// (version, filename) of Function Fuse: what a serializer leaves in the pickle.
using SerializedAs = std::pair<std::string, std::string>;

/// A persistent serializer: keeps objects of one type beside the pickle.
///
///     struct MeshSerializer {
///       using serializer_class = Mesh;                         // exactly this type
///       static constexpr std::string_view name = "Mesh";       // what stands in the pickle
///       SerializedAs pickle(const Protocols&, const Mesh&);    // keeps it under a new_filename()
///       Mesh unpickle(const Protocols&, const SerializedAs&);
///       void remove(const Protocols&, const SerializedAs&);    // nothing where it is gone
///     };
///
/// A change of what `pickle` writes that old readers can't read wants a new version.
///
/// Optional:
/// - `bool wants(const Mesh&) const`: false leaves that object in the pickle.
/// - `std::shared_ptr<const void> identity(const Mesh&) const`: objects of one (non-null) identity
///   in one result are kept once. For handles that share what they refer to. The address of an
///   object would not do: a result may make its parts while it is pickled, one after the other at
///   the same address. What is returned stays alive until the save ends, for the same reason.
/// - `void verify(const Protocols&, const SerializedAs&)`: reads what was kept, with little memory,
///   and throws an exception whose text says what is wrong with it. Storage::verify calls it for
///   objects that are there; without it, that is all that is checked.
/// - `static constexpr bool thread_safe = true`: see below.
///
/// \threads one function of a serializer is called at a time, unless it says `thread_safe`: then
///          any number, for different objects
template <class S>
concept PersistentSerializer =
    requires(S s, const Protocols& protocols, const typename S::serializer_class& object,
             const SerializedAs& id) {
      { S::name } -> std::convertible_to<std::string_view>;
      { s.pickle(protocols, object) } -> std::convertible_to<SerializedAs>;
      { s.unpickle(protocols, id) } -> std::convertible_to<typename S::serializer_class>;
      s.remove(protocols, id);
    };

/// A serializer with its type erased; SerializerPool makes it.
class AnySerializer {
 public:
  virtual ~AnySerializer();
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual const std::type_info& type() const = 0;
  [[nodiscard]] virtual bool wants(const void* object) const = 0;
  /// Null where the serializer doesn't say.
  [[nodiscard]] virtual std::shared_ptr<const void> identity(const void* object) const = 0;
  virtual SerializedAs pickle(const Protocols&, const void* object) = 0;
  virtual std::shared_ptr<void> unpickle(const Protocols&, const SerializedAs& id) = 0;
  virtual void remove(const Protocols&, const SerializedAs& id) = 0;
  /// Nothing where the serializer has no such function.
  virtual void verify(const Protocols&, const SerializedAs& id) = 0;
};

/// The serializers registered with one storage.
/// \threads register first, then any number of readers
class SerializerPool {
 public:
  /// \error invalid_argument  the name or the type is taken
  template <PersistentSerializer S>
  void register_serializer(S serializer);

  [[nodiscard]] bool empty() const noexcept { return serializers_.empty(); }
  /// Null where there is none.
  [[nodiscard]] AnySerializer* find(const std::type_info& type) const noexcept;
  [[nodiscard]] AnySerializer* find(std::string_view name) const noexcept;
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  void add(std::unique_ptr<AnySerializer> serializer);
  std::vector<std::unique_ptr<AnySerializer>> serializers_;
};

namespace detail {
template <PersistentSerializer S>
class TypedSerializer final : public AnySerializer {
 public:
  using T = typename S::serializer_class;
  explicit TypedSerializer(S serializer) : serializer_(std::move(serializer)) {}
  std::string_view name() const override { return S::name; }
  const std::type_info& type() const override { return typeid(T); }
  bool wants(const void* object) const override {
    if constexpr (requires(const S s, const T& t) {
                    { s.wants(t) } -> std::convertible_to<bool>;
                  }) {
      auto lock = one_at_a_time();
      return serializer_.wants(*static_cast<const T*>(object));
    } else {
      return true;
    }
  }
  std::shared_ptr<const void> identity(const void* object) const override {
    if constexpr (requires(const S s, const T& t) {
                    { s.identity(t) } -> std::convertible_to<std::shared_ptr<const void>>;
                  }) {
      auto lock = one_at_a_time();
      return serializer_.identity(*static_cast<const T*>(object));
    } else {
      return nullptr;
    }
  }
  SerializedAs pickle(const Protocols& protocols, const void* object) override {
    auto lock = one_at_a_time();
    return serializer_.pickle(protocols, *static_cast<const T*>(object));
  }
  std::shared_ptr<void> unpickle(const Protocols& protocols, const SerializedAs& id) override {
    auto lock = one_at_a_time();
    return std::make_shared<T>(serializer_.unpickle(protocols, id));
  }
  void remove(const Protocols& protocols, const SerializedAs& id) override {
    auto lock = one_at_a_time();
    serializer_.remove(protocols, id);
  }
  void verify(const Protocols& protocols, const SerializedAs& id) override {
    if constexpr (requires(S s) { s.verify(protocols, id); }) {
      auto lock = one_at_a_time();
      serializer_.verify(protocols, id);
    }
  }

 private:
  std::unique_lock<std::recursive_mutex> one_at_a_time() const {
    if constexpr (requires { requires S::thread_safe; }) {
      return {};
    } else {
      return std::unique_lock(mutex_);
    }
  }

  S serializer_;
  mutable std::recursive_mutex mutex_;  // recursive: an object may hold another of its type
};
}  // namespace detail

template <PersistentSerializer S>
void SerializerPool::register_serializer(S serializer) {
  add(std::make_unique<detail::TypedSerializer<S>>(std::move(serializer)));
}

}  // namespace functionfuse
