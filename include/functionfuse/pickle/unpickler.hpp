#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "functionfuse/pickle/io.hpp"
#include "functionfuse/pickle/pickler.hpp"
#include "functionfuse/pickle/value.hpp"

namespace functionfuse {

/// Limits of the reader. Real results stay far below; hostile files hit them before memory ends.
inline constexpr std::size_t kMaxNesting = 5000;  ///< containers within containers
/// The same for a C++ type that contains itself: reading it takes stack for every level.
inline constexpr unsigned kMaxTypedNesting = 2500;

/// Reads a pickle, protocols 0 to 5, into a Value. Never runs code: classes and functions are kept
/// by name, and calls of them as opaque objects, but for a table of known harmless ones that become
/// a Value of their own kind (numpy arrays, scalars and dtypes, complex, set, frozenset, bytearray,
/// `_codecs.encode`).
///
/// Bytes behind STOP are left alone. Memory is bounded by a multiple of the input's size: a claimed
/// length is compared with what is left before anything is allocated.
///
/// \param defer_payloads  leave the data of arrays and bytes of 1 MiB and more in the input: only
///                        for typed reading, which then reads them to where they belong
/// \error corrupt      not a pickle, cut short, or nested deeper than kMaxNesting; with the byte
/// \error unsupported  out-of-band buffers (protocol 5), copyreg extension codes
/// \threads safe for different inputs
/// \source  https://peps.python.org/pep-3154/, pep-0574 and CPython's Lib/pickletools.py
Value unpickle(Input& input, bool defer_payloads = false);

namespace detail {
/// Types that are written as the object they hold, which may be persistent where they are not.
template <class T>
inline constexpr bool holds_another = false;
template <class T>
inline constexpr bool holds_another<std::optional<T>> = true;
template <class... T>
inline constexpr bool holds_another<std::variant<T...>> = true;
template <class T, class D>
inline constexpr bool holds_another<std::unique_ptr<T, D>> = true;
template <class T>
inline constexpr bool holds_another<std::shared_ptr<T>> = true;
}  // namespace detail

/// How many elements may be read from a pickle of that many bytes. A small file can claim a list of
/// a list of ... of shared lists, which a C++ type would hold in full.
[[nodiscard]] inline std::uint64_t read_budget(std::uint64_t size) {
  return 16 * size + 1'000'000;
}

/// What typed reading of one result shares: see Reading.
struct ReadContext {
  std::shared_ptr<const detail::Heap> heap;
  Input* input = nullptr;            ///< of deferred payloads
  PersistentHooks* hooks = nullptr;  ///< null: persistent ids can't be followed
  std::string where;                 ///< "task "x" of workflow "w"": starts every error
  /// How many elements may still be read, see read_budget.
  std::uint64_t budget = ~std::uint64_t{0};
  std::map<std::pair<const detail::Object*, const std::type_info*>, std::shared_ptr<void>>
      shared_pointers;
  std::unordered_set<const detail::Object*> payloads_loaded;  ///< see detail::load_payloads
};

/// A place in a value that is being read as a C++ type: what Pickle<T>::load gets. It knows the way
/// to it from the top, so that an error can name the place.
class Reading {
 public:
  Reading(const detail::Slot& slot, ReadContext& context) : slot_(slot), context_(context) {}

  /// This place as a T. \error type_mismatch  names task, place and both types
  template <class T>
  [[nodiscard]] T as() const {
    static_assert(Storable<T>, FUNCTIONFUSE_DETAIL_NOT_STORABLE);
    if constexpr (std::is_class_v<T> && !std::is_same_v<T, Value> && !detail::holds_another<T>) {
      if (slot_.kind() == Kind::persistent) {
        return std::move(*std::static_pointer_cast<T>(load_persistent(typeid(T))));
      }
    }
    if constexpr (functionfuse::is_persistent<T>) {
      fail_expected("an object kept by a persistent serializer");
    } else {
      return Pickle<T>::load(*this);
    }
  }

  [[nodiscard]] Kind kind() const noexcept { return slot_.kind(); }
  [[nodiscard]] const detail::Slot& slot() const noexcept { return slot_; }
  [[nodiscard]] ReadContext& context() const noexcept { return context_; }
  [[nodiscard]] Value value() const { return Value(slot_, context_.heap); }

  /// Places below this one.
  [[nodiscard]] Reading element(const detail::Slot& slot, std::size_t index) const {
    return Reading(slot, *this, index);
  }
  [[nodiscard]] Reading member(const detail::Slot& slot, const detail::Slot& key) const {
    return Reading(slot, *this, key);
  }

  /// Items of a list, tuple, set, frozenset, or of an object that is one in Python (deque).
  /// False where it is none of them.
  [[nodiscard]] bool sequence(std::span<const detail::Slot>& items,
                              std::vector<detail::Slot>& storage) const;
  /// Pairs (key, value in turn) of a dict, or of an object that is one in Python (OrderedDict,
  /// defaultdict, Counter). False where it is neither.
  [[nodiscard]] bool mapping(std::span<const detail::Slot>& pairs,
                             std::vector<detail::Slot>& storage) const;

  /// Counts `elements` against the budget. \error unsupported  it is used up
  void spend(std::uint64_t elements) const {
    if (elements > context_.budget) fail_limit("expands to far more than its file can hold");
    context_.budget -= elements;
  }
  /// The same for the bytes of an array or a text.
  void spend_bytes(std::uint64_t bytes) const { spend(bytes / 64); }

  /// `where: result["train"][3]: what`
  [[noreturn]] void fail(const std::string& what) const;
  /// The same as an Error(unsupported): for this result as a whole, whatever its type.
  [[noreturn]] void fail_limit(const std::string& what) const;
  /// "expected `type`, found ..."
  [[noreturn]] void fail_expected(std::string_view type) const;
  /// `["train"][3]`
  [[nodiscard]] std::string place() const;

 private:
  Reading(const detail::Slot& slot, const Reading& parent, std::size_t index)
      : slot_(slot), context_(parent.context_), parent_(&parent), index_(index) {
    go_down(parent);
  }
  Reading(const detail::Slot& slot, const Reading& parent, const detail::Slot& key)
      : slot_(slot), context_(parent.context_), parent_(&parent), key_(&key) {
    go_down(parent);
  }
  void go_down(const Reading& parent) {
    level_ = parent.level_ + 1;
    if (level_ > kMaxTypedNesting) fail_nesting();
  }
  [[noreturn]] void fail_nesting() const;
  [[nodiscard]] std::string step() const;
  [[nodiscard]] std::shared_ptr<void> load_persistent(const std::type_info& type) const;

  const detail::Slot& slot_;
  ReadContext& context_;
  const Reading* parent_ = nullptr;
  const detail::Slot* key_ = nullptr;
  std::size_t index_ = 0;
  unsigned level_ = 0;
};

}  // namespace functionfuse
