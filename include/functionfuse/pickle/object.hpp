#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

namespace functionfuse {
class DType;
class PersistentOrigin;
}  // namespace functionfuse

/// How a Value lies in memory. Users have no need of this file: it is public because typed reading
/// (types.hpp) is compiled into their programs.
///
/// All objects of one unpickled result lie in one Heap and point at each other freely, cycles
/// included; the Heap frees them together.
namespace functionfuse {

enum class Kind : std::uint8_t {
  none,
  boolean,
  integer,  ///< within 64 bits; larger ones are big_integer
  floating,
  // From here on a Slot points to an Object.
  big_integer,
  complex,
  str,
  bytes,
  bytearray,
  list,
  tuple,
  dict,
  set,
  frozenset,
  ndarray,
  scalar,      ///< of numpy
  dtype,       ///< of numpy
  global,      ///< a class or function, by name
  object,      ///< of any other class: opaque
  persistent,  ///< kept beside the pickle by a persistent serializer
};

/// Python's word for a kind: "int", "numpy.ndarray".
[[nodiscard]] std::string_view kind_name(Kind kind) noexcept;

namespace detail {

/// Every object starts with this. `shared` says that a pickle refers to the object more than once:
/// only those need a place in the memo when they are pickled again.
struct Object {
  Kind kind;
  std::atomic<bool> shared = false;  ///< may be set while other threads read
  bool visited = false;    ///< while it is being unpickled
  std::uint64_t size = 0;  ///< elements, characters or bytes, by kind; pairs count once
};

/// A Python value: small ones lie inside, others are pointed to. Trivially copyable. An object may
/// change its kind while it is being unpickled, so the kind is asked of the object.
struct Slot {
  Kind tag = Kind::none;  ///< none, boolean, integer, floating, or object for any Object
  union {
    bool boolean;
    std::int64_t integer;
    double floating;
    Object* object;
  };
  Slot() : integer(0) {}
  explicit Slot(bool b) : tag(Kind::boolean), integer(0) { boolean = b; }
  explicit Slot(std::int64_t i) : tag(Kind::integer), integer(i) {}
  explicit Slot(double d) : tag(Kind::floating), floating(d) {}
  explicit Slot(Object* o) : tag(Kind::object), object(o) {}
  [[nodiscard]] bool is_object() const noexcept { return tag == Kind::object; }
  [[nodiscard]] Kind kind() const noexcept { return is_object() ? object->kind : tag; }
};

/// str (UTF-8, lone surrogates in three bytes as Python's "surrogatepass"), big_integer (little
/// endian two's complement).
struct Text : Object {
  [[nodiscard]] std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(this + 1), size};
  }
  [[nodiscard]] char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
};

/// bytes, bytearray. `data` is null while a large payload has been left in the input.
struct Blob : Object {
  const std::byte* data = nullptr;
  std::uint64_t offset = 0;  ///< in the input, where data is null
  [[nodiscard]] std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(data), size};
  }
};

struct Complex : Object {
  double real, imag;
};

/// list, tuple, set, frozenset; dict with key and value in turn (2 * size slots).
struct Container : Object {
  Slot* items = nullptr;
  std::uint64_t capacity = 0;  ///< in slots
};

struct Dtype : Object {
  const DType* dtype = nullptr;
};

/// ndarray and scalar. Elements lie as `order` says, in the byte order of the dtype.
struct Array : Object {  // size: bytes
  const Dtype* dtype = nullptr;
  const std::int64_t* shape = nullptr;
  std::int32_t ndim = 0;
  char order = 'C';  ///< 'C' or 'F'
  Blob* data = nullptr;
};

enum class GlobalId : std::uint8_t;

struct Global : Object {
  const Text* module = nullptr;
  const Text* name = nullptr;  ///< qualified
  GlobalId id{};
};

/// One of the steps by which an opaque object was made, in the order of the pickle.
struct Step {
  enum class What : std::uint8_t { append, set_item, add, build } what;
  Slot first, second;
};

/// An object of a class that this library doesn't know: the callable or class, its arguments, and
/// what was done to it since.
struct Opaque : Object {
  enum class How : std::uint8_t { reduce, newobj, newobj_ex } how = How::reduce;
  Slot cls, args, kwargs;
  std::vector<Step>* steps = nullptr;
};

struct Persistent : Object {
  Slot id;  ///< whatever stood under BINPERSID; a tuple (name, (version, filename)) from a storage
};

/// Frees all objects of a result together.
/// \threads one thread while a result is built; afterwards only read, by any number
class Heap {
 public:
  Heap() = default;
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  /// 8-byte aligned, not initialised.
  void* allocate(std::size_t size) {
    size = (size + 7) & ~std::size_t{7};
    if (size > static_cast<std::size_t>(end_ - next_)) return allocate_slow(size);
    void* p = next_;
    next_ += size;
    return p;
  }
  template <class T>
  T* make(Kind kind, std::uint64_t size = 0) {
    T* t = new (allocate(sizeof(T))) T;
    t->kind = kind;
    t->size = size;
    return t;
  }
  /// An object that may become an Array or Dtype when its state is known.
  Opaque* make_opaque(Opaque::How how, Slot cls, Slot args);
  Text* make_text(Kind kind, std::string_view text);
  Blob* make_blob(Kind kind, const void* data, std::size_t size);
  Container* make_container(Kind kind, const Slot* items, std::size_t slots);
  Dtype* make_dtype(const DType& dtype);
  /// Room for `extra` more slots behind `used`.
  void reserve(Container& container, std::size_t used, std::size_t extra);
  /// Memory for a large payload, aligned for any array.
  std::byte* allocate_payload(std::size_t size);
  /// Keeps something alive as long as this heap, another heap for example.
  void keep(std::shared_ptr<const void> what) { kept_.push_back(std::move(what)); }

  std::shared_ptr<const PersistentOrigin> origin;  ///< where persistent objects lie, if from a storage

  /// How many elements typed reading may take from this heap: see ReadContext.
  std::uint64_t budget = ~std::uint64_t{0};
  bool deferred = false;  ///< some payload has been left in the input
  /// Bytes that may still be copied from one object of this heap to another: a call takes a few
  /// bytes of a pickle, and may refer to megabytes that stand elsewhere in it.
  std::uint64_t copies_left = ~std::uint64_t{0};
  /// Counts `size` bytes, unless they are few. \error corrupt  more than copies_left
  void copying(std::uint64_t size) {
    if (size <= 256) return;
    if (size > copies_left) fail_copies();
    copies_left -= size;
  }

 private:
  void* allocate_slow(std::size_t size);
  char* new_chunk(std::size_t size);
  [[noreturn]] static void fail_copies();

  char* next_ = nullptr;
  char* end_ = nullptr;
  std::size_t chunk_size_ = 512;
  std::vector<char*> chunks_;
  std::vector<Slot*> slot_blocks_;  // grown by realloc; a block's first slot holds its index here
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace detail
}  // namespace functionfuse
