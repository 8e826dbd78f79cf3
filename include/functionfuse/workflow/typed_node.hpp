#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "functionfuse/backends/node_base.hpp"
#include "functionfuse/pickle/types.hpp"

namespace functionfuse::detail {

template <class T>
constexpr bool check_result() {
  static_assert(std::is_object_v<T> && !std::is_array_v<T>,
                "functionfuse: a function of a node has to return an object");
  static_assert(Storable<T>,
                "functionfuse: the result of this function can't be stored. A type becomes storable "
                "if (1) it is a standard type (numbers, std::string, containers of storable types, "
                "ff::NdArray, ...), or (2) it has FUNCTIONFUSE_FIELDS(Type, field, ...), or (3) it "
                "has a cereal serialize() and functionfuse/pickle/cereal.hpp is included, or (4) a "
                "persistent serializer keeps it and functionfuse::is_persistent<Type> is true");
  static_assert(!Storable<T> || std::is_move_constructible_v<T>,
                "functionfuse: the result of a node's function has to be movable");
  return true;
}

[[noreturn]] void fail_not_movable(const std::string& type);

/// A node that keeps a T as its value.
template <class T>
class TypedNode : public NodeBase {
 public:
  void clear() noexcept override {
    if (value_ == nullptr) return;
    value_ = nullptr;
    std::destroy_at(std::launder(reinterpret_cast<T*>(memory_)));
  }
  std::shared_ptr<void> take() override {
    if constexpr (std::is_move_constructible_v<T>) {
      auto taken = std::make_shared<T>(std::move(mutable_value()));
      clear();
      return taken;
    } else {
      fail_not_movable(type_name<T>());
    }
  }
  bool is_storable() const noexcept override { return Storable<T>; }
  bool needs_serializer() const noexcept override { return functionfuse::is_persistent<T>; }
  void pickle(Pickler& pickler) const override {
    if constexpr (Storable<T>) {
      pickler.save(*static_cast<const T*>(value_));
    } else {
      (void)pickler;
    }
  }
  void load(const Reading& reading) override {
    if constexpr (Storable<T>) {
      clear();
      T* value = new (memory()) T(reading.as<T>());
      value_ = value;
    } else {
      (void)reading;
    }
  }
  const std::type_info& value_type() const noexcept override { return typeid(T); }
  std::string value_type_name() const override { return type_name<T>(); }

 protected:
  using NodeBase::NodeBase;
  ~TypedNode() override { TypedNode::clear(); }

  /// Where the value is built; set value_ afterwards.
  void* memory() noexcept { return memory_; }
  T& mutable_value() noexcept { return *static_cast<T*>(const_cast<void*>(value_)); }

 private:
  alignas(T) std::byte memory_[sizeof(T)];
};

}  // namespace functionfuse::detail
