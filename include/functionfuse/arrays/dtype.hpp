#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// \file
/// DType: what one element of an array is. It is numpy's dtype, without Python objects: everything
/// that a pickled dtype, a `.zarray` or an HDF5 file of Function Fuse can say about an element can
/// be held here and given back unchanged. docs/formats/dtype.md describes the text form byte by
/// byte.
///
/// | kind | numpy                   | itemsize             | `DType::of<T>()` of                |
/// |------|-------------------------|----------------------|------------------------------------|
/// | b    | bool_                   | 1                    | bool                               |
/// | i, u | int8 ... uint64         | 1, 2, 4, 8           | standard integers; std::byte is u1 |
/// | f    | float16 ... 128         | 2, 4, 8, 16          | float, double, long double         |
/// | c    | complex64 ... 256       | 8, 16, 32            | std::complex of these              |
/// | S    | bytes_                  | any, 0 too; NULs pad |                                    |
/// | U    | str_                    | any, 4 a character   |                                    |
/// | V    | void                    | any; see below       |                                    |
/// | M, m | datetime64, timedelta64 | 8                    |                                    |
///
/// float128 is x86's 80-bit format in 16 bytes. V is raw bytes, a structured dtype with fields, or
/// a subarray, a small array as one element. M and m are integers with a unit and a count. float16
/// has no C++ type in this project: see half.hpp, or read it as float.

namespace functionfuse {

struct Field;

/// Lengths of an array's dimensions, first (slowest in C order) to last. Never negative.
using Shape = std::vector<std::int64_t>;

namespace detail {

/// Kind and size of the dtype that holds a C++ type; kind 0 where there is none.
struct PlainCode {
  char kind = 0;
  std::size_t size = 0;
};

template <class T>
struct IsComplex : std::false_type {};
template <class T>
struct IsComplex<std::complex<T>> : std::true_type {};

// The types of wide text are no numbers: numpy's U is made with DType::parse.
template <class T>
constexpr bool kIsWideText = std::is_same_v<T, wchar_t> || std::is_same_v<T, char8_t> ||
                             std::is_same_v<T, char16_t> || std::is_same_v<T, char32_t>;
template <class T>
constexpr bool kIsInteger = std::is_integral_v<T> && sizeof(T) <= 8 && !kIsWideText<T> &&
                            !std::is_const_v<T> && !std::is_volatile_v<T>;

template <class T>
constexpr PlainCode plain_code() {
  if constexpr (std::is_same_v<T, bool>) {
    return {'b', 1};
  } else if constexpr (std::is_same_v<T, std::byte>) {
    return {'u', 1};
  } else if constexpr (kIsInteger<T>) {
    return {std::is_signed_v<T> ? 'i' : 'u', sizeof(T)};
  } else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double> ||
                       std::is_same_v<T, long double>) {
    return {'f', sizeof(T)};
  } else if constexpr (IsComplex<T>::value) {
    return {plain_code<typename T::value_type>().kind == 'f' ? 'c' : '\0', sizeof(T)};
  } else {
    return {};
  }
}

}  // namespace detail

/// A C++ type that is the element of an array as it stands: bool, the standard integers (char is
/// one; wchar_t and char8_t to char32_t are not), std::byte, float, double, long double and
/// std::complex of these three. Not const, not a reference.
template <class T>
concept ArrayElement = (detail::plain_code<T>().kind != 0);

/// What one element of an array is. A value of 32 bytes: copying costs no allocation, and the
/// description of a structured or subarray dtype is shared between copies and never changes.
///
/// \threads  immutable apart from assignment: concurrent reads of one object are safe
class DType {
 public:
  /// Largest itemsize: numpy 1.x keeps it in a C int, and could not read a larger one.
  static constexpr std::size_t kMaxItemSize = 0x7fffffff;
  /// How deeply structured and subarray dtypes may nest.
  static constexpr unsigned kMaxDepth = 64;
  /// How many fields a dtype may have, those of its fields counted too, however they are shared.
  /// Without it a file of a kilobyte could describe 2^64 fields of no bytes.
  static constexpr std::size_t kMaxFields = 65536;
  /// Most dimensions of a subarray or an array, as in numpy 1.x.
  static constexpr std::size_t kMaxRank = 32;

  /// float64 of this machine, as numpy.dtype(None) is.
  DType() noexcept = default;

  /// The dtype whose `str()` is the given text.
  ///
  /// Understood: [byte order] kind [size] [unit], where byte order is one of < > = | and may be
  /// missing (this machine's); sizes of U count characters, all others bytes; M8 and m8 take a
  /// unit, "[ns]" or "[25s]". Beyond what `str()` writes: numpy's names without a size of their own
  /// ("float64", "bool", "datetime64[ns]") and its one-letter codes ("d", "?").
  ///
  /// \error invalid_argument  not such a text, or a size that the kind cannot have; says which
  /// \error unsupported       Python objects ("|O"): they have no meaning outside Python
  /// \source  https://numpy.org/doc/1.24/reference/arrays.interface.html ("typestr")
  static DType parse(std::string_view str);

  /// The dtype of a C++ type: `DType::of<double>()`, `DType::of<std::complex<float>>()`.
  template <ArrayElement T>
  static DType of() noexcept {
    constexpr detail::PlainCode code = detail::plain_code<T>();
    return DType(code.kind, code.size);
  }

  /// A datetime64 (kind 'M') or timedelta64 (kind 'm').
  ///
  /// \param unit   Y M W D h m s ms us ns ps fs as generic
  /// \param count  how many units one tick is, 1 to 2^31 - 1; ignored for "generic"
  /// \param byteorder  < > or = (this machine's)
  /// \error invalid_argument  any of these is something else
  static DType datetime(char kind, std::string_view unit, std::int64_t count = 1,
                        char byteorder = '=');

  /// A structured dtype whose layout is given, as in a pickle or an HDF5 file. Fields may overlap,
  /// leave gaps and come in any order, as in numpy.
  ///
  /// \param itemsize   of the whole element; every field lies within it
  /// \param aligned    numpy's isalignedstruct
  /// \param alignment  numpy's alignment; 0: the largest of the fields if aligned, otherwise 1
  /// \error invalid_argument  two equal names or titles; a field beyond itemsize; more than
  ///        kMaxFields fields, kMaxDepth levels or kMaxItemSize bytes; alignment not a power of two
  static DType structured(std::vector<Field> fields, std::size_t itemsize, bool aligned = false,
                          std::size_t alignment = 0);

  /// A structured dtype laid out here; the fields' own offsets are not looked at. One field follows
  /// the other without gaps, or, if aligned, as a C compiler would lay out such a struct.
  ///
  ///     DType::packed({{"id", {}, DType::of<std::int32_t>()}, {"x", {}, DType::of<double>()}})
  ///
  /// \error invalid_argument  as for structured()
  static DType packed(std::vector<Field> fields, bool aligned = false);

  /// A fixed-size array as one element: numpy.dtype((base, shape)). NdArray turns it into more
  /// dimensions of the array, as numpy does, so it is seen only in a field.
  ///
  /// \error invalid_argument  a negative length, more than kMaxRank lengths, more than 2^31 - 1
  ///        elements, or an element of more than kMaxItemSize bytes
  static DType subarray(DType base, Shape shape);

  /// b i u f c S U V M m: the table at the top of this file.
  [[nodiscard]] char kind() const noexcept { return kind_; }
  /// '<', '>', or '|' where order has no meaning (b, i1, u1, S, V), as in `str()`. Never '='.
  /// The fields of a structured dtype have their own.
  [[nodiscard]] char byteorder() const noexcept { return byteorder_; }
  /// Bytes of one element. 0 for S, U and V is valid.
  [[nodiscard]] std::size_t itemsize() const noexcept { return itemsize_; }
  /// What numpy's `alignment` is; 1 for packed structured ones.
  [[nodiscard]] std::size_t alignment() const noexcept;
  /// Numpy's isalignedstruct.
  [[nodiscard]] bool aligned() const noexcept;
  /// Numpy's `flags`, as numpy 1.x writes them into the state of a pickled dtype: 8 for U, 16 for
  /// structured ones, 24 for structured ones with a U inside, and 128 less 256 where aligned()
  /// (numpy keeps them in a signed char: -112).
  [[nodiscard]] int flags() const noexcept;

  /// b, i, u, f or c: values that astype, at and to_vector convert.
  [[nodiscard]] bool is_numeric() const noexcept;
  /// Has fields (numpy: `dtype.names is not None`). "V3" has none; `packed({})` has zero of them.
  [[nodiscard]] bool is_structured() const noexcept;
  /// Made by subarray().
  [[nodiscard]] bool is_subarray() const noexcept;
  /// M or m.
  [[nodiscard]] bool is_datetime() const noexcept { return kind_ == 'M' || kind_ == 'm'; }

  /// Of M and m: numpy's text, "generic" where none was given; empty for other kinds.
  [[nodiscard]] std::string_view unit() const noexcept;
  /// Of M and m: units a tick, 25 in "<M8[25s]"; 1 for other kinds.
  [[nodiscard]] std::int64_t unit_count() const noexcept { return unit_count_; }

  /// The fields in the order of their names; empty unless is_structured(). Valid as long as any
  /// copy of this dtype.
  [[nodiscard]] const std::vector<Field>& fields() const noexcept;
  /// The field of that name or title, nullptr if there is none.
  [[nodiscard]] const Field* find_field(std::string_view name) const noexcept;
  /// Of a subarray: its element's dtype; otherwise *this. Valid as long as any copy of this dtype
  /// (otherwise: as *this).
  [[nodiscard]] const DType& base() const noexcept;
  /// Of a subarray: its lengths; empty otherwise.
  [[nodiscard]] const Shape& shape() const noexcept;

  /// Numpy's `dtype.str`: "<f8", "|b1", ">U2", "<M8[25s]", "|V20" (a structured one of 20 bytes).
  [[nodiscard]] std::string str() const;
  /// Numpy's `dtype.name`: "float64", "datetime64[ns]", "str160", "void".
  [[nodiscard]] std::string name() const;
  /// A Python literal. Structured: `str(dtype.descr)`, "[('a', '<i4'), ('', '|V4'), ('b', '<f8',
  /// (2,))]", with gaps as fields without a name; where numpy has no descr (fields that overlap or
  /// are out of order), the dict that to_string() gives. Subarray: "('<f8', (2, 3))". Otherwise
  /// `str()` in quotes.
  [[nodiscard]] std::string repr() const;
  /// For people: numpy's `str(dtype)`: "float64", ">f8", "[('a', '<i4')]", "{'names': ...}".
  [[nodiscard]] std::string to_string() const;

  /// The same dtype, in fields and subarrays too, with every number in the given order.
  ///
  /// \param order  '<', '>', '=' (this machine's) or 'S' (each one swapped)
  /// \error invalid_argument  any other character
  [[nodiscard]] DType newbyteorder(char order) const;
  /// Nothing needs swapping to be read on this machine. Looks into fields and subarrays; numpy's
  /// isnative does not look into subarrays.
  [[nodiscard]] bool native() const noexcept;

  /// Numpy 1.24's equality. Structured: same itemsize, and the same names, titles, offsets and
  /// equal dtypes in the same order; `aligned`, `alignment` and flags are not compared. A
  /// structured dtype never equals raw bytes of its size. Subarrays: same shape and base. One
  /// difference: datetimes are equal where unit and count are, while numpy 1.24 also has M8[1000ms]
  /// == M8[s] (though not the other way round).
  friend bool operator==(const DType& a, const DType& b) noexcept;

 private:
  struct Extra;  // fields, base and shape; defined in dtype.cpp

  DType(char kind, std::size_t itemsize, char byteorder = '=') noexcept;
  static DType with_extra(std::shared_ptr<const Extra> extra, std::size_t itemsize);
  [[nodiscard]] std::string datetime_suffix() const;

  char kind_ = 'f';
  char byteorder_ = kNativeOrder;
  std::uint8_t unit_ = 0;  // index into the table of units in dtype.cpp
  std::int32_t unit_count_ = 1;
  std::size_t itemsize_ = 8;
  std::shared_ptr<const Extra> extra_;

  static constexpr char kNativeOrder = '<';
};

/// One field of a structured DType.
struct Field {
  std::string name;                  ///< UTF-8
  std::optional<std::string> title;  ///< numpy's second name of a field; UTF-8
  DType dtype;
  std::size_t offset = 0;  ///< bytes from the start of the element
};

}  // namespace functionfuse
