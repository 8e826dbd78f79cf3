#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

#include "functionfuse/arrays/dtype.hpp"
#include "functionfuse/pickle/io.hpp"
#include "functionfuse/pickle/persistent.hpp"

namespace functionfuse {

class ChunkedArray;
class NdArray;
class Value;

/// How objects of type T are pickled and read back; types.hpp has it for the standard types,
/// FUNCTIONFUSE_FIELDS and cereal.hpp give it to a user's. A specialisation of one's own:
///
///     template <> struct functionfuse::Pickle<Colour> {
///       static void save(Pickler& pickler, const Colour& c) { pickler.save(c.rgb()); }
///       static Colour load(const Reading& r) { return Colour(r.as<std::uint32_t>()); }
///     };
template <class T, class = void>
struct Pickle;  // see types.hpp

/// True for a type that only a persistent serializer keeps: the program promises to register one
/// with the storage (`template <> inline constexpr bool functionfuse::is_persistent<Mesh> = true;`).
template <class T>
inline constexpr bool is_persistent = false;
/// Kept by DaskArraySerializer.
template <>
inline constexpr bool is_persistent<ChunkedArray> = true;

/// Has a specialisation of Pickle, or is promised to have a persistent serializer.
template <class T>
concept Storable = is_persistent<T> || requires { sizeof(Pickle<T>); };

#define FUNCTIONFUSE_DETAIL_NOT_STORABLE                                                        \
  "functionfuse: this type can't be stored. Four ways to make it storable: use a standard type; " \
  "put FUNCTIONFUSE_FIELDS(Type, fields...) behind the struct; give it cereal's serialize() and "  \
  "include functionfuse/pickle/cereal.hpp; or register a persistent serializer for it and say so " \
  "with `template <> inline constexpr bool functionfuse::is_persistent<Type> = true;`"

/// Writes Python's pickle format, protocol 4: what it writes `pickle.loads` reads. One Pickler
/// writes one pickle.
///
/// The low-level functions write one opcode each, in the order in which Python's unpickler is to
/// see them; see `pickletools` in Python for what each does to the stack.
///
/// \error invalid_argument  a std::string is not UTF-8; the text says to use Bytes
/// \error unsupported       a persistent type and no serializer for it
/// \threads one thread at a time
/// \source  https://peps.python.org/pep-3154/ and CPython's Lib/pickletools.py
class Pickler {
 public:
  explicit Pickler(Output& output, PersistentHooks* hooks = nullptr);
  struct ForDigest {};
  /// For digests: what is written need not be a valid pickle. Equal content is written alike, in
  /// whatever order an unordered container has it and whoever else holds a shared_ptr; text need
  /// not be UTF-8; of a type that only a persistent serializer keeps, its name is written.
  Pickler(Output& output, ForDigest);
  ~Pickler();
  Pickler(const Pickler&) = delete;
  Pickler& operator=(const Pickler&) = delete;

  /// Pickles `object` with Pickle<T>, or beside the pickle where the hooks want it.
  template <class T>
  void save(const T& object) {
    static_assert(Storable<T>, FUNCTIONFUSE_DETAIL_NOT_STORABLE);
    if constexpr (std::is_class_v<T>) {
      if (is_persistent(object)) {
        return save_persistent(typeid(T), &object);
      }
    }
    if constexpr (functionfuse::is_persistent<T>) {
      save_without_serializer(typeid(T));
    } else {
      Pickle<T>::save(*this, object);
    }
  }

  /// Ends the pickle: STOP, and everything goes to the output. Nothing may follow.
  void finish();

  void none() { op('N'); }
  void boolean(bool b) { op(b ? '\x88' : '\x89'); }
  void integer(std::int64_t i) {
    char* p = room(12);
    if (i >= 0 && i < 256) {
      p[0] = 'K';
      p[1] = static_cast<char>(i);
      next_ += 2;
    } else {
      integer_slow(i, p);
    }
  }
  void unsigned_integer(std::uint64_t i);
  void floating(double d) {  // BINFLOAT is big endian
    char* p = room(9);
    std::uint64_t bits = __builtin_bswap64(__builtin_bit_cast(std::uint64_t, d));
    p[0] = 'G';
    std::memcpy(p + 1, &bits, 8);
    next_ += 9;
  }
  void complex(double real, double imag);
  void str(std::string_view utf8);  ///< checked, unless for a digest
  void bytes(std::span<const std::byte> data);
  /// numpy.ndarray; another order than C or Fortran is copied to C order.
  void array(const NdArray& array);
  /// One-dimensional, native byte order, contiguous.
  void array(const DType& dtype, const void* data, std::size_t count);
  void global(std::string_view module, std::string_view qualified_name);

  void empty_list() { op(']'); }
  void empty_dict() { op('}'); }
  void empty_set() { op('\x8f'); }
  void empty_tuple() { op(')'); }
  void mark() { op('('); }
  void appends() { op('e'); }
  void set_items() { op('u'); }
  void add_items() { op('\x90'); }
  void tuple() { op('t'); }                     ///< from the mark
  void frozenset() { op('\x91'); }              ///< from the mark
  void tuple_of(std::size_t n);                 ///< TUPLE1 to TUPLE3
  void reduce() { op('R'); }
  void build() { op('b'); }

  /// A sequence, dict or set in batches of 1,000 elements, as CPython writes them: call `batch`
  /// before every element with its index, `end_batch` after the last.
  void batch(std::size_t index, char end_op) {
    if (index % kBatch == 0) {
      if (index != 0) op(end_op);
      mark();
    }
  }
  void end_batch(std::size_t count, char end_op) {
    if (count != 0) op(end_op);
  }

  /// Remembers the object at the top of the stack under `object`, its address. `get` then writes a
  /// reference to it instead, and says whether it was known. An object and its first member have
  /// the same address: `type` tells them apart where both may be remembered.
  void memoize(const void* object, const std::type_info* type = nullptr);
  bool get(const void* object, const std::type_info* type = nullptr);
  /// Keeps what is remembered alive as long as this: its address must not become another object's.
  void keep(std::shared_ptr<const void> what) { kept_.push_back(std::move(what)); }
  /// Whether `object` is kept beside the pickle.
  template <class T>
  [[nodiscard]] bool is_persistent(const T& object) const {
    return hooks_ != nullptr && hooks_->is_persistent(typeid(T), &object);
  }
  /// The keys of a struct's dict, which are written once and then referred to: `keys` has a place
  /// for each of `count` (valid as long as this), `key` writes the one that belongs to a place.
  std::uint32_t* keys(const std::type_info& type, std::size_t count);
  void key(std::uint32_t& index, const char* name, std::size_t size) {
    if (index != kUnset) return get_index(index);
    str({name, size});
    memoize_next(index);
  }
  /// The same for names that are not known beforehand.
  void name(std::string_view utf8);

  [[nodiscard]] bool for_digest() const noexcept { return for_digest_; }
  /// For digests: only the type was written of something.
  [[nodiscard]] bool opaque() const noexcept { return opaque_; }
  /// For digests: that (XXH3) of what `write` writes of `object` with a Pickler of its own.
  using Digest = std::array<std::uint64_t, 2>;
  Digest digest_of(const void* object, void (*write)(Pickler&, const void*));

  /// What does a Value's work; see value_pickler.cpp.
  void value(const Value& value);

 private:
  static constexpr std::size_t kBatch = 1000;
  static constexpr std::size_t kFrame = 64 * 1024;

  /// At least `size` bytes at next_.
  char* room(std::size_t size) {
    if (size > static_cast<std::size_t>(end_ - next_)) more_room(size);
    return next_;
  }
  void op(char code) {
    *room(1) = code;
    ++next_;
  }
  void raw(const void* data, std::size_t size) {
    std::memcpy(room(size), data, size);
    next_ += size;
  }
  void more_room(std::size_t size);
  void integer_slow(std::int64_t i, char* p);
  void raw_str(std::string_view utf8);
  void large(char code, std::size_t length_size, const void* data, std::size_t size);
  void flush_frame();
  [[nodiscard]] std::uint64_t bytes_written() const;
  void memoize_next(std::uint32_t& index) {
    op('\x94');
    index = memo_size_++;
  }
  void get_index(std::uint32_t index) {
    char* p = room(5);
    if (index < 256) {
      p[0] = 'h';
      p[1] = static_cast<char>(index);
      next_ += 2;
    } else {
      p[0] = 'j';
      std::memcpy(p + 1, &index, 4);
      next_ += 5;
    }
  }
  void memoized_global(std::uint32_t& index, std::string_view module, std::string_view name);
  void dtype(const DType& dtype);
  [[nodiscard]] const std::pair<DType, std::uint32_t>* find_dtype(const DType& dtype) const;
  void dtype_state(const DType& dtype);
  void dtype_fields(const DType& dtype);
  void field_tuple(const Field& field);
  static std::string plain_code(const DType& dtype);
  void array_head(std::span<const std::int64_t> shape);  // then the dtype, then array_tail
  bool small_array(const DType& dtype, const void* data, std::size_t count);
  void array_tail(bool fortran, std::span<const std::byte> data);
  void shape_tuple(std::span<const std::int64_t> shape);
  void scalar_head();  // then the dtype, then scalar_tail
  void scalar_tail(std::span<const std::byte> data);
  void save_persistent(const std::type_info& type, const void* object);
  void persistent(const PersistentId& id);
  void save_without_serializer(const std::type_info& type);
  friend class ValuePickler;

  static constexpr std::uint32_t kUnset = ~std::uint32_t{0};

  Output& output_;
  PersistentHooks* hooks_;
  std::unique_ptr<char[]> buffer_;
  char* next_;
  char* end_;
  std::size_t capacity_;
  std::uint32_t memo_size_ = 0;
  std::uint32_t reconstruct_ = kUnset, ndarray_ = kUnset, dtype_class_ = kUnset,
                scalar_ = kUnset;
  struct Remembered {
    std::uint64_t index;  // for digests: bytes_written()
    const std::type_info* type;
  };
  std::unordered_map<const void*, Remembered> memo_;
  std::vector<std::shared_ptr<const void>> kept_;
  std::unordered_map<std::string, std::uint32_t> names_;
  std::unordered_map<const std::type_info*, std::unique_ptr<std::uint32_t[]>> keys_;
  const std::type_info* last_keys_type_ = nullptr;
  std::uint32_t* last_keys_ = nullptr;
  std::vector<std::pair<DType, std::uint32_t>> dtypes_;  // few
  bool proto_written_ = false;
  bool for_digest_ = false;
  bool opaque_ = false;
  std::uint64_t flushed_ = 0;  // bytes that have left the buffer
};

}  // namespace functionfuse
