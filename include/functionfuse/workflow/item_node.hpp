#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "functionfuse/backends/node_builder.hpp"
#include "functionfuse/error.hpp"
#include "functionfuse/pickle/fields.hpp"
#include "functionfuse/pickle/type_name.hpp"
#include "functionfuse/pickle/value.hpp"
#include "functionfuse/workflow/node.hpp"
#include "functionfuse/workflow/typed_node.hpp"

namespace functionfuse::detail {

[[noreturn]] void fail_item_index(std::size_t index, std::size_t size);
[[noreturn]] void fail_item_key(const std::string& key);
std::string quoted_text(std::string_view text);
inline constexpr FunctionInfo kItemInfo{"item", "item"};

/// `node[&Struct::member]`
template <class M, class C>
struct MemberAccess {
  M C::*member;
  const M& operator()(const C& parent) const { return parent.*member; }
  [[nodiscard]] std::string text() const {
    if constexpr (HasFields<C>) {
      const char* name = nullptr;
      std::apply(
          [&](const auto&... field) { ((name = same(field) ? field.name : name), ...); },
          functionfuse_fields(static_cast<const C*>(nullptr)));
      if (name != nullptr) return "." + std::string(name);
    }
    std::ptrdiff_t offset = 0;
    static_assert(sizeof(member) == sizeof(offset));
    std::memcpy(&offset, &member, sizeof(offset));
    return ".(" + type_name<M>() + " at byte " + std::to_string(offset) + ")";
  }

 private:
  template <class F>
  [[nodiscard]] bool same(const F& field) const {
    if constexpr (std::is_same_v<decltype(field.member), M C::*>) {
      return field.member == member;
    } else {
      return false;
    }
  }
};

/// `get<I>(node)`
template <std::size_t I>
struct ElementAccess {
  template <class Parent>
  const auto& operator()(const Parent& parent) const {
    using std::get;
    return get<I>(parent);
  }
  [[nodiscard]] std::string text() const { return "<" + std::to_string(I) + ">"; }
};

/// `node[3]`
struct IndexAccess {
  std::size_t index;
  template <class Parent>
  decltype(auto) operator()(const Parent& parent) const {
    if (index >= parent.size()) fail_item_index(index, parent.size());
    return parent[index];
  }
  [[nodiscard]] std::string text() const { return "[" + std::to_string(index) + "]"; }
};

template <class Key>
std::string key_text(const Key& key) {
  if constexpr (std::is_convertible_v<const Key&, std::string_view>) {
    return "[" + quoted_text(key) + "]";
  } else if constexpr (std::is_integral_v<Key>) {
    return "[" + std::to_string(key) + "]";
  } else {
    return "[" + type_name<Key>() + "]";
  }
}

/// `node["key"]` of a map
template <class Key>
struct KeyAccess {
  Key key;
  template <class Parent>
  const auto& operator()(const Parent& parent) const {
    auto found = parent.find(key);
    if (found == parent.end()) fail_item_key(text());
    return found->second;
  }
  [[nodiscard]] std::string text() const { return key_text(key); }
};

/// `node["key"]` of a Value
struct ValueKeyAccess {
  std::string key;
  Value operator()(const Value& parent) const { return parent[std::string_view(key)]; }
  [[nodiscard]] std::string text() const { return key_text(key); }
};

/// An item; where access gives a reference the value lies in the parent's.
template <class T, class Parent, class Access, bool InParent>
class ItemNode;

template <class T, class Parent, class Access>
class ItemNode<T, Parent, Access, true> final : public NodeBase {
 public:
  explicit ItemNode(Access access)
      : NodeBase(Type::item, kItemInfo), access_(std::move(access)) {}

  void run(const ErasedFunction*) override {
    value_ = &access_(*static_cast<const Parent*>(value_parents()[0]->value()));
  }
  void clear() noexcept override { value_ = nullptr; }
  std::shared_ptr<void> take() override { return nullptr; }
  std::shared_ptr<const void> item_of(const std::shared_ptr<const void>& parent) override {
    return {parent, &access_(*static_cast<const Parent*>(parent.get()))};
  }
  bool is_storable() const noexcept override { return false; }
  void pickle(Pickler&) const override {}
  void load(const Reading&) override {}
  const std::type_info& value_type() const noexcept override { return typeid(T); }
  std::string value_type_name() const override { return type_name<T>(); }
  std::string item_text() const override { return access_.text(); }

 private:
  Access access_;
};

template <class T, class Parent, class Access>
class ItemNode<T, Parent, Access, false> final : public TypedNode<T> {
 public:
  explicit ItemNode(Access access)
      : TypedNode<T>(NodeBase::Type::item, kItemInfo), access_(std::move(access)) {}

  void run(const ErasedFunction*) override {
    const void* parent = this->value_parents()[0]->value();
    this->value_ = new (this->memory()) T(access_(*static_cast<const Parent*>(parent)));
  }
  std::shared_ptr<const void> item_of(const std::shared_ptr<const void>& parent) override {
    return std::make_shared<T>(access_(*static_cast<const Parent*>(parent.get())));
  }
  std::string item_text() const override { return access_.text(); }

 private:
  Access access_;
};

template <class Parent, class Access>
auto make_item(const Node<Parent>& parent, Access access) {
  using Got = decltype(access(std::declval<const Parent&>()));
  using T = std::remove_cvref_t<Got>;
  // A proxy, as of std::vector<bool>, or a new object is kept in the item.
  constexpr bool in_parent = std::is_lvalue_reference_v<Got>;
  NodeBuilder builder;
  builder.join(parent);
  builder.argument(parent);
  auto [graph, node] = builder.make<ItemNode<T, Parent, Access, in_parent>>(std::move(access));
  return Item<T>(std::move(graph), node);
}

template <class T>
concept HasMappedType = requires { typename T::mapped_type; };
template <class T>
concept Indexable = requires(const T& t, std::size_t i) {
  t.size();
  t[i];
};

}  // namespace functionfuse::detail

namespace functionfuse {

template <class T>
template <class M, class C>
  requires(std::is_object_v<M> && std::derived_from<T, C>)
Item<M> Node<T>::operator[](M C::*member) const {
  return detail::make_item(*this, detail::MemberAccess<M, C>{member});
}

template <class T>
template <class Key>
  requires(!std::is_member_pointer_v<Key>)
auto Node<T>::operator[](const Key& key) const {
  constexpr bool is_text = std::is_convertible_v<const Key&, std::string_view>;
  if constexpr (detail::HasMappedType<T>) {
    using K = typename T::key_type;
    static_assert(std::is_convertible_v<const Key&, K>,
                  "functionfuse: node[key] of a map: key is not convertible to the map's key type");
    return detail::make_item(*this, detail::KeyAccess<K>{static_cast<K>(key)});
  } else if constexpr (std::is_same_v<T, Value> && is_text) {
    return detail::make_item(*this, detail::ValueKeyAccess{std::string(key)});
  } else if constexpr (std::is_integral_v<Key> && detail::Indexable<T>) {
    if constexpr (std::is_signed_v<Key>) {
      if (key < 0) {
        throw Error(Errc::invalid_argument,
                    "node[" + std::to_string(key) + "]: an item's index counts from 0");
      }
    }
    return detail::make_item(*this, detail::IndexAccess{static_cast<std::size_t>(key)});
  } else {
    static_assert(detail::dependent_false<Key>,
                  "functionfuse: node[key]: the node's result has no such items: node[index] is for "
                  "vectors, arrays and the like, node[key] for maps, node[&Struct::member] for "
                  "structs, get<I>(node) for tuples and pairs; a Value has node[index] and "
                  "node[\"key\"]");
  }
}

template <std::size_t I, class T>
auto get(const Node<T>& node) {
  static_assert(requires { std::tuple_size<T>::value; },
                "functionfuse: get<I>(node): the node's result is no tuple, pair or array");
  static_assert(I < std::tuple_size_v<T>, "functionfuse: get<I>(node): I is out of range");
  return detail::make_item(node, detail::ElementAccess<I>());
}

}  // namespace functionfuse
