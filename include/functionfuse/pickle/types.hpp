#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <complex>
#include <concepts>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "functionfuse/arrays/dtype.hpp"
#include "functionfuse/arrays/nd_array.hpp"
#include "functionfuse/error.hpp"
#include "functionfuse/pickle/bytes.hpp"
#include "functionfuse/pickle/fields.hpp"
#include "functionfuse/pickle/pickler.hpp"
#include "functionfuse/pickle/type_name.hpp"
#include "functionfuse/pickle/unpickler.hpp"
#include "functionfuse/pickle/value.hpp"

/// How C++ types look in Python.
///
/// | C++                                              | Python                                   |
/// |--------------------------------------------------|------------------------------------------|
/// | bool, integers, float, double, std::complex      | bool, int, float, complex                |
/// | std::string                                      | str; must be UTF-8                       |
/// | Bytes, std::vector<std::byte>                    | bytes                                    |
/// | std::vector<T>, std::array<T, N>, T arithmetic   | numpy.ndarray, one-dimensional           |
/// | other sequences                                  | list                                     |
/// | std::pair, std::tuple                            | tuple                                    |
/// | maps / sets                                      | dict / set; see below for their keys     |
/// | std::optional, std::nullptr_t, std::monostate    | None, or the value                       |
/// | std::variant, std::unique_ptr, std::shared_ptr   | the value held; shared stays shared      |
/// | enum                                             | int                                      |
/// | std::chrono::sys_time, duration                  | datetime.datetime (UTC, naive), timedelta|
/// | a struct with FUNCTIONFUSE_FIELDS                | dict of its fields                       |
/// | NdArray                                          | numpy.ndarray                            |
/// | Value                                            | what it is                               |
///
/// A key of a dict or set must be hashable in Python: sequences are written as tuples there, sets as
/// frozensets, down to any depth.
///
/// Reading is wider: numbers from numpy scalars and arrays of rank 0; floats from ints; sequences
/// of numbers from list, tuple, set, array.array, collections.deque and arrays of another dtype or
/// byte order; maps from OrderedDict, defaultdict and Counter. What does not fit (2**200 into an
/// int, 0.5 into an int, "x" into a double, a struct without one of its fields) is an
/// Error(type_mismatch) that names the task, the place in the value and both types.
namespace functionfuse {

namespace detail {

template <class T>
inline constexpr bool dependent_false = false;

template <class T>
concept MapLike = requires(T t) {
  typename T::key_type;
  typename T::mapped_type;
  t.begin()->second;
  t.emplace_hint(t.end(), std::declval<typename T::key_type>(),
                 std::declval<typename T::mapped_type>());
  t.at(std::declval<typename T::key_type>());  // not a multimap: a dict holds a key once
};
template <class T>
concept SetLike = requires(T t) {
  typename T::key_type;
  t.emplace_hint(t.end(), std::declval<typename T::key_type>());
  t.insert(std::declval<typename T::key_type>()).second;  // not a multiset
} && !requires { typename T::mapped_type; };
template <class T>
concept SequenceLike = requires(T t) {
  typename T::value_type;
  t.begin();
  t.end();
  t.push_back(std::declval<typename T::value_type>());
} && !requires { typename T::traits_type; };

template <class T>
inline constexpr bool is_complex = IsComplex<T>::value;
/// Has a dtype of its own: a vector of it is an array.
template <class T>
concept Element = ArrayElement<T> && !std::is_same_v<T, std::byte>;

// Compiled once in types.cpp and readers.cpp.
std::int64_t read_integer(const Reading& r, std::int64_t min, std::int64_t max,
                          std::string_view type);
std::uint64_t read_unsigned(const Reading& r, std::uint64_t max, std::string_view type);
double read_floating(const Reading& r);
std::complex<double> read_complex(const Reading& r);
bool read_bool(const Reading& r);
std::string_view read_str(const Reading& r);
using Seconds = std::chrono::duration<long double>;
void check_sys_time(long double seconds_since_1970);
void save_sys_time(Pickler& p, std::int64_t microseconds_since_1970);
std::int64_t read_sys_time(const Reading& r);  // microseconds
void check_duration(long double seconds);
void save_duration(Pickler& p, std::int64_t days, std::int64_t seconds, std::int64_t microseconds);
std::int64_t read_duration(const Reading& r);  // microseconds
template <class Duration>
Duration as_duration(const Reading& r, std::int64_t microseconds, const std::string& type) {
  using Rep = typename Duration::rep;
  const std::chrono::microseconds d(microseconds);
  if constexpr (std::is_floating_point_v<Rep>) {
    return std::chrono::duration_cast<Duration>(d);
  } else {
    const long double wide =
        std::floor(std::chrono::duration<long double, typename Duration::period>(d).count());
    if (wide > static_cast<long double>(std::numeric_limits<Rep>::max()) ||
        wide < static_cast<long double>(std::numeric_limits<Rep>::lowest())) {
      r.fail_expected(type + " (it is out of its range)");
    }
    return std::chrono::floor<Duration>(d);
  }
}
/// Number of elements of a one-dimensional ndarray or array.array. False: it is neither.
bool array_length(const Reading& r, std::size_t& length);
/// Its elements, converted, into memory for `length` of them.
void read_array(const Reading& r, const DType& to, void* data, std::size_t length);
std::size_t bytes_length(const Reading& r);
void read_bytes(const Reading& r, void* data);
NdArray read_nd_array(const Reading& r);
/// Reads what lies below `r` and has been left in the input.
void load_payloads(const Reading& r);
/// Tells the kernel that a large, not yet touched range will be used: faster to fill.
void advise_huge_pages(void* data, std::size_t size) noexcept;
[[noreturn]] void fail_length(const Reading& r, std::size_t expected, std::size_t found);

template <class T>
inline constexpr bool is_tuple = false;
template <class A, class B>
inline constexpr bool is_tuple<std::pair<A, B>> = true;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;

bool is_array_of(const Reading& r, const DType& dtype);

/// True where `r` is what a T is written as: which alternative of a variant to try first.
template <class T>
bool is_written_as(const Reading& r) {
  const Kind kind = r.kind();
  if constexpr (std::is_same_v<T, bool>) {
    return kind == Kind::boolean;
  } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
    return kind == Kind::integer || kind == Kind::big_integer;
  } else if constexpr (std::is_floating_point_v<T>) {
    return kind == Kind::floating;
  } else if constexpr (is_complex<T>) {
    return kind == Kind::complex;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return kind == Kind::str;
  } else if constexpr (std::is_same_v<T, Bytes> || std::is_same_v<T, std::vector<std::byte>>) {
    return kind == Kind::bytes;
  } else if constexpr (std::is_same_v<T, std::monostate> || std::is_same_v<T, std::nullptr_t>) {
    return kind == Kind::none;
  } else if constexpr (HasFields<T>) {  // one that has all these fields and others is another struct
    return kind == Kind::dict && r.slot().object->size == Fields<T>::kCount;
  } else if constexpr (MapLike<T>) {
    return kind == Kind::dict;
  } else if constexpr (SetLike<T>) {
    return kind == Kind::set;
  } else if constexpr (is_tuple<T>) {
    return kind == Kind::tuple;
  } else if constexpr (std::is_same_v<T, NdArray>) {
    return kind == Kind::ndarray;
  } else if constexpr (SequenceLike<T>) {
    if constexpr (Element<typename T::value_type>) {
      return is_array_of(r, DType::of<typename T::value_type>());
    }
    return kind == Kind::list;
  } else {
    return false;
  }
}

/// False where a T can certainly not be read from such a kind: a variant then does without the
/// error, which takes a thousand times as long.
template <class T>
constexpr bool is_readable_from(Kind kind) {
  const bool number = kind == Kind::boolean || kind == Kind::scalar || kind == Kind::ndarray;
  const bool integer = number || kind == Kind::integer || kind == Kind::big_integer;
  const bool sequence = kind == Kind::list || kind == Kind::tuple || kind == Kind::set ||
                        kind == Kind::frozenset || kind == Kind::ndarray || kind == Kind::object;
  if (kind == Kind::persistent) {
    return std::is_class_v<T>;
  } else if constexpr (std::is_same_v<T, bool>) {
    return number;
  } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
    return integer;
  } else if constexpr (std::is_floating_point_v<T>) {
    return integer || kind == Kind::floating;
  } else if constexpr (is_complex<T>) {
    return integer || kind == Kind::floating || kind == Kind::complex;
  } else if constexpr (std::is_same_v<T, std::string>) {
    return kind == Kind::str;
  } else if constexpr (std::is_same_v<T, Bytes> || std::is_same_v<T, std::vector<std::byte>>) {
    return kind == Kind::bytes || kind == Kind::bytearray;
  } else if constexpr (std::is_same_v<T, std::monostate> || std::is_same_v<T, std::nullptr_t>) {
    return kind == Kind::none;
  } else if constexpr (HasFields<T> || MapLike<T>) {
    return kind == Kind::dict || kind == Kind::object;
  } else if constexpr (is_tuple<T> || SetLike<T> || SequenceLike<T>) {
    return sequence;
  } else {
    return true;
  }
}

/// How many elements to make room for at first: what a file claims may be far too much for a type
/// of many bytes.
template <class T>
std::size_t first_capacity(std::uint64_t claimed) {
  constexpr std::size_t kMost = (std::size_t{64} << 20) / sizeof(T) + 1;
  return static_cast<std::size_t>(std::min<std::uint64_t>(claimed, kMost));
}

/// A double as a T, which may be a float and too small for it.
template <class T>
T narrow(const Reading& r, double d) {
  const auto value = static_cast<T>(d);
  if (std::isinf(value) && !std::isinf(d)) r.fail_expected(type_name<T>());
  return value;
}

template <class Range>
void save_list(Pickler& p, const Range& range, std::size_t count) {
  p.empty_list();
  std::size_t i = 0;
  for (const auto& element : range) {
    p.batch(i++, 'e');
    p.save(element);
  }
  p.end_batch(count, 'e');
}

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

/// False where the order of keys may follow from addresses.
template <class K>
inline constexpr bool has_order = true;
template <template <class...> class C, class... A>
inline constexpr bool has_order<C<A...>> = (has_order<A> && ...);
template <class T, std::size_t N>
inline constexpr bool has_order<std::array<T, N>> = has_order<T>;
template <class T, class D>
inline constexpr bool has_order<std::unique_ptr<T, D>> = false;
template <class T>
inline constexpr bool has_order<std::shared_ptr<T>> = false;
/// A map or set which, where it is equal to another, may still have another order.
template <class T>
inline constexpr bool is_unordered =
    !(requires { typename T::key_compare; } && has_order<typename T::key_type>);
template <class T>
void save_sorted(Pickler& p, const T& container);

/// A key of a dict or an element of a set: as `save`, but as something that Python can hash.
template <class T>
void save_key(Pickler& p, const T& key) {
  static_assert(!MapLike<T> && !HasFields<T> && !std::is_same_v<T, NdArray>,
                "functionfuse: this type can't be the key of a map or the element of a set: in "
                "Python it is a dict or an array, which has no hash. Take a tuple, a number or a "
                "string for the key");
  if constexpr (std::is_same_v<T, std::vector<std::byte>>) {
    p.bytes(key);
  } else if constexpr (is_tuple<T>) {
    p.mark();
    std::apply([&](const auto&... part) { (save_key(p, part), ...); }, key);
    p.tuple();
  } else if constexpr (SequenceLike<T> || is_std_array<T>) {
    p.mark();
    for (const typename T::value_type& part : key) save_key(p, part);
    p.tuple();
  } else if constexpr (SetLike<T>) {
    if constexpr (is_unordered<T>) {
      if (p.for_digest()) return save_sorted(p, key);
    }
    p.mark();
    for (const auto& part : key) save_key(p, part);
    p.frozenset();
  } else if constexpr (is_variant<T>) {
    if (p.for_digest()) p.unsigned_integer(key.index());
    std::visit([&](const auto& held) { save_key(p, held); }, key);
  } else if constexpr (holds_another<T>) {  // optional and pointers
    if (key) return save_key(p, *key);
    p.none();
  } else {
    p.save(key);
  }
}

/// For digests: a map or set in the order of its keys' digests, which stand for the keys.
template <class T>
void save_sorted(Pickler& p, const T& container) {
  using Key = typename T::key_type;
  std::vector<std::pair<Pickler::Digest, decltype(container.begin())>> sorted;
  for (auto it = container.begin(); it != container.end(); ++it) {
    const Key* key = nullptr;
    if constexpr (MapLike<T>) {
      key = &it->first;
    } else {
      key = &*it;
    }
    sorted.emplace_back(p.digest_of(key,
                                    [](Pickler& own, const void* object) {
                                      save_key(own, *static_cast<const Key*>(object));
                                    }),
                        it);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  p.mark();
  for (const auto& [digest, it] : sorted) {
    p.bytes(std::as_bytes(std::span(digest)));
    if constexpr (MapLike<T>) p.save(it->second);
  }
  p.tuple();
}

/// Calls `add(reading of element)` for each element of a sequence that is to become a T.
template <class T, class Add>
void read_elements(const Reading& r, Add add) {
  std::span<const Slot> items;
  std::vector<Slot> storage;
  if (!r.sequence(items, storage)) r.fail_expected(type_name<T>());
  r.spend(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) add(r.element(items[i], i));
}

}  // namespace detail

// Numbers, bool, enums.

template <>
struct Pickle<bool> {
  static void save(Pickler& p, bool b) { p.boolean(b); }
  static bool load(const Reading& r) { return detail::read_bool(r); }
};

template <class T>
struct Pickle<T, std::enable_if_t<std::is_integral_v<T> && detail::Element<T>>> {
  static void save(Pickler& p, T i) {
    if constexpr (std::is_signed_v<T> || sizeof(T) < 8) {
      p.integer(static_cast<std::int64_t>(i));
    } else {
      p.unsigned_integer(i);
    }
  }
  static T load(const Reading& r) {
    if (r.kind() == Kind::integer && std::in_range<wide>(r.slot().integer)) {
      auto i = r.slot().integer;
      if (i >= static_cast<std::int64_t>(std::numeric_limits<T>::min()) &&
          (sizeof(T) == 8 || i <= static_cast<std::int64_t>(std::numeric_limits<T>::max()))) {
        return static_cast<T>(i);
      }
    }
    if constexpr (std::is_signed_v<T>) {
      return static_cast<T>(detail::read_integer(r, std::numeric_limits<T>::min(),
                                                 std::numeric_limits<T>::max(), type_name<T>()));
    } else {
      return static_cast<T>(
          detail::read_unsigned(r, std::numeric_limits<T>::max(), type_name<T>()));
    }
  }

 private:
  using wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
};

template <class T>
struct Pickle<T, std::enable_if_t<std::is_same_v<T, float> || std::is_same_v<T, double>>> {
  static void save(Pickler& p, T d) { p.floating(d); }
  static T load(const Reading& r) {
    if constexpr (std::is_same_v<T, double>) {
      if (r.kind() == Kind::floating) return r.slot().floating;
    }
    return detail::narrow<T>(r, detail::read_floating(r));
  }
};

template <class T>
struct Pickle<std::complex<T>, std::enable_if_t<!std::is_same_v<T, long double>>> {
  static void save(Pickler& p, const std::complex<T>& c) { p.complex(c.real(), c.imag()); }
  static std::complex<T> load(const Reading& r) {
    auto value = detail::read_complex(r);
    return {detail::narrow<T>(r, value.real()), detail::narrow<T>(r, value.imag())};
  }
};

template <class T>
struct Pickle<T, std::enable_if_t<std::is_enum_v<T> && !std::is_same_v<T, std::byte>>> {
  using Number = std::underlying_type_t<T>;
  static void save(Pickler& p, T e) { Pickle<Wide>::save(p, static_cast<Wide>(e)); }
  static T load(const Reading& r) {
    return static_cast<T>(static_cast<Number>(Pickle<Wide>::load(r)));
  }

 private:
  // An underlying type of bool or char stays an int in Python.
  using Wide = std::conditional_t<std::is_same_v<Number, bool>, unsigned char, Number>;
};

// Nothing.

template <>
struct Pickle<std::nullptr_t> {
  static void save(Pickler& p, std::nullptr_t) { p.none(); }
  static std::nullptr_t load(const Reading& r) {
    if (r.kind() != Kind::none) r.fail_expected("None");
    return nullptr;
  }
};

template <>
struct Pickle<std::monostate> {
  static void save(Pickler& p, std::monostate) { p.none(); }
  static std::monostate load(const Reading& r) {
    if (r.kind() != Kind::none) r.fail_expected("None");
    return {};
  }
};

template <class T>
struct Pickle<std::optional<T>, std::enable_if_t<Storable<T>>> {
  static void save(Pickler& p, const std::optional<T>& o) {
    if (o) {
      p.save(*o);
    } else {
      p.none();
    }
  }
  static std::optional<T> load(const Reading& r) {
    if (r.kind() == Kind::none) return std::nullopt;
    return r.as<T>();
  }
};

// Text and bytes.

template <>
struct Pickle<std::string> {
  static void save(Pickler& p, const std::string& s) { p.str(s); }
  static std::string load(const Reading& r) { return std::string(detail::read_str(r)); }
};

template <>
struct Pickle<std::vector<std::byte>> {
  static void save(Pickler& p, const std::vector<std::byte>& b) { p.bytes(b); }
  static std::vector<std::byte> load(const Reading& r) {
    std::vector<std::byte> result;
    std::size_t size = detail::bytes_length(r);
    result.reserve(size);
    detail::advise_huge_pages(result.data(), size);
    result.resize(size);
    detail::read_bytes(r, result.data());
    return result;
  }
};

template <>
struct Pickle<Bytes> {
  static void save(Pickler& p, const Bytes& b) { p.bytes(b); }
  static Bytes load(const Reading& r) { return Bytes(Pickle<std::vector<std::byte>>::load(r)); }
};

// Arrays and sequences.

template <class T, class A>
struct Pickle<std::vector<T, A>,
              std::enable_if_t<detail::Element<T> && !std::is_same_v<T, bool>>> {
  static void save(Pickler& p, const std::vector<T, A>& v) {
    p.array(DType::of<T>(), v.data(), v.size());
  }
  static std::vector<T, A> load(const Reading& r) {
    std::vector<T, A> result;
    std::size_t size = 0;
    if (detail::array_length(r, size)) {
      result.reserve(size);
      detail::advise_huge_pages(result.data(), size * sizeof(T));
      result.resize(size);
      detail::read_array(r, DType::of<T>(), result.data(), size);
      return result;
    }
    if constexpr (std::is_same_v<T, long double> || std::is_same_v<T, std::complex<long double>>) {
      r.fail_expected(type_name<std::vector<T>>());
    } else {
      detail::read_elements<std::vector<T>>(r, [&](const Reading& e) {
        if (result.empty()) result.reserve(r.slot().object->size);
        result.push_back(e.as<T>());
      });
      return result;
    }
  }
};

template <class A>
struct Pickle<std::vector<bool, A>> {
  static void save(Pickler& p, const std::vector<bool, A>& v) {
    auto bytes = std::make_unique<bool[]>(v.size());
    for (std::size_t i = 0; i < v.size(); ++i) bytes[i] = v[i];
    p.array(DType::of<bool>(), bytes.get(), v.size());
  }
  static std::vector<bool, A> load(const Reading& r) {
    std::size_t size = 0;
    if (!detail::array_length(r, size)) {
      std::vector<bool, A> result;
      detail::read_elements<std::vector<bool>>(
          r, [&](const Reading& e) { result.push_back(e.as<bool>()); });
      return result;
    }
    auto bytes = std::make_unique<bool[]>(size);
    detail::read_array(r, DType::of<bool>(), bytes.get(), size);
    return std::vector<bool, A>(bytes.get(), bytes.get() + size);
  }
};

template <class T, std::size_t N>
struct Pickle<std::array<T, N>, std::enable_if_t<detail::Element<T> || Storable<T>>> {
  static void save(Pickler& p, const std::array<T, N>& a) {
    if constexpr (detail::Element<T>) {
      p.array(DType::of<T>(), a.data(), N);
    } else {
      detail::save_list(p, a, N);
    }
  }
  static std::array<T, N> load(const Reading& r) {
    auto v = r.as<std::vector<T>>();
    if (v.size() != N) detail::fail_length(r, N, v.size());
    return move_out(v, std::make_index_sequence<N>());
  }

 private:
  template <std::size_t... I>
  static std::array<T, N> move_out(std::vector<T>& v, std::index_sequence<I...>) {
    (void)v;
    return {{std::move(v[I])...}};
  }
};

template <class T>
  requires(detail::SequenceLike<T> && Storable<typename T::value_type>)
struct Pickle<T, std::enable_if_t<
                     !(std::is_same_v<T, std::vector<typename T::value_type,
                                                     typename T::allocator_type>> &&
                       (detail::Element<typename T::value_type> ||
                        std::is_same_v<typename T::value_type, std::byte>))>> {
  static void save(Pickler& p, const T& sequence) {
    detail::save_list(
        p, sequence,
        static_cast<std::size_t>(std::distance(sequence.begin(), sequence.end())));
  }
  static T load(const Reading& r) {
    T result;
    using Item = typename T::value_type;
    if constexpr (detail::Element<Item> && !std::is_same_v<Item, long double>) {
      if (r.kind() == Kind::ndarray) {
        for (const Item& item : r.as<std::vector<Item>>()) result.push_back(item);
        return result;
      }
    }
    if constexpr (requires { result.reserve(1); }) {
      if (r.kind() == Kind::list || r.kind() == Kind::tuple) {
        result.reserve(detail::first_capacity<Item>(r.slot().object->size));
      }
    }
    detail::read_elements<T>(r, [&](const Reading& e) { result.push_back(e.as<Item>()); });
    return result;
  }
};

// Tuples.

template <class A, class B>
struct Pickle<std::pair<A, B>, std::enable_if_t<Storable<A> && Storable<B>>> {
  static void save(Pickler& p, const std::pair<A, B>& pair) {
    p.save(pair.first);
    p.save(pair.second);
    p.tuple_of(2);
  }
  static std::pair<A, B> load(const Reading& r) {
    auto t = r.as<std::tuple<A, B>>();
    return {std::move(std::get<0>(t)), std::move(std::get<1>(t))};
  }
};

template <class... T>
struct Pickle<std::tuple<T...>, std::enable_if_t<(Storable<T> && ...)>> {
  static void save(Pickler& p, const std::tuple<T...>& tuple) {
    if constexpr (sizeof...(T) == 0) {
      p.empty_tuple();
    } else {
      if constexpr (sizeof...(T) > 3) p.mark();
      std::apply([&](const T&... element) { (p.save(element), ...); }, tuple);
      if constexpr (sizeof...(T) > 3) {
        p.tuple();
      } else {
        p.tuple_of(sizeof...(T));
      }
    }
  }
  static std::tuple<T...> load(const Reading& r) {
    std::span<const detail::Slot> items;
    std::vector<detail::Slot> storage;
    if (!r.sequence(items, storage)) r.fail_expected(type_name<std::tuple<T...>>());
    if (items.size() != sizeof...(T)) detail::fail_length(r, sizeof...(T), items.size());
    return elements(r, items, std::index_sequence_for<T...>());
  }

 private:
  template <std::size_t... I>
  static std::tuple<T...> elements(const Reading& r, std::span<const detail::Slot> items,
                                   std::index_sequence<I...>) {
    (void)r;
    (void)items;
    return std::tuple<T...>{r.element(items[I], I).template as<T>()...};
  }
};

// Maps and sets.

template <class T>
  requires(detail::MapLike<T> && Storable<typename T::key_type> &&
           Storable<typename T::mapped_type>)
struct Pickle<T> {
  static void save(Pickler& p, const T& map) {
    if constexpr (detail::is_unordered<T>) {
      if (p.for_digest()) return detail::save_sorted(p, map);
    }
    p.empty_dict();
    std::size_t i = 0;
    for (const auto& [key, value] : map) {
      p.batch(i++, 'u');
      detail::save_key(p, key);
      p.save(value);
    }
    p.end_batch(i, 'u');
  }
  static T load(const Reading& r) {
    std::span<const detail::Slot> pairs;
    std::vector<detail::Slot> storage;
    if (!r.mapping(pairs, storage)) r.fail_expected(type_name<T>());
    r.spend(pairs.size());
    T result;
    if constexpr (requires { result.reserve(1); }) result.reserve(pairs.size() / 2);
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
      auto key = r.element(pairs[i], i / 2).template as<typename T::key_type>();
      const Reading member = r.member(pairs[i + 1], pairs[i]);
      auto value = member.template as<typename T::mapped_type>();
      result.emplace_hint(result.end(), std::move(key), std::move(value));
      if (result.size() != i / 2 + 1) {
        member.fail("a second key that is the same as a " + type_name<typename T::key_type>());
      }
    }
    return result;
  }
};

template <class T>
  requires(detail::SetLike<T> && Storable<typename T::key_type>)
struct Pickle<T> {
  static void save(Pickler& p, const T& set) {
    if constexpr (detail::is_unordered<T>) {
      if (p.for_digest()) return detail::save_sorted(p, set);
    }
    p.empty_set();
    std::size_t i = 0;
    for (const auto& key : set) {
      p.batch(i++, '\x90');
      detail::save_key(p, key);
    }
    p.end_batch(i, '\x90');
  }
  static T load(const Reading& r) {
    T result;
    detail::read_elements<T>(r, [&](const Reading& e) {
      result.emplace_hint(result.end(), e.template as<typename T::key_type>());
    });
    return result;
  }
};

// The value held.

template <class... T>
struct Pickle<std::variant<T...>, std::enable_if_t<(Storable<T> && ...)>> {
  using V = std::variant<T...>;
  static void save(Pickler& p, const V& v) {
    if (p.for_digest()) p.unsigned_integer(v.index());  // two may be written alike
    std::visit([&](const auto& held) { p.save(held); }, v);
  }
  /// The first alternative that is written as what is there, else the first that can be read.
  /// Each is tried once, or nested variants would take time exponential in their depth.
  static V load(const Reading& r) {
    std::optional<V> result;
    ((result || !detail::is_written_as<T>(r) || attempt<T>(r, result)), ...);
    ((result || detail::is_written_as<T>(r) || !detail::is_readable_from<T>(r.kind()) ||
      attempt<T>(r, result)),
     ...);
    if (!result) r.fail_expected(type_name<V>());
    return std::move(*result);
  }

 private:
  template <class A>
  static bool attempt(const Reading& r, std::optional<V>& result) {
    try {
      result.emplace(std::in_place_type<A>, r.template as<A>());
      return true;
    } catch (const Error& e) {
      if (e.code() != Errc::type_mismatch) throw;
      return false;
    }
  }
};

template <class T, class D>
struct Pickle<std::unique_ptr<T, D>, std::enable_if_t<Storable<T> && !std::is_polymorphic_v<T>>> {
  static void save(Pickler& p, const std::unique_ptr<T, D>& pointer) {
    if (pointer) {
      p.save(*pointer);
    } else {
      p.none();
    }
  }
  static std::unique_ptr<T, D> load(const Reading& r) {
    if (r.kind() == Kind::none) return nullptr;
    return std::unique_ptr<T, D>(new T(r.as<T>()));
  }
};

namespace detail {
/// Can be made empty, remembered, and then be given its parts, which may refer to it.
template <class T>
concept HasParts = !is_persistent<T> && requires(const Reading& r, T& object) {
  Pickle<T>::load_into(r, object);
};
}  // namespace detail

template <class T>
struct Pickle<std::shared_ptr<T>, std::enable_if_t<Storable<std::remove_const_t<T>> &&
                                                   !std::is_polymorphic_v<T>>> {
  static void save(Pickler& p, const std::shared_ptr<T>& pointer) {
    if (!pointer) return p.none();
    if (pointer.use_count() == 1) return p.save(*pointer);
    if (p.get(pointer.get(), &typeid(T))) return;
    p.keep(pointer);
    if constexpr (detail::HasParts<std::remove_const_t<T>>) {
      if (!p.is_persistent(*pointer)) {  // cycles through it end
        return Pickle<std::remove_const_t<T>>::save(p, *pointer, pointer.get());
      }
    }
    p.save(*pointer);
    p.memoize(pointer.get(), &typeid(T));
  }
  static std::shared_ptr<T> load(const Reading& r) {
    if (r.kind() == Kind::none) return nullptr;
    const detail::Object* object = r.slot().is_object() ? r.slot().object : nullptr;
    if (object == nullptr || !object->shared) {
      return std::make_shared<T>(r.as<std::remove_const_t<T>>());
    }
    auto& known = r.context().shared_pointers[{object, &typeid(T)}];  // a map: stays where it is
    if (known) return std::static_pointer_cast<T>(known);
    if constexpr (detail::HasParts<std::remove_const_t<T>>) {
      if (r.kind() != Kind::persistent) {
        std::shared_ptr<std::remove_const_t<T>> made(Pickle<std::remove_const_t<T>>::make());
        known = made;  // before its parts, which may refer to it
        try {
          Pickle<std::remove_const_t<T>>::load_into(r, *made);
        } catch (...) {
          known.reset();  // half read: not for another alternative of a variant
          throw;
        }
        return made;
      }
    }
    auto made = std::make_shared<T>(r.as<std::remove_const_t<T>>());
    known = std::const_pointer_cast<std::remove_const_t<T>>(made);
    return made;
  }
};

// Time.

/// Microseconds are what Python has: finer ones are rounded down. In Python: naive, in UTC.
template <class D>
struct Pickle<std::chrono::time_point<std::chrono::system_clock, D>> {
  using Time = std::chrono::time_point<std::chrono::system_clock, D>;
  static void save(Pickler& p, const Time& t) {
    if (p.for_digest()) return p.save(t.time_since_epoch());
    detail::check_sys_time(detail::Seconds(t.time_since_epoch()).count());
    detail::save_sys_time(
        p, std::chrono::floor<std::chrono::microseconds>(t).time_since_epoch().count());
  }
  static Time load(const Reading& r) {
    return Time(detail::as_duration<D>(r, detail::read_sys_time(r), type_name<Time>()));
  }
};

/// Rounded down to microseconds, or to the nearest one where it is floating.
template <class Rep, class Period>
struct Pickle<std::chrono::duration<Rep, Period>> {
  using Duration = std::chrono::duration<Rep, Period>;
  static void save(Pickler& p, const Duration& d) {
    using std::chrono::microseconds;
    if constexpr (Storable<Rep>) {
      if (p.for_digest()) return p.save(d.count());  // not rounded
    }
    detail::check_duration(detail::Seconds(d).count());
    // Towards zero first: the day below the smallest Duration may be none.
    const auto whole = std::chrono::duration_cast<std::chrono::days>(d);
    std::int64_t rest;
    if constexpr (std::is_floating_point_v<Rep>) {
      rest = std::chrono::round<microseconds>(d - whole).count();
    } else {
      rest = std::chrono::floor<microseconds>(d - whole).count();
    }
    constexpr std::int64_t kDay = 86'400'000'000;
    std::int64_t days = whole.count();
    if (rest < 0) --days, rest += kDay;
    detail::save_duration(p, days, rest / 1'000'000, rest % 1'000'000);
  }
  static Duration load(const Reading& r) {
    return detail::as_duration<Duration>(r, detail::read_duration(r), type_name<Duration>());
  }
};

// Structs, arrays, anything.

template <class T>
struct Pickle<T, std::enable_if_t<HasFields<T>>> {
  static void save(Pickler& p, const T& object, const void* known_as = nullptr) {
    Fields<T>::save(p, object, known_as);
  }
  static T load(const Reading& r) {
    T object{};
    Fields<T>::load(r, object);
    return object;
  }
  static std::unique_ptr<T> make() { return std::make_unique<T>(); }
  static void load_into(const Reading& r, T& object) { Fields<T>::load(r, object); }
};

template <>
struct Pickle<NdArray> {
  static void save(Pickler& p, const NdArray& array) { p.array(array); }
  static NdArray load(const Reading& r) { return detail::read_nd_array(r); }
};

template <>
struct Pickle<Value> {
  static void save(Pickler& p, const Value& value) { p.value(value); }
  static Value load(const Reading& r) {
    detail::load_payloads(r);
    return r.value();
  }
};

template <class T>
T Value::get() const {
  if constexpr (std::is_same_v<T, Value>) {
    return *this;
  } else {
    ReadContext context;
    context.heap = heap_;
    context.where = "value";
    if (heap_) context.budget = heap_->budget;
    return Reading(slot_, context).as<T>();
  }
}

}  // namespace functionfuse
