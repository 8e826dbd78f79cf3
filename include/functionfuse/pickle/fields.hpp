#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <typeinfo>
#include <vector>

#include "functionfuse/pickle/pickler.hpp"
#include "functionfuse/pickle/type_name.hpp"
#include "functionfuse/pickle/unpickler.hpp"

/// FUNCTIONFUSE_FIELDS(Type, field, ...): how a struct is pickled: as a dict of its fields, by their
/// names. Stands behind the struct, in the struct's namespace; up to 64 fields, all of them public.
///
/// Reading wants every field (an error names the one that is missing) and ignores other keys. The
/// type must be default-constructible and movable.
#define FUNCTIONFUSE_FIELDS(Type, ...)                                                   \
  [[maybe_unused]] constexpr auto functionfuse_fields(const Type*) {                     \
    return std::make_tuple(FUNCTIONFUSE_DETAIL_EACH(Type, __VA_ARGS__));                 \
  }

#define FUNCTIONFUSE_DETAIL_FIELD(Type, field) \
  ::functionfuse::detail::make_field(#field, &Type::field)
#define FUNCTIONFUSE_DETAIL_PARENS ()
#define FUNCTIONFUSE_DETAIL_EXPAND(...)                                 \
  FUNCTIONFUSE_DETAIL_EXPAND3(FUNCTIONFUSE_DETAIL_EXPAND3(              \
      FUNCTIONFUSE_DETAIL_EXPAND3(FUNCTIONFUSE_DETAIL_EXPAND3(__VA_ARGS__))))
#define FUNCTIONFUSE_DETAIL_EXPAND3(...)                                \
  FUNCTIONFUSE_DETAIL_EXPAND2(FUNCTIONFUSE_DETAIL_EXPAND2(              \
      FUNCTIONFUSE_DETAIL_EXPAND2(FUNCTIONFUSE_DETAIL_EXPAND2(__VA_ARGS__))))
#define FUNCTIONFUSE_DETAIL_EXPAND2(...)                                \
  FUNCTIONFUSE_DETAIL_EXPAND1(FUNCTIONFUSE_DETAIL_EXPAND1(              \
      FUNCTIONFUSE_DETAIL_EXPAND1(FUNCTIONFUSE_DETAIL_EXPAND1(__VA_ARGS__))))
#define FUNCTIONFUSE_DETAIL_EXPAND1(...) __VA_ARGS__
#define FUNCTIONFUSE_DETAIL_EACH(Type, ...) \
  FUNCTIONFUSE_DETAIL_EXPAND(FUNCTIONFUSE_DETAIL_STEP(Type, __VA_ARGS__))
#define FUNCTIONFUSE_DETAIL_STEP(Type, field, ...) \
  FUNCTIONFUSE_DETAIL_FIELD(Type, field)           \
  __VA_OPT__(, FUNCTIONFUSE_DETAIL_AGAIN FUNCTIONFUSE_DETAIL_PARENS(Type, __VA_ARGS__))
#define FUNCTIONFUSE_DETAIL_AGAIN() FUNCTIONFUSE_DETAIL_STEP

namespace functionfuse {

namespace detail {
template <class T, class M>
struct Field {
  const char* name;
  std::size_t size;
  M T::*member;
};
template <std::size_t N, class T, class M>
constexpr Field<T, M> make_field(const char (&name)[N], M T::*member) {
  return {name, N - 1, member};
}
/// The value under `name` in a dict's pairs, looked for first at `guess`; null where it is not there.
const Slot* find_field(std::span<const Slot> pairs, std::string_view name, std::size_t guess);
[[noreturn]] void fail_missing_field(const Reading& r, std::string_view type,
                                     std::string_view field);
}  // namespace detail

namespace detail {
/// Converts to `const T*` and, unlike that, not to a pointer to a base of T.
template <class T>
struct PointerTo {
  template <class U>
    requires std::is_same_v<U, T>
  constexpr operator const U*() const {
    return nullptr;
  }
};
}  // namespace detail

/// FUNCTIONFUSE_FIELDS was given for T itself: for a base of it is not enough.
template <class T>
concept HasFields = std::is_class_v<T> && requires { functionfuse_fields(detail::PointerTo<T>()); };

/// What FUNCTIONFUSE_FIELDS does.
template <class T>
struct Fields {
  static constexpr std::size_t kCount = std::tuple_size_v<decltype(functionfuse_fields(
      static_cast<const T*>(nullptr)))>;

  /// \param known_as  where not null, later references to that address refer to this dict
  static void save(Pickler& p, const T& object, const void* known_as = nullptr) {
    constexpr auto fields = functionfuse_fields(static_cast<const T*>(nullptr));
    p.empty_dict();
    if (known_as != nullptr) p.memoize(known_as, &typeid(T));
    p.mark();
    std::uint32_t* keys = p.keys(typeid(T), kCount);
    std::size_t i = 0;
    std::apply(
        [&](const auto&... field) {
          ((p.key(keys[i++], field.name, field.size), p.save(object.*field.member)), ...);
        },
        fields);
    p.set_items();
  }

  static void load(const Reading& r, T& object) {
    constexpr auto fields = functionfuse_fields(static_cast<const T*>(nullptr));
    std::span<const detail::Slot> pairs;
    std::vector<detail::Slot> storage;
    if (!r.mapping(pairs, storage)) r.fail_expected(type_name<T>());
    std::size_t i = 0;
    std::apply([&](const auto&... field) { (load_field(r, pairs, i++, field, object), ...); },
               fields);
  }

 private:
  template <class F>
  static void load_field(const Reading& r, std::span<const detail::Slot> pairs, std::size_t index,
                         const F& field, T& object) {
    using M = std::remove_reference_t<decltype(object.*field.member)>;
    std::string_view name(field.name, field.size);
    const detail::Slot* slot = detail::find_field(pairs, name, index);
    if (slot == nullptr) detail::fail_missing_field(r, type_name<T>(), name);
    object.*field.member = r.member(*slot, slot[-1]).template as<M>();
  }
};

}  // namespace functionfuse
