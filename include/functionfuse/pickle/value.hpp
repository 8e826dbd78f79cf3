#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "functionfuse/pickle/object.hpp"
#include "functionfuse/pickle/persistent.hpp"

namespace functionfuse {

class NdArray;
class DType;

/// A Python value whose type is not known beforehand: what `read_task` gives where no C++ type is
/// asked for. Immutable; a copy refers to the same objects, as a Python name does.
///
/// Objects of classes that this library doesn't know are kept as what their pickle says (class,
/// arguments, state): they can be looked at and pickle again to an equal object, and nothing of
/// theirs ever runs.
///
/// \threads a Value may be read by many threads at once
class Value {
 public:
  Value() = default;  ///< None
  Value(std::nullptr_t) {}
  Value(bool b) : slot_(b) {}
  Value(int i) : slot_(std::int64_t{i}) {}
  Value(long i) : slot_(std::int64_t{i}) {}
  Value(long long i) : slot_(std::int64_t{i}) {}
  Value(unsigned i) : slot_(std::int64_t{i}) {}
  Value(unsigned long i);
  Value(unsigned long long i);
  Value(double d) : slot_(d) {}
  Value(std::complex<double> c);
  Value(std::string_view utf8);  ///< str. \error invalid_argument  not valid UTF-8
  Value(const char* utf8) : Value(std::string_view(utf8)) {}
  Value(const std::string& utf8) : Value(std::string_view(utf8)) {}
  Value(const NdArray& array);

  static Value bytes(std::span<const std::byte> data);
  static Value bytearray(std::span<const std::byte> data);
  static Value list(const std::vector<Value>& items);
  static Value tuple(const std::vector<Value>& items);
  static Value set(const std::vector<Value>& items);
  static Value frozenset(const std::vector<Value>& items);
  static Value dict(const std::vector<std::pair<Value, Value>>& items);
  /// A class or function by name, for example ("collections", "OrderedDict").
  static Value global(std::string_view module, std::string_view qualified_name);
  /// What calling `callable` with the tuple `args` gives, and `state` if any: Python's
  /// `__reduce__`.
  static Value object(const Value& callable, const Value& args,
                      const std::optional<Value>& state = {});
  static Value big_integer(std::span<const std::byte> twos_complement_little_endian);

  [[nodiscard]] Kind kind() const noexcept { return slot_.kind(); }
  [[nodiscard]] bool is_none() const noexcept { return slot_.tag == Kind::none; }

  /// The value as exactly this kind, otherwise an Error(type_mismatch) that names both.
  [[nodiscard]] bool as_bool() const;
  [[nodiscard]] std::int64_t as_int() const;  ///< also an error where it needs more than 64 bits
  [[nodiscard]] double as_float() const;
  [[nodiscard]] std::complex<double> as_complex() const;
  [[nodiscard]] std::string_view as_str() const;  ///< valid as long as this Value or a copy
  [[nodiscard]] std::span<const std::byte> as_bytes() const;  ///< bytes, bytearray
  [[nodiscard]] NdArray as_array() const;                     ///< shares the data; scalar: rank 0
  [[nodiscard]] const DType& as_dtype() const;  ///< of a dtype; of an array or scalar, its dtype

  /// The value as a C++ type, by the rules for reading a task (types.hpp).
  template <class T>
  [[nodiscard]] T get() const;

  /// list, tuple, set, frozenset: elements; dict: pairs; str: UTF-8 bytes; bytes: bytes;
  /// ndarray: elements. Otherwise an error.
  [[nodiscard]] std::size_t size() const;
  /// Element of a list, tuple, set or frozenset. \error invalid_argument  out of range
  [[nodiscard]] Value operator[](std::size_t index) const;
  [[nodiscard]] Value operator[](int index) const {
    return (*this)[static_cast<std::size_t>(index)];
  }
  /// Value under a str key of a dict; where a key stands twice, the last. \error not_found
  [[nodiscard]] Value operator[](std::string_view key) const;
  [[nodiscard]] Value operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  /// As operator[], nothing where the key is not there. O(size).
  [[nodiscard]] std::optional<Value> find(std::string_view key) const;
  /// The i-th pair of a dict, in insertion order.
  [[nodiscard]] std::pair<Value, Value> item(std::size_t index) const;

  // The parts of what is kept by name or as an opaque object.
  /// global: its module and qualified name.
  [[nodiscard]] std::string_view module() const;
  [[nodiscard]] std::string_view qualified_name() const;
  /// object: the class or callable, the tuple of arguments, keyword arguments (None or dict), and
  /// the state if there is one.
  [[nodiscard]] Value callable() const;
  [[nodiscard]] Value args() const;
  [[nodiscard]] Value kwargs() const;
  [[nodiscard]] std::optional<Value> state() const;
  /// object: "module.name" of its class: that of a `copyreg` or `__newobj__` call's first argument
  /// where the callable is only a helper.
  [[nodiscard]] std::string class_name() const;
  /// object: what was appended to it (a list's subclass), and set in it (a dict's subclass).
  [[nodiscard]] std::vector<Value> appended() const;
  [[nodiscard]] std::vector<std::pair<Value, Value>> set_items() const;
  /// persistent: nothing where what stands there is not (name, (version, filename)).
  [[nodiscard]] std::optional<PersistentId> persistent_id() const;
  [[nodiscard]] const PersistentOrigin* origin() const noexcept;

  /// Python's `is`, for objects; small values are the same when they are equal.
  [[nodiscard]] bool is(const Value& other) const noexcept;
  /// Whether the result that this belongs to refers to the object more than once.
  [[nodiscard]] bool shared() const noexcept {
    return slot_.is_object() && slot_.object->shared;
  }
  /// The object's address, to tell objects apart; null for small values.
  [[nodiscard]] const void* identity() const noexcept {
    return slot_.is_object() ? slot_.object : nullptr;
  }

  /// As Python's repr() would show it, cut at about `limit` characters.
  [[nodiscard]] std::string repr(std::size_t limit = 200) const;

  // For the pickle layer.
  Value(detail::Slot slot, std::shared_ptr<const detail::Heap> heap)
      : slot_(slot), heap_(slot.is_object() ? std::move(heap) : nullptr) {}
  [[nodiscard]] const detail::Slot& slot() const noexcept { return slot_; }
  [[nodiscard]] const std::shared_ptr<const detail::Heap>& heap() const noexcept { return heap_; }

 private:
  static Value container(Kind kind, const Value* items, std::size_t count);

  detail::Slot slot_;
  std::shared_ptr<const detail::Heap> heap_;
};

/// Decimal digits of a little endian two's complement integer; past 100,000 bits hexadecimal with
/// 0x, as the decimal form would take quadratic time.
[[nodiscard]] std::string integer_text(std::span<const std::byte> twos_complement_little_endian);

}  // namespace functionfuse
