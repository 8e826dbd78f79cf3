#pragma once

#include <cereal/cereal.hpp>
#include <cereal/types/base_class.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "functionfuse/pickle/types.hpp"

/// Types written for cereal, as they are: including this file makes storable what has
/// `serialize(Archive&)`, or `save` and `load`, as members or free functions, with or without a
/// version; and `save_minimal` with `load_minimal`.
///
///     struct Particle {
///       double mass;
///       std::vector<double> position;
///       template <class Archive>
///       void serialize(Archive& ar) { ar(CEREAL_NVP(mass), CEREAL_NVP(position)); }
///     };
///
/// In Python it is a dict, {'mass': 1.0, 'position': array([0., 0.])}, with the names that cereal's
/// JSON archive gives: "value0", "value1" for what has none, a base class too. Every dict of a
/// versioned type holds its version as "cereal_class_version". A minimal type is what it is made of.
/// What is inside is written as types.hpp says where it has a rule for it (so cereal/types/vector.hpp
/// and its like are not needed), and otherwise with cereal again.
///
/// Reading goes by name, so that the order of a dict does not matter, and ignores other keys. A type
/// needs a default constructor (a private one that is a friend of cereal::access will do) and a move
/// constructor.
///
/// Not supported: raw pointers, polymorphic types behind pointers, load_and_construct. What asks for
/// the position in the archive, or counts on an order of what it reads, does not find it.
namespace functionfuse {

namespace detail {

/// Whether types.hpp has a rule for T.
template <class T>
inline constexpr bool is_chrono = false;
template <class R, class P>
inline constexpr bool is_chrono<std::chrono::duration<R, P>> = true;
template <class C, class D>
inline constexpr bool is_chrono<std::chrono::time_point<C, D>> = true;
template <class T>
inline constexpr bool is_standard =
    HasFields<T> || MapLike<T> || SetLike<T> || SequenceLike<T> || is_tuple<T> || is_std_array<T> ||
    holds_another<T> || is_complex<T> || is_chrono<T> || std::is_same_v<T, Bytes> ||
    std::is_same_v<T, NdArray> || std::is_same_v<T, Value> || std::is_same_v<T, std::monostate> ||
    requires { typename T::traits_type; };

class CerealOutput : public cereal::OutputArchive<CerealOutput> {
 public:
  explicit CerealOutput(Pickler& pickler)
      : cereal::OutputArchive<CerealOutput>(this), pickler_(pickler) {}

  template <class... T>
  CerealOutput& operator()(T&&... items) {
    (item(items), ...);
    return *this;
  }
  template <class T>
  CerealOutput& operator&(T&& x) {
    return (*this)(x);
  }
  template <class T>
  CerealOutput& operator<<(T&& x) {
    return (*this)(x);
  }

  /// Writes the key and value of one item.
  template <class T>
  void item(const T& x) {
    pickler_.name("value" + std::to_string(unnamed_++));
    value(x);
  }
  template <class T>
  void item(const cereal::NameValuePair<T>& pair) {
    pickler_.name(pair.name);
    value(pair.value);
  }
  template <class T>
  void item(const cereal::SizeTag<T>& tag) {
    pickler_.name("size");
    pickler_.save(static_cast<std::uint64_t>(tag.size));
  }
  template <class T>
  void item(const cereal::DeferredData<T>& deferred) {
    item(deferred.value);
  }

 private:
  template <class T>
  void value(const T& x) {
    pickler_.save(x);
  }
  template <class T>
  void value(const cereal::base_class<T>& base) {
    value(static_cast<const T&>(*base.base_ptr));
  }
  template <class T>
  void value(const cereal::virtual_base_class<T>& base) {
    value(static_cast<const T&>(*base.base_ptr));
  }
  template <class T>
  void value(const cereal::BinaryData<T>& data) {
    pickler_.bytes({static_cast<const std::byte*>(data.data), static_cast<std::size_t>(data.size)});
  }
  template <class T, std::size_t N>
  void value(const T (&array)[N]) {
    if constexpr (Element<T>) {
      pickler_.array(DType::of<T>(), array, N);
    } else {
      pickler_.empty_list();
      for (std::size_t i = 0; i < N; ++i) {
        pickler_.batch(i, 'e');
        value(array[i]);
      }
      pickler_.end_batch(N, 'e');
    }
  }

  Pickler& pickler_;
  std::size_t unnamed_ = 0;
};

class CerealInput : public cereal::InputArchive<CerealInput> {
 public:
  /// \param pairs  of the dict at `reading`
  /// \param type   the type that is being read, for errors
  CerealInput(const Reading& reading, std::span<const Slot> pairs, std::string (*type)())
      : cereal::InputArchive<CerealInput>(this), reading_(reading), pairs_(pairs), type_(type) {}

  template <class... T>
  CerealInput& operator()(T&&... items) {
    (item(items), ...);
    return *this;
  }
  template <class T>
  CerealInput& operator&(T&& x) {
    return (*this)(x);
  }
  template <class T>
  CerealInput& operator>>(T&& x) {
    return (*this)(x);
  }

  template <class T>
  void item(T& x) {
    value(member("value" + std::to_string(unnamed_++)), x);
  }
  template <class T>
  void item(cereal::NameValuePair<T>& pair) {
    value(member(pair.name), pair.value);
  }
  template <class T>
  void item(cereal::SizeTag<T>& tag) {
    const auto size = member("size").template as<std::uint64_t>();
    reading_.spend(size);  // it will be made room for
    tag.size = static_cast<std::remove_reference_t<decltype(tag.size)>>(size);
  }
  template <class T>
  void item(cereal::DeferredData<T>& deferred) {
    item(deferred.value);
  }

 private:
  Reading member(std::string_view name) {
    const Slot* slot = find_field(pairs_, name, next_++);
    if (slot == nullptr) fail_missing_field(reading_, type_(), name);
    return reading_.member(*slot, slot[-1]);
  }
  template <class T>
  static void value(const Reading& r, T& x) {
    if constexpr (requires { Pickle<T>::load_into(r, x); }) {
      if (r.kind() != Kind::persistent) return Pickle<T>::load_into(r, x);
    }
    x = r.as<T>();
  }
  template <class T>
  static void value(const Reading& r, cereal::base_class<T>& base) {
    value(r, *base.base_ptr);
  }
  template <class T>
  static void value(const Reading& r, cereal::virtual_base_class<T>& base) {
    value(r, *base.base_ptr);
  }
  template <class T>
  static void value(const Reading& r, cereal::BinaryData<T>& data) {
    const std::size_t size = bytes_length(r);
    if (size != data.size) fail_length(r, data.size, size);
    read_bytes(r, data.data);
  }
  template <class T, std::size_t N>
  static void value(const Reading& r, T (&array)[N]) {
    if constexpr (Element<T>) {
      const auto elements = r.as<std::vector<T>>();
      if (elements.size() != N) fail_length(r, N, elements.size());
      std::copy(elements.begin(), elements.end(), array);
    } else {
      std::span<const Slot> items;
      std::vector<Slot> storage;
      if (!r.sequence(items, storage)) r.fail_expected(type_name<T[N]>());
      if (items.size() != N) fail_length(r, N, items.size());
      for (std::size_t i = 0; i < N; ++i) value(r.element(items[i], i), array[i]);
    }
  }

  const Reading& reading_;
  std::span<const Slot> pairs_;
  std::string (*type_)();
  std::size_t unnamed_ = 0;
  std::size_t next_ = 0;  // where the next name is likely to stand
};

}  // namespace detail
}  // namespace functionfuse

CEREAL_REGISTER_ARCHIVE(functionfuse::detail::CerealOutput)
CEREAL_REGISTER_ARCHIVE(functionfuse::detail::CerealInput)
CEREAL_SETUP_ARCHIVE_TRAITS(functionfuse::detail::CerealInput, functionfuse::detail::CerealOutput)

namespace functionfuse {

namespace detail {

/// Which of cereal's ways T has; of more than one, that for which cereal::specialize decides.
#define FUNCTIONFUSE_DETAIL_CEREAL_HAS(way, archive, kind)                \
  (cereal::traits::has_##way<T, archive>::value &&                       \
   (cereal::traits::is_specialized_##kind<T, archive>::value ||          \
    !cereal::traits::is_specialized<T, archive>::value))

template <class T>
inline constexpr bool is_cereal_minimal =
    FUNCTIONFUSE_DETAIL_CEREAL_HAS(member_save_minimal, CerealOutput, member_save_minimal) ||
    FUNCTIONFUSE_DETAIL_CEREAL_HAS(non_member_save_minimal, CerealOutput, non_member_save_minimal) ||
    FUNCTIONFUSE_DETAIL_CEREAL_HAS(member_versioned_save_minimal, CerealOutput, member_save_minimal) ||
    FUNCTIONFUSE_DETAIL_CEREAL_HAS(non_member_versioned_save_minimal, CerealOutput,
                                   non_member_save_minimal);

template <class T>
concept CerealType =
    std::is_class_v<T> && !is_standard<T> && std::is_move_constructible_v<T> &&
    cereal::traits::is_output_serializable<T, CerealOutput>::value &&
    cereal::traits::is_input_serializable<T, CerealInput>::value;

inline constexpr const char* kCerealVersion = "cereal_class_version";

template <class T>
void cereal_save(CerealOutput& archive, const T& object) {
  using cereal::access;
  auto version = [&] {
    const std::uint32_t number = cereal::detail::Version<T>::version;
    archive(cereal::make_nvp(kCerealVersion, number));
    return number;
  };
  // cereal's serialize is not const, though it does not change what it saves.
  auto& changeable = const_cast<T&>(object);
  if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(member_serialize, CerealOutput, member_serialize)) {
    access::member_serialize(archive, changeable);
  } else if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(non_member_serialize, CerealOutput,
                                                      non_member_serialize)) {
    CEREAL_SERIALIZE_FUNCTION_NAME(archive, changeable);
  } else if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(member_save, CerealOutput, member_save)) {
    access::member_save(archive, object);
  } else if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(non_member_save, CerealOutput,
                                                      non_member_save)) {
    CEREAL_SAVE_FUNCTION_NAME(archive, object);
  } else if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(member_versioned_serialize, CerealOutput,
                                                      member_serialize)) {
    access::member_serialize(archive, changeable, version());
  } else if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(non_member_versioned_serialize, CerealOutput,
                                                      non_member_serialize)) {
    CEREAL_SERIALIZE_FUNCTION_NAME(archive, changeable, version());
  } else if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(member_versioned_save, CerealOutput,
                                                      member_save)) {
    access::member_save(archive, object, version());
  } else {
    CEREAL_SAVE_FUNCTION_NAME(archive, object, version());
  }
}

template <class T>
void cereal_load(CerealInput& archive, T& object) {
  using cereal::access;
  auto version = [&] {
    std::uint32_t number = 0;
    archive(cereal::make_nvp(kCerealVersion, number));
    return number;
  };
  if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(member_serialize, CerealInput, member_serialize)) {
    access::member_serialize(archive, object);
  } else if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(non_member_serialize, CerealInput,
                                                      non_member_serialize)) {
    CEREAL_SERIALIZE_FUNCTION_NAME(archive, object);
  } else if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(member_load, CerealInput, member_load)) {
    access::member_load(archive, object);
  } else if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(non_member_load, CerealInput,
                                                      non_member_load)) {
    CEREAL_LOAD_FUNCTION_NAME(archive, object);
  } else if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(member_versioned_serialize, CerealInput,
                                                      member_serialize)) {
    access::member_serialize(archive, object, version());
  } else if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(non_member_versioned_serialize, CerealInput,
                                                      non_member_serialize)) {
    CEREAL_SERIALIZE_FUNCTION_NAME(archive, object, version());
  } else if constexpr (FUNCTIONFUSE_DETAIL_CEREAL_HAS(member_versioned_load, CerealInput,
                                                      member_load)) {
    access::member_load(archive, object, version());
  } else {
    CEREAL_LOAD_FUNCTION_NAME(archive, object, version());
  }
}

#undef FUNCTIONFUSE_DETAIL_CEREAL_HAS

}  // namespace detail

template <class T>
  requires(detail::CerealType<T> && !detail::is_cereal_minimal<T>)
struct Pickle<T> {
  static void save(Pickler& p, const T& object, const void* known_as = nullptr) {
    p.empty_dict();
    if (known_as != nullptr) p.memoize(known_as, &typeid(T));
    p.mark();
    detail::CerealOutput archive(p);
    detail::cereal_save(archive, object);
    p.set_items();
  }
  static T load(const Reading& r) {
    const std::unique_ptr<T> object = make();
    load_into(r, *object);
    return std::move(*object);
  }
  static std::unique_ptr<T> make() { return std::unique_ptr<T>(cereal::access::construct<T>()); }
  static void load_into(const Reading& r, T& object) {
    std::span<const detail::Slot> pairs;
    std::vector<detail::Slot> storage;
    if (!r.mapping(pairs, storage)) r.fail_expected(type_name<T>());
    detail::CerealInput archive(r, pairs, &type_name<T>);
    detail::cereal_load(archive, object);
  }
};

/// save_minimal and load_minimal: as the number or text that it is made of.
template <class T>
  requires(detail::CerealType<T> && detail::is_cereal_minimal<T>)
struct Pickle<T> {
  static void save(Pickler& p, const T& object) {
    const detail::CerealOutput archive(p);
    p.save(minimal(archive, object));
  }
  static T load(const Reading& r) {
    const std::unique_ptr<T> object(cereal::access::construct<T>());
    const detail::CerealInput archive(r, {}, &type_name<T>);
    using Minimal = std::decay_t<decltype(minimal(std::declval<const detail::CerealOutput&>(), *object))>;
    const auto value = r.as<Minimal>();
    const std::uint32_t version = cereal::detail::Version<T>::version;
    if constexpr (requires { cereal::access::member_load_minimal(archive, *object, value); }) {
      cereal::access::member_load_minimal(archive, *object, value);
    } else if constexpr (requires { CEREAL_LOAD_MINIMAL_FUNCTION_NAME(archive, *object, value); }) {
      CEREAL_LOAD_MINIMAL_FUNCTION_NAME(archive, *object, value);
    } else if constexpr (requires {
                           cereal::access::member_load_minimal(archive, *object, value, version);
                         }) {
      cereal::access::member_load_minimal(archive, *object, value, version);
    } else {
      CEREAL_LOAD_MINIMAL_FUNCTION_NAME(archive, *object, value, version);
    }
    return std::move(*object);
  }

 private:
  static auto minimal(const detail::CerealOutput& archive, const T& object) {
    const std::uint32_t version = cereal::detail::Version<T>::version;
    if constexpr (requires { cereal::access::member_save_minimal(archive, object); }) {
      return cereal::access::member_save_minimal(archive, object);
    } else if constexpr (requires { CEREAL_SAVE_MINIMAL_FUNCTION_NAME(archive, object); }) {
      return CEREAL_SAVE_MINIMAL_FUNCTION_NAME(archive, object);
    } else if constexpr (requires { cereal::access::member_save_minimal(archive, object, version); }) {
      return cereal::access::member_save_minimal(archive, object, version);
    } else {
      return CEREAL_SAVE_MINIMAL_FUNCTION_NAME(archive, object, version);
    }
  }
};

}  // namespace functionfuse
