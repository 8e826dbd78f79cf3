#include "formats/hdf5/type.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <string_view>

#include <functionfuse/error.hpp>

namespace functionfuse::formats::hdf5 {
namespace {

constexpr std::string_view kNumpyTag = "NUMPY:";

[[noreturn]] void fail_to(const DType& dtype, const std::string& why) {
  throw UnsupportedError("HDF5 cannot keep elements of dtype " + dtype.to_string() + ": " + why);
}

hid_t integer(const DType& dtype) {
  const bool big = dtype.byteorder() == '>';
  const bool is_signed = dtype.kind() == 'i';
  switch (dtype.itemsize()) {
    case 1:
      return is_signed ? H5T_STD_I8LE : H5T_STD_U8LE;
    case 2:
      return is_signed ? (big ? H5T_STD_I16BE : H5T_STD_I16LE)
                       : (big ? H5T_STD_U16BE : H5T_STD_U16LE);
    case 4:
      return is_signed ? (big ? H5T_STD_I32BE : H5T_STD_I32LE)
                       : (big ? H5T_STD_U32BE : H5T_STD_U32LE);
    default:
      return is_signed ? (big ? H5T_STD_I64BE : H5T_STD_I64LE)
                       : (big ? H5T_STD_U64BE : H5T_STD_U64LE);
  }
}

Type floating(std::size_t size, bool big) {
  Type type;
  switch (size) {
    case 2:
      type = Type(H5Tcopy(H5T_IEEE_F32LE));
      H5Tset_fields(type.id(), 15, 10, 5, 0, 10);
      H5Tset_size(type.id(), 2);
      H5Tset_ebias(type.id(), 15);
      break;
    case 4:
      type = Type(H5Tcopy(H5T_IEEE_F32LE));
      break;
    case 8:
      type = Type(H5Tcopy(H5T_IEEE_F64LE));
      break;
    default:
      type = Type(H5Tcopy(H5T_NATIVE_LDOUBLE));
      break;
  }
  H5Tset_order(type.id(), big ? H5T_ORDER_BE : H5T_ORDER_LE);
  return type;
}

Type boolean() {
  Type type(H5Tenum_create(H5T_STD_I8LE));
  const std::int8_t no = 0;
  const std::int8_t yes = 1;
  H5Tenum_insert(type.id(), "FALSE", &no);
  H5Tenum_insert(type.id(), "TRUE", &yes);
  return type;
}

Type opaque(std::size_t size, const std::string& tag) {
  Type type(H5Tcreate(H5T_OPAQUE, size));
  if (!tag.empty()) H5Tset_tag(type.id(), tag.c_str());
  return type;
}

Type member(const DType& dtype) {
  if (!dtype.is_subarray()) return to_hdf5(dtype);
  const Type base = to_hdf5(dtype.base());
  const std::vector<hsize_t> lengths = to_hsize(dtype.shape());
  return Type(H5Tarray_create2(base.id(), static_cast<unsigned>(lengths.size()), lengths.data()));
}

Type compound(const DType& dtype) {
  Type type(H5Tcreate(H5T_COMPOUND, dtype.itemsize()));
  for (const Field& field : dtype.fields()) {
    const std::string name = "its field '" + field.name + "' ";
    if (field.title) fail_to(dtype, name + "has a title; take it off");
    if (field.dtype.itemsize() == 0) fail_to(dtype, name + "has no bytes");
    if (field.name.empty() || field.name.find('\0') != std::string::npos) {
      fail_to(dtype, name + "has a name that HDF5 cannot keep");
    }
    if (field.dtype.is_subarray() && field.dtype.shape().empty()) {
      fail_to(dtype, name + "is a subarray of rank 0");
    }
    const Type part = member(field.dtype);
    if (H5Tinsert(type.id(), field.name.c_str(), field.offset, part.id()) < 0) {
      fail_to(dtype, name + "was refused (" + last_failure().text + ")");
    }
  }
  return type;
}

}  // namespace

Type to_hdf5(const DType& dtype) {
  const bool big = dtype.byteorder() == '>';
  Type type;
  switch (dtype.kind()) {
    case 'b':
      type = boolean();
      break;
    case 'i':
    case 'u':
      type = Type(H5Tcopy(integer(dtype)));
      break;
    case 'f':
      type = floating(dtype.itemsize(), big);
      break;
    case 'c': {
      const std::size_t half = dtype.itemsize() / 2;
      const Type part = floating(half, big);
      type = Type(H5Tcreate(H5T_COMPOUND, dtype.itemsize()));
      H5Tinsert(type.id(), "r", 0, part.id());
      H5Tinsert(type.id(), "i", half, part.id());
      break;
    }
    case 'S':
      type = Type(H5Tcopy(H5T_C_S1));
      H5Tset_size(type.id(), dtype.itemsize());
      H5Tset_strpad(type.id(), H5T_STR_NULLPAD);
      break;
    case 'V':
      type = dtype.is_structured() ? compound(dtype) : opaque(dtype.itemsize(), {});
      break;
    default:  // U, M, m
      type = opaque(dtype.itemsize(), std::string(kNumpyTag) + dtype.str());
      break;
  }
  if (!type) fail_to(dtype, last_failure().text);
  return type;
}

// ------------------------------------------------------------------------------------- reading --

namespace {

[[noreturn]] void fail_from(const std::string& place, const std::string& why) {
  throw UnsupportedError(place + " has elements that numpy has no dtype for: " + why);
}

struct Free {
  void operator()(void* memory) const noexcept { H5free_memory(memory); }
};
std::string text_of(char* memory) {
  const std::unique_ptr<char, Free> owner(memory);
  return memory == nullptr ? std::string() : std::string(memory);
}

bool same(hid_t a, hid_t b) { return H5Tequal(a, b) > 0; }

DType integer_dtype(hid_t type, const std::string& place) {
  const std::size_t size = H5Tget_size(type);
  if (size != 1 && size != 2 && size != 4 && size != 8) {
    fail_from(place, "integers of " + std::to_string(size) + " bytes");
  }
  const bool is_signed = H5Tget_class(type) != H5T_BITFIELD && H5Tget_sign(type) == H5T_SGN_2;
  std::string text = H5Tget_order(type) == H5T_ORDER_BE ? ">" : "<";
  text += is_signed ? 'i' : 'u';
  return DType::parse(text + std::to_string(size));
}

/// The smallest of numpy's floats that holds every value.
DType float_dtype(hid_t type, const std::string& place) {
  std::size_t sign = 0, exponent_at = 0, exponent = 0, mantissa_at = 0, mantissa = 0;
  H5Tget_fields(type, &sign, &exponent_at, &exponent, &mantissa_at, &mantissa);
  const char* order = H5Tget_order(type) == H5T_ORDER_BE ? ">f" : "<f";
  struct Float {
    std::size_t exponent, mantissa, size;
  };
  constexpr std::array<Float, 4> kFloats{{{5, 10, 2}, {8, 23, 4}, {11, 52, 8}, {15, 64, 16}}};
  for (const Float& f : kFloats) {
    if (exponent <= f.exponent && mantissa <= f.mantissa) {
      return DType::parse(order + std::to_string(f.size));
    }
  }
  fail_from(place, "floating point numbers of " + std::to_string(mantissa) + " bits of mantissa");
}

bool is_bool(hid_t type) {
  if (H5Tget_nmembers(type) != 2 || H5Tget_size(type) != 1) return false;
  for (unsigned i = 0; i < 2; ++i) {
    signed char value = 0;
    if (H5Tget_member_value(type, i, &value) < 0) return false;
    const std::string name = text_of(H5Tget_member_name(type, i));
    if ((name != "FALSE" || value != 0) && (name != "TRUE" || value != 1)) return false;
  }
  return true;
}

/// Nothing where numpy could not read the tag either: raw bytes then.
std::optional<DType> tagged(hid_t type) {
  const std::string tag = text_of(H5Tget_tag(type));
  if (!tag.starts_with(kNumpyTag)) return {};
  try {
    DType dtype = DType::parse(std::string_view(tag).substr(kNumpyTag.size()));
    if (dtype.itemsize() == H5Tget_size(type)) return dtype;
  } catch (const Error&) {  // the tag is anybody's text
  }
  return {};
}

struct Part {
  DType dtype;
  Type memory;
};

Part part_of(hid_t type, const std::string& place, unsigned depth);

/// What h5py takes for a complex number: two equal floats, r and i.
std::optional<Part> complex_of(hid_t type, const std::string& place) {
  if (H5Tget_nmembers(type) != 2 || text_of(H5Tget_member_name(type, 0)) != "r" ||
      text_of(H5Tget_member_name(type, 1)) != "i") {
    return {};
  }
  const Type r(H5Tget_member_type(type, 0));
  const Type i(H5Tget_member_type(type, 1));
  if (H5Tget_class(r.id()) != H5T_FLOAT || !same(r.id(), i.id())) return {};
  const DType half = float_dtype(r.id(), place);
  if (half.itemsize() < 4) return {};
  std::string text(1, half.byteorder());
  text += 'c';
  DType dtype = DType::parse(text + std::to_string(2 * half.itemsize()));
  Type memory = to_hdf5(dtype);
  return Part{std::move(dtype), std::move(memory)};
}

Part compound_of(hid_t type, const std::string& place, unsigned depth) {
  if (auto part = complex_of(type, place)) return std::move(*part);
  const int count = H5Tget_nmembers(type);
  std::size_t size = H5Tget_size(type);
  std::vector<Field> fields;
  std::vector<Type> memories;
  bool moved = false;  // a field is of another size in memory: laid out anew
  for (int n = 0; n < count; ++n) {
    const auto i = static_cast<unsigned>(n);
    const Type of_member(H5Tget_member_type(type, i));
    Part part = part_of(of_member.id(), place, depth + 1);
    moved = moved || part.dtype.itemsize() != H5Tget_size(of_member.id());
    fields.push_back({text_of(H5Tget_member_name(type, i)),
                      {},
                      std::move(part.dtype),
                      H5Tget_member_offset(type, i)});
    memories.push_back(std::move(part.memory));
  }
  if (moved) {
    size = 0;
    for (Field& field : fields) {
      field.offset = size;
      size += field.dtype.itemsize();
    }
  }
  Type memory(H5Tcreate(H5T_COMPOUND, size));
  for (std::size_t i = 0; i < fields.size(); ++i) {
    H5Tinsert(memory.id(), fields[i].name.c_str(), fields[i].offset, memories[i].id());
  }
  return {DType::structured(std::move(fields), size), std::move(memory)};
}

Part array_of(hid_t type, const std::string& place, unsigned depth) {
  const Type of_base(H5Tget_super(type));
  Part base = part_of(of_base.id(), place, depth + 1);
  const int rank = H5Tget_array_ndims(type);
  if (rank < 0 || rank > H5S_MAX_RANK) fail_from(place, "arrays of rank " + std::to_string(rank));
  std::vector<hsize_t> lengths(static_cast<std::size_t>(rank));
  H5Tget_array_dims2(type, lengths.data());
  Shape shape;
  for (const hsize_t length : lengths) {
    if (length > DType::kMaxItemSize) fail_from(place, "arrays of " + std::to_string(length));
    shape.push_back(static_cast<std::int64_t>(length));
  }
  Type memory(
      H5Tarray_create2(base.memory.id(), static_cast<unsigned>(lengths.size()), lengths.data()));
  return {DType::subarray(std::move(base.dtype), std::move(shape)), std::move(memory)};
}

Part part_of(hid_t type, const std::string& place, unsigned depth) {
  if (depth > DType::kMaxDepth) fail_from(place, "they nest more than 64 deep");
  const std::size_t size = H5Tget_size(type);
  if (size == 0 || size > DType::kMaxItemSize) {
    fail_from(place, "they are of " + std::to_string(size) + " bytes");
  }
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_BITFIELD: {
      DType dtype = integer_dtype(type, place);
      Type memory = H5Tget_class(type) == H5T_BITFIELD ? Type(H5Tcopy(type)) : to_hdf5(dtype);
      return {std::move(dtype), std::move(memory)};
    }
    case H5T_FLOAT: {
      DType dtype = float_dtype(type, place);
      Type memory = to_hdf5(dtype);
      return {std::move(dtype), std::move(memory)};
    }
    case H5T_STRING: {
      if (H5Tis_variable_str(type) != 0) fail_from(place, "strings of variable length");
      // NULs pad it in numpy; the library converts from blanks and a last NUL.
      Type memory(H5Tcopy(type));
      H5Tset_strpad(memory.id(), H5T_STR_NULLPAD);
      return {DType::parse("S" + std::to_string(size)), std::move(memory)};
    }
    case H5T_OPAQUE: {
      auto dtype = tagged(type);
      return {dtype ? *dtype : DType::parse("V" + std::to_string(size)), Type(H5Tcopy(type))};
    }
    case H5T_ENUM: {
      if (is_bool(type)) return {DType::of<bool>(), Type(H5Tcopy(type))};
      const Type base(H5Tget_super(type));
      return {integer_dtype(base.id(), place), Type(H5Tcopy(type))};
    }
    case H5T_COMPOUND:
      return compound_of(type, place, depth);
    case H5T_ARRAY:
      return array_of(type, place, depth);
    case H5T_VLEN:
      fail_from(place, "sequences of variable length");
    case H5T_REFERENCE:
      fail_from(place, "references");
    case H5T_TIME:
      fail_from(place, "HDF5's times");
    default:
      fail_from(place, "of an unknown class");
  }
}

}  // namespace

NumpyType from_hdf5(hid_t type, const std::string& place) {
  try {
    Part part = part_of(type, place, 0);
    if (!part.memory) fail_from(place, last_failure().text);
    const bool raw = same(type, part.memory.id());
    if (H5Tget_size(part.memory.id()) != part.dtype.itemsize()) {
      fail_from(place, "they are of " + std::to_string(H5Tget_size(type)) + " bytes");
    }
    return {std::move(part.dtype), std::move(part.memory), raw};
  } catch (const UnsupportedError&) {
    throw;
  } catch (const Error& e) {  // fields that numpy does not have so
    fail_from(place, e.what());
  }
}

}  // namespace functionfuse::formats::hdf5
