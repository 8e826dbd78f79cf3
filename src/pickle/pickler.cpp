#include "functionfuse/pickle/pickler.hpp"

#include <algorithm>
#include <bit>

#include "functionfuse/arrays/nd_array.hpp"
#include "functionfuse/error.hpp"
#include "functionfuse/pickle/type_name.hpp"
#include "pickle/digest_output.hpp"
#include "pickle/utf8.hpp"

namespace functionfuse {

namespace {
constexpr std::size_t kFrameHeader = 11;  // PROTO, FRAME and its length: free at the buffer's start
constexpr std::size_t kFirstCapacity = 512;
// CPython writes no frame around less than this.
constexpr std::size_t kSmallestFrame = 4;

/// Equal to the last byte of their pickles; DType's == leaves alignment out, as numpy's does.
bool identical(const DType& a, const DType& b) {
  if (!(a == b) || a.alignment() != b.alignment() || a.aligned() != b.aligned()) return false;
  if (a.is_subarray()) return identical(a.base(), b.base());
  for (std::size_t i = 0; i < a.fields().size(); ++i) {
    if (!identical(a.fields()[i].dtype, b.fields()[i].dtype)) return false;
  }
  return true;
}
}  // namespace

Pickler::Pickler(Output& output, PersistentHooks* hooks)
    : output_(output),
      hooks_(hooks),
      buffer_(new char[kFirstCapacity]),
      next_(buffer_.get() + kFrameHeader),
      end_(buffer_.get() + kFirstCapacity),
      capacity_(kFirstCapacity) {}

Pickler::Pickler(Output& output, ForDigest) : Pickler(output) { for_digest_ = true; }

Pickler::~Pickler() = default;

void Pickler::finish() {
  op('.');
  flush_frame();
}

void Pickler::more_room(std::size_t size) {
  auto used = static_cast<std::size_t>(next_ - buffer_.get());
  if (used - kFrameHeader >= kFrame) {
    flush_frame();
    used = kFrameHeader;
  }
  if (capacity_ - used >= size) return;
  std::size_t capacity = std::max(std::min(capacity_ * 4, kFrame + 1024), used + size);
  std::unique_ptr<char[]> larger(new char[capacity]);
  std::memcpy(larger.get(), buffer_.get(), used);
  buffer_ = std::move(larger);
  capacity_ = capacity;
  next_ = buffer_.get() + used;
  end_ = buffer_.get() + capacity_;
}

void Pickler::flush_frame() {
  char* begin = buffer_.get() + kFrameHeader;
  auto size = static_cast<std::size_t>(next_ - begin);
  char* from = begin;
  if (size >= kSmallestFrame) {
    std::uint64_t length = size;
    from -= 9;
    from[0] = '\x95';
    std::memcpy(from + 1, &length, 8);
  }
  if (!proto_written_) {
    from -= 2;
    from[0] = '\x80';
    from[1] = 4;
    proto_written_ = true;
  }
  if (from != next_) output_.write(from, static_cast<std::size_t>(next_ - from));
  flushed_ += size;
  next_ = begin;
}

std::uint64_t Pickler::bytes_written() const {
  return flushed_ + static_cast<std::uint64_t>(next_ - buffer_.get()) - kFrameHeader;
}

void Pickler::integer_slow(std::int64_t i, char* p) {
  if (i >= 256 && i < 65536) {
    p[0] = 'M';
    std::memcpy(p + 1, &i, 2);
    next_ += 3;
  } else if (i >= INT32_MIN && i <= INT32_MAX) {
    p[0] = 'J';
    std::memcpy(p + 1, &i, 4);
    next_ += 5;
  } else {
    int bytes = 8;
    while (bytes > 1 && (i >> (bytes * 8 - 9)) == (i < 0 ? -1 : 0)) --bytes;
    p[0] = '\x8a';
    p[1] = static_cast<char>(bytes);
    std::memcpy(p + 2, &i, static_cast<std::size_t>(bytes));
    next_ += 2 + bytes;
  }
}

void Pickler::unsigned_integer(std::uint64_t i) {
  if (i <= INT64_MAX) return integer(static_cast<std::int64_t>(i));
  char* p = room(11);
  p[0] = '\x8a';
  p[1] = 9;
  std::memcpy(p + 2, &i, 8);
  p[10] = 0;
  next_ += 11;
}

void Pickler::complex(double real, double imag) {
  global("builtins", "complex");
  floating(real);
  floating(imag);
  tuple_of(2);
  reduce();
}

void Pickler::str(std::string_view utf8) {
  if (for_digest_) return raw_str(utf8);
  if (std::size_t bad = find_invalid_utf8(utf8); bad != utf8.size()) {
    throw Error(Errc::invalid_argument,
                "a std::string that is not UTF-8 (byte " + std::to_string(bad) + " of " +
                    std::to_string(utf8.size()) +
                    ") can't be a Python str; use functionfuse::Bytes for bytes that are not text");
  }
  raw_str(utf8);
}

void Pickler::raw_str(std::string_view utf8) {
  if (utf8.size() < 256) {
    char* p = room(2 + utf8.size());
    p[0] = '\x8c';
    p[1] = static_cast<char>(utf8.size());
    std::memcpy(p + 2, utf8.data(), utf8.size());
    next_ += 2 + utf8.size();
  } else if (utf8.size() <= UINT32_MAX) {
    large('X', 4, utf8.data(), utf8.size());
  } else {
    large('\x8d', 8, utf8.data(), utf8.size());
  }
}

void Pickler::bytes(std::span<const std::byte> data) {
  if (data.size() < 256) {
    char* p = room(2 + data.size());
    p[0] = 'C';
    p[1] = static_cast<char>(data.size());
    if (!data.empty()) std::memcpy(p + 2, data.data(), data.size());
    next_ += 2 + data.size();
  } else if (data.size() <= UINT32_MAX) {
    large('B', 4, data.data(), data.size());
  } else {
    large('\x8e', 8, data.data(), data.size());
  }
}

/// What is larger than a frame stands between frames, and is written from where it lies.
void Pickler::large(char code, std::size_t length_size, const void* data, std::size_t size) {
  char head[9];
  head[0] = code;
  std::memcpy(head + 1, &size, length_size);
  if (size < kFrame) {
    room(1 + length_size + size);
    raw(head, 1 + length_size);
    raw(data, size);
    return;
  }
  flush_frame();
  output_.write(head, 1 + length_size);
  output_.write(data, size);
  flushed_ += size;
}

void Pickler::global(std::string_view module, std::string_view qualified_name) {
  raw_str(module);
  raw_str(qualified_name);
  op('\x93');
}

void Pickler::tuple_of(std::size_t n) { op(static_cast<char>(0x84 + n)); }

void Pickler::memoize(const void* object, const std::type_info* type) {
  if (for_digest_) {
    // Whether something is remembered depends on who else holds it: that must not be seen, neither
    // here nor in what is remembered next. So a reference is to a place, not to a number.
    memo_.insert_or_assign(object, Remembered{bytes_written(), type});
    return;
  }
  std::uint32_t index;
  memoize_next(index);
  memo_.insert_or_assign(object, Remembered{index, type});
}

bool Pickler::get(const void* object, const std::type_info* type) {
  auto it = memo_.find(object);
  if (it == memo_.end()) return false;
  const std::type_info* known = it->second.type;
  if (known != type && (known == nullptr || type == nullptr || *known != *type)) return false;
  if (for_digest_) {
    op('g');
    raw(&it->second.index, sizeof(it->second.index));
  } else {
    get_index(static_cast<std::uint32_t>(it->second.index));
  }
  return true;
}

std::uint32_t* Pickler::keys(const std::type_info& type, std::size_t count) {
  if (last_keys_type_ == &type) return last_keys_;
  auto& places = keys_[&type];
  if (!places) {
    places.reset(new std::uint32_t[count]);
    std::fill_n(places.get(), count, kUnset);
  }
  last_keys_type_ = &type;
  last_keys_ = places.get();
  return last_keys_;
}

void Pickler::name(std::string_view utf8) {
  auto [it, is_new] = names_.try_emplace(std::string(utf8));
  if (!is_new) return get_index(it->second);
  str(utf8);
  memoize_next(it->second);
}

void Pickler::memoized_global(std::uint32_t& index, std::string_view module,
                              std::string_view name) {
  if (index != kUnset) return get_index(index);
  global(module, name);
  memoize_next(index);
}

void Pickler::array(const DType& dtype, const void* data, std::size_t count) {
  if (small_array(dtype, data, count)) return;
  auto length = static_cast<std::int64_t>(count);
  array_head({&length, 1});
  this->dtype(dtype);
  array_tail(false, {static_cast<const std::byte*>(data), count * dtype.itemsize()});
}

/// The opcodes of array_head and array_tail in one go, for results with very many small arrays:
/// all but the first of a dtype, where each number takes one byte. Unpickler knows the pattern.
bool Pickler::small_array(const DType& dtype, const void* data, std::size_t count) {
  const std::size_t size = count * dtype.itemsize();
  if (reconstruct_ > 255 || ndarray_ > 255 || count > 255 || size > 255) return false;
  const auto* known = find_dtype(dtype);
  if (known == nullptr || known->second > 255) return false;
  char* p = room(25 + size);
  const char head[] = {'h', static_cast<char>(reconstruct_), 'h', static_cast<char>(ndarray_),
                       'K', 0, '\x85', 'C', 1, 'b', '\x87', 'R', '(', 'K', 1,
                       'K', static_cast<char>(count), '\x85', 'h', static_cast<char>(known->second),
                       '\x89', 'C', static_cast<char>(size)};
  std::memcpy(p, head, sizeof head);
  if (size != 0) std::memcpy(p + sizeof head, data, size);
  p[sizeof head + size] = 't';
  p[sizeof head + size + 1] = 'b';
  next_ += sizeof head + size + 2;
  return true;
}

void Pickler::array(const NdArray& array) {
  // numpy calls an array that is both C order.
  bool fortran = !array.is_c_contiguous() && array.is_f_contiguous();
  NdArray dense = array.ascontiguous(fortran ? 'F' : 'C');
  array_head(dense.shape());
  this->dtype(dense.dtype());
  array_tail(fortran, {dense.data(), dense.nbytes()});
}

void Pickler::array_head(std::span<const std::int64_t> shape) {
  memoized_global(reconstruct_, "numpy.core.multiarray", "_reconstruct");
  memoized_global(ndarray_, "numpy", "ndarray");
  static constexpr char kArguments[] = {'K', 0, '\x85', 'C', 1, 'b', '\x87', 'R', '(', 'K', 1};
  raw(kArguments, sizeof kArguments);
  shape_tuple(shape);
}

void Pickler::array_tail(bool fortran, std::span<const std::byte> data) {
  boolean(fortran);
  bytes(data);
  tuple();
  build();
}

void Pickler::shape_tuple(std::span<const std::int64_t> shape) {
  if (shape.empty()) return empty_tuple();
  if (shape.size() > 3) mark();
  for (std::int64_t length : shape) integer(length);
  if (shape.size() > 3) {
    tuple();
  } else {
    tuple_of(shape.size());
  }
}

void Pickler::scalar_head() {
  memoized_global(scalar_, "numpy.core.multiarray", "scalar");
}

void Pickler::scalar_tail(std::span<const std::byte> data) {
  bytes(data);
  tuple_of(2);
  reduce();
}

const std::pair<DType, std::uint32_t>* Pickler::find_dtype(const DType& dtype) const {
  for (const auto& known : dtypes_) {
    if (identical(known.first, dtype)) return &known;
  }
  return nullptr;
}

void Pickler::dtype(const DType& dtype) {
  // A dtype that a result uses often is written once; more than a few are not looked for.
  constexpr std::size_t kRemembered = 16;
  if (const auto* known = find_dtype(dtype)) return get_index(known->second);
  memoized_global(dtype_class_, "numpy", "dtype");
  raw_str(dtype.is_datetime() ? std::string{dtype.kind(), '8'} : plain_code(dtype));
  boolean(false);
  boolean(true);
  tuple_of(3);
  reduce();
  if (dtypes_.size() < kRemembered) {
    std::uint32_t index;
    memoize_next(index);
    dtypes_.emplace_back(dtype, index);
  }
  dtype_state(dtype);
  build();
}

std::string Pickler::plain_code(const DType& dtype) {
  std::size_t size = dtype.itemsize();
  return dtype.kind() + std::to_string(dtype.kind() == 'U' ? size / 4 : size);
}

/// The state as numpy writes it: (version, byteorder, subarray, names, fields, itemsize, alignment,
/// flags), and for datetimes (metadata, (unit, count, 1, 1)).
void Pickler::dtype_state(const DType& dtype) {
  const bool flexible = dtype.kind() == 'S' || dtype.kind() == 'U' || dtype.kind() == 'V';
  mark();
  integer(dtype.is_datetime() ? 4 : 3);
  char order = dtype.byteorder();
  raw_str({&order, 1});
  if (dtype.is_subarray()) {
    this->dtype(dtype.base());
    shape_tuple(dtype.shape());
    tuple_of(2);
  } else {
    none();
  }
  if (dtype.is_structured()) {
    dtype_fields(dtype);
  } else {
    none();
    none();
  }
  integer(flexible ? static_cast<std::int64_t>(dtype.itemsize()) : -1);
  integer(flexible ? static_cast<std::int64_t>(dtype.alignment()) : -1);
  integer(dtype.flags());
  if (dtype.is_datetime()) {
    std::string_view unit = dtype.unit();
    empty_dict();
    mark();
    bytes(std::as_bytes(std::span(unit.data(), unit.size())));
    integer(dtype.unit_count());
    integer(1);
    integer(1);
    tuple();
    tuple_of(2);
  }
  tuple();
}

void Pickler::dtype_fields(const DType& dtype) {
  const auto& fields = dtype.fields();
  if (fields.empty()) {
    empty_tuple();
    empty_dict();
    return;
  }
  mark();
  for (const Field& field : fields) str(field.name);
  tuple();
  empty_dict();
  mark();
  for (const Field& field : fields) {
    str(field.name);
    field_tuple(field);
    if (field.title && *field.title != field.name) {
      str(*field.title);
      field_tuple(field);
    }
  }
  set_items();
}

void Pickler::field_tuple(const Field& field) {
  dtype(field.dtype);
  integer(static_cast<std::int64_t>(field.offset));
  if (field.title) str(*field.title);
  tuple_of(field.title ? 3 : 2);
}

void Pickler::save_persistent(const std::type_info& type, const void* object) {
  persistent(hooks_->persistent_id(type, object));
}

void Pickler::persistent(const PersistentId& id) {
  // As Function Fuse's own pickles have it, byte for byte.
  auto remembered = [this](std::string_view text) {
    str(text);
    op('\x94');
    ++memo_size_;
  };
  remembered(id.name);
  remembered(id.version);
  remembered(id.filename);
  for (int i = 0; i < 2; ++i) {
    tuple_of(2);
    op('\x94');
    ++memo_size_;
  }
  op('Q');
}

Pickler::Digest Pickler::digest_of(const void* object, void (*write)(Pickler&, const void*)) {
  detail::DigestOutput output;
  Pickler pickler(output, ForDigest());
  write(pickler, object);
  pickler.finish();
  opaque_ |= pickler.opaque_;
  return std::bit_cast<Digest>(output.digest());
}

void Pickler::save_without_serializer(const std::type_info& type) {
  if (for_digest_) {
    opaque_ = true;
    return raw_str(type.name());
  }
  throw UnsupportedError("a " + detail::readable_symbol(type.name()) +
                         " is kept by a persistent serializer, and none is registered for it; "
                         "call storage->register_persistent_serializers<...>() before saving");
}

}  // namespace functionfuse
