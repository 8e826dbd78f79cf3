#include "formats/hdf5/messages.hpp"

#include <algorithm>
#include <bit>

namespace functionfuse::formats::hdf5 {
namespace {

constexpr std::uint64_t kMostChunk = 0xffffffff;
constexpr unsigned kSharedFlag = 2;
constexpr std::uint64_t kMostNumber = 64;  // bytes of an integer or a float: it is converted
constexpr unsigned kMostDepth = 256;       // of datatypes in datatypes: the library recurses

std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return a == kNowhere || b == kNowhere || __builtin_mul_overflow(a, b, &product) ? kNowhere
                                                                                  : product;
}

// ---------------------------------------------------------------------------------- IV.A.2.b ----

Extent read_extent(Cursor in) {
  const unsigned version = in.u8();
  in.require(version == 1 || version == 2, "a version that is not known");
  Extent extent;
  extent.rank = in.u8();
  in.require(extent.rank <= kMaxAxes, "more than 32 axes");
  const bool has_most = (in.u8() & 1) != 0;
  const unsigned kind = in.u8();  // 0 scalar, 1 simple, 2 null; reserved in version 1
  if (version == 1) {
    in.skip(4);
  } else {
    in.require(kind <= 2 && (kind == 1 || extent.rank == 0), "a kind that is not known");
  }
  extent.elements = version == 2 && kind == 2 ? 0 : 1;
  for (unsigned axis = 0; axis < extent.rank; ++axis) {
    extent.lengths[axis] = in.length();
    extent.elements = multiply(extent.elements, extent.lengths[axis]);
  }
  if (std::find(extent.lengths.begin(), extent.lengths.begin() + extent.rank, 0U) !=
      extent.lengths.begin() + extent.rank) {
    extent.elements = 0;
  }
  for (unsigned axis = 0; has_most && axis < extent.rank; ++axis) {
    in.require(in.length() >= extent.lengths[axis], "it is longer than it may become");
  }
  return extent;
}

// ---------------------------------------------------------------------------------- IV.A.2.d ----

std::uint64_t read_type(Cursor& in, unsigned depth);

void check_bits(const Cursor& in, std::uint64_t first, std::uint64_t count, std::uint64_t size) {
  in.require(size <= kMostNumber, "a number of more than 64 bytes");
  in.require(count > 0 && first + count <= 8 * size, "bits that are not in its bytes");
}

/// \return  bytes of its elements
std::uint64_t read_members(Cursor& in, unsigned version, unsigned count, std::uint64_t size,
                           unsigned depth) {
  const std::size_t offset_width = version < 3 ? 4 : (std::bit_width(size | 1) - 1) / 8 + 1;
  in.require(count > 0, "it has no members");
  for (unsigned i = 0; i < count; ++i) {
    const std::size_t name = in.text().size() + 1;
    if (version < 3) in.skip((8 - name % 8) % 8);
    const std::uint64_t offset = in.number(offset_width);
    std::uint64_t times = 1;
    if (version == 1) {
      const unsigned rank = in.u8();
      in.require(rank <= 4, "a member with more than four axes");
      in.skip(3 + 4 + 4);
      for (unsigned axis = 0; axis < 4; ++axis) {
        const std::uint64_t length = in.u32();
        if (axis < rank) times = multiply(times, length);
      }
    }
    const std::uint64_t bytes = multiply(times, read_type(in, depth + 1));
    in.require(bytes > 0 && bytes <= size && offset <= size - bytes, "a member is not inside it");
  }
  return size;
}

void read_enumeration(Cursor& in, unsigned version, unsigned count, std::uint64_t size,
                      unsigned depth) {
  const Cursor base = in;
  const bool is_integer = (Cursor(base).u8() & 0xf) == 0;
  in.require(is_integer && read_type(in, depth + 1) == size, "its values are no integers");
  for (unsigned i = 0; i < count; ++i) {
    const std::size_t name = in.text().size() + 1;
    if (version < 3) in.skip((8 - name % 8) % 8);
  }
  in.skip(count * size);
}

void read_array(Cursor& in, unsigned version, std::uint64_t size, unsigned depth) {
  const unsigned rank = in.u8();
  in.require(rank >= 1 && rank <= kMaxAxes, "an array of more than 32 axes, or none");
  if (version < 3) in.skip(3);
  std::uint64_t times = 1;
  for (unsigned axis = 0; axis < rank; ++axis) times = multiply(times, in.u32());
  if (version < 3) in.skip(4 * rank);
  in.require(multiply(times, read_type(in, depth + 1)) == size, "an array of another size");
}

void read_float(Cursor& in, unsigned flags, std::uint64_t size) {
  const std::uint64_t first = in.u16(), count = in.u16();
  check_bits(in, first, count, size);
  check_bits(in, flags >> 8 & 0xff, 1, size);  // the sign
  const std::uint64_t exponent = in.u8(), exponent_bits = in.u8();
  check_bits(in, exponent, exponent_bits, size);
  const std::uint64_t mantissa = in.u8(), mantissa_bits = in.u8();
  check_bits(in, mantissa, mantissa_bits, size);
  in.skip(4);
}

/// \return  bytes of an element
std::uint64_t read_type(Cursor& in, unsigned depth) {
  in.require(depth <= kMostDepth, "types that nest too deep");
  const std::uint32_t word = in.u32();
  const unsigned version = word >> 4 & 0xf, flags = word >> 8;
  const std::uint64_t size = in.u32();
  in.require(version >= 1 && version <= 3, "a version that is not known");
  in.require(size > 0, "an element without bytes");
  switch (word & 0xf) {
    case 0:    // fixed-point
    case 4: {  // bit field
      const std::uint64_t first = in.u16();
      check_bits(in, first, in.u16(), size);
      break;
    }
    case 1:
      read_float(in, flags, size);
      break;
    case 2:  // time
      check_bits(in, 0, in.u16(), size);
      break;
    case 3:  // string
    case 7:  // reference
      break;
    case 5:  // opaque: its tag
      in.skip(flags & 0xff);
      break;
    case 6:
      read_members(in, version, flags & 0xffff, size, depth);
      break;
    case 8:
      read_enumeration(in, version, flags & 0xffff, size, depth);
      break;
    case 9:  // of variable length
      read_type(in, depth + 1);
      break;
    case 10:
      read_array(in, version, size, depth);
      break;
    default:
      in.fail("a class that is not known");
  }
  return size;
}

// ------------------------------------------------------------------------------ IV.A.2.e, f -----

std::uint64_t read_old_fill(Cursor in) {
  const std::uint64_t size = in.u32();
  in.skip(size);
  return size;
}

std::uint64_t read_fill(Cursor in) {
  const unsigned version = in.u8();
  in.require(version >= 1 && version <= 3, "a version that is not known");
  bool defined = false;
  if (version < 3) {
    const unsigned allocated = in.u8(), written = in.u8();
    in.require(allocated <= 3 && written <= 2, "a time that is not known");
    defined = in.u8() != 0;
  } else {
    const unsigned flags = in.u8();
    in.require((flags & 0x30) != 0x30 && (flags >> 2 & 3) <= 2, "flags that are not known");
    defined = (flags & 0x20) != 0;
  }
  const std::uint64_t size = defined ? in.u32() : 0;
  in.require(size < std::uint64_t{1} << 31, "a value that is too large");
  in.skip(size);
  return size;
}

// ---------------------------------------------------------------------------------- IV.A.2.i ----

void read_chunk_shape(Cursor& in, Layout& layout, std::size_t width) {
  in.require(layout.axes >= 1 && layout.axes <= kMaxAxes + 1, "more than 32 axes, or none");
  layout.size = 1;
  for (unsigned axis = 0; axis < layout.axes; ++axis) {
    layout.lengths[axis] = in.number(width);
    layout.size = multiply(layout.size, layout.lengths[axis]);
    in.require(layout.size > 0 && layout.size <= kMostChunk, "chunks of no bytes, or over 4 GiB");
  }
}

/// Versions 1 and 2.
void read_first_layout(Cursor& in, Layout& layout) {
  layout.axes = in.u8();
  const unsigned kind = in.u8();
  in.require(kind <= 2, "a kind that is not known");
  layout.kind = static_cast<Layout::Kind>(kind);
  in.skip(5);
  if (layout.kind != Layout::Kind::compact) layout.address = in.address();
  if (layout.kind == Layout::Kind::chunked) {
    layout.old_tree = true;
    return read_chunk_shape(in, layout, 4);
  }
  in.require(layout.axes >= 1 && layout.axes <= kMaxAxes + 1, "more than 32 axes, or none");
  in.skip(4 * layout.axes);
  if (layout.kind == Layout::Kind::compact) {
    layout.size = in.u32();
    in.skip(layout.size);
  }
}

/// Version 4.
void read_index(Cursor& in, unsigned flags) {
  switch (in.u8()) {
    case 1:  // one chunk
      if ((flags & 2) != 0) {
        in.length();
        in.skip(4);
      }
      break;
    case 2:  // implicit
      break;
    case 3:  // fixed array
      in.skip(1);
      break;
    case 4:  // extensible array
      in.skip(5);
      break;
    case 5:  // B-tree of version 2
      in.skip(6);
      break;
    default:
      in.fail("an index that is not known");
  }
}

void read_chunked(Cursor& in, Layout& layout) {
  layout.old_tree = layout.version == 3;
  if (layout.old_tree) {
    layout.axes = in.u8();
    layout.address = in.address();
    return read_chunk_shape(in, layout, 4);
  }
  const unsigned flags = in.u8();
  layout.axes = in.u8();
  const unsigned width = in.u8();
  in.require(width >= 1 && width <= 8, "numbers of more than eight bytes");
  read_chunk_shape(in, layout, width);
  read_index(in, flags);
  layout.address = in.address();
}

Layout read_layout(Cursor in) {
  Layout layout;
  layout.version = in.u8();
  in.require(layout.version >= 1 && layout.version <= 4, "a version that is not known");
  if (layout.version < 3) {
    read_first_layout(in, layout);
    return layout;
  }
  const unsigned kind = in.u8();
  in.require(kind <= 3, "a kind that is not known");
  layout.kind = static_cast<Layout::Kind>(kind);
  switch (layout.kind) {
    case Layout::Kind::compact:
      layout.size = in.u16();
      in.skip(layout.size);
      break;
    case Layout::Kind::contiguous:
      layout.address = in.address();
      layout.size = in.length();
      break;
    case Layout::Kind::chunked:
      read_chunked(in, layout);
      break;
    case Layout::Kind::virtual_data:
      layout.address = in.address();
      layout.object = in.u32();
      break;
  }
  return layout;
}

// ---------------------------------------------------------------------------------- IV.A.2.l ----

/// \return  whether there are any filters
bool read_filters(Cursor in) {
  const unsigned version = in.u8(), count = in.u8();
  in.require(version == 1 || version == 2, "a version that is not known");
  in.require(count <= 32, "more than 32 filters");
  if (version == 1) in.skip(6);
  for (unsigned i = 0; i < count; ++i) {
    const unsigned id = in.u16();
    const unsigned name = version == 1 || id >= 256 ? in.u16() : 0;
    in.skip(2);
    const std::uint64_t values = in.u16();
    if (name > 0) in.part(name, "name of a filter").text();
    in.skip(4 * values);
    if (version == 1 && values % 2 != 0) in.skip(std::min<std::size_t>(in.left(), 4));
  }
  return count > 0;
}

// -------------------------------------------------------------------------------- IV.A.2.q ------

/// The address of the object that has the message; nothing where it is in a heap, which has
/// checksums.
std::optional<std::uint64_t> read_shared(Cursor in) {
  const unsigned version = in.u8();
  in.require(version >= 1 && version <= 3, "a version that is not known");
  const bool in_heap = in.u8() == 1 && version == 3;
  if (version == 1) {
    in.skip(6);
    in.length();
  }
  if (!in_heap) return in.address();
  in.skip(8);
  return {};
}

std::optional<std::uint64_t> read_type(Cursor in, bool shared, const CommittedType& committed) {
  if (!shared) return read_type(in, 0);
  const std::optional<std::uint64_t> address = read_shared(in);
  if (!address) return {};
  return committed(*address);
}

std::optional<Extent> read_extent(Cursor in, bool shared) {
  if (!shared) return read_extent(in);
  in.require(!read_shared(in), "a dataspace in another object");
  return {};
}

// ---------------------------------------------------------------------------------- IV.A.2.m ----

void read_attribute(Cursor in, const CommittedType& committed) {
  const unsigned version = in.u8();
  in.require(version >= 1 && version <= 3, "a version that is not known");
  const unsigned flags = in.u8();
  const std::uint64_t name = in.u16(), type = in.u16(), space = in.u16();
  if (version == 3) in.skip(1);
  const auto part = [&](std::uint64_t size, const char* what) {
    const Cursor found = in.part(size, what);
    if (version == 1) in.skip((8 - size % 8) % 8);
    return found;
  };
  const bool type_shared = version > 1 && (flags & 1) != 0;
  const bool space_shared = version > 1 && (flags & 2) != 0;
  part(name, "name of an attribute").text();
  const auto size = read_type(part(type, "datatype of an attribute"), type_shared, committed);
  const auto extent = read_extent(part(space, "dataspace of an attribute"), space_shared);
  if (size && extent) in.skip(multiply(*size, extent->elements));
}

// ---------------------------------------------------------------------------------- IV.A.2.g ----

void read_link(Cursor in) {
  in.require(in.u8() == 1, "a version that is not known");
  const unsigned flags = in.u8();
  const unsigned kind = (flags & 8) != 0 ? in.u8() : 0;  // 0 hard, 1 soft, 64 external
  if ((flags & 4) != 0) in.skip(8);
  if ((flags & 16) != 0) in.skip(1);
  in.skip(in.number(std::size_t{1} << (flags & 3)));
  if (kind == 0) {
    in.address();
    return;
  }
  Cursor value = in.part(in.u16(), "link");
  if (kind == 64) {
    value.skip(1);
    value.text();
    value.text();
  }
}

void read_external_files(Cursor in) {
  in.skip(4);
  const unsigned slots = in.u16();
  const unsigned used = in.u16();
  in.require(used <= slots, "more files than places for them");
  in.address();
  for (unsigned i = 0; i < 3 * used; ++i) in.length();
}

/// Link info and attribute info.
/// \param order  bytes of a creation order
void read_info(Cursor in, unsigned order) {
  in.skip(1);
  const unsigned flags = in.u8();
  if ((flags & 1) != 0) in.skip(order);
  in.addresses((flags & 2) != 0 ? 3 : 2);
}

void read_group_info(Cursor in) {
  in.skip(1);
  const unsigned flags = in.u8();
  in.skip(((flags & 1) != 0 ? 4 : 0) + ((flags & 2) != 0 ? 4 : 0));
}

void read_file_space(Cursor in) {
  const unsigned version = in.u8();
  in.skip(1);
  if (version == 0) {
    in.length();
    in.addresses(6);
    return;
  }
  const bool persists = in.u8() != 0;
  in.length();
  in.length();
  in.skip(2);
  in.addresses(persists ? 13 : 1);
}

void read_shared_table(Cursor in) {
  in.skip(2);
  in.addresses(1);
}

Run read_continuation(Cursor in) {
  Run run;
  run.address = in.address();
  run.size = in.length();
  in.require(run.address != kNowhere && run.size >= 8, "it leads nowhere");
  return run;
}

}  // namespace

void read_message(unsigned id, unsigned flags, Cursor in, const CommittedType& committed,
                  Facts& object) {
  const bool shared = (flags & kSharedFlag) != 0;
  const auto note = [](auto& place, auto value) {
    if (!place) place = value;
  };
  const auto as = [&](const char* what) { return Cursor(in).part(in.left(), what); };
  const auto own = [&](const char* what) {  // what may be shared, and never is by name
    const Cursor message = as(what);
    if (shared) message.require(!read_shared(message), "a message in another object");
    return message;
  };
  switch (id) {
    case 1:
      if (auto extent = read_extent(as("dataspace"), shared)) note(object.extent, *extent);
      break;
    case 2:
      read_info(as("link info"), 8);
      break;
    case 3:
      object.type_is_shared = object.type_is_shared || shared;
      if (auto size = read_type(as("datatype"), shared, committed)) note(object.type_size, *size);
      break;
    case 4:
      if (const Cursor fill = own("old fill value"); !shared) {
        note(object.old_fill, read_old_fill(fill));
      }
      break;
    case 5:
      if (const Cursor fill = own("fill value"); !shared) note(object.fill, read_fill(fill));
      break;
    case 6:
      read_link(as("link"));
      break;
    case 7:
      object.external = true;
      read_external_files(as("external data files"));
      break;
    case 8:
      note(object.layout, read_layout(as("data layout")));
      break;
    case 10:
      read_group_info(as("group info"));
      break;
    case 11:
      if (const Cursor filters = own("filter pipeline"); !shared) {
        note(object.filtered, read_filters(filters));
      } else {
        note(object.filtered, true);
      }
      break;
    case 12:
      if (const Cursor attribute = own("attribute"); !shared) read_attribute(attribute, committed);
      break;
    case 15:
      read_shared_table(as("shared message table"));
      break;
    case 16:
      object.more.push_back(read_continuation(as("header continuation")));
      break;
    case 17:
      as("symbol table").addresses(2);
      break;
    case 19:
      as("B-tree 'K' values").skip(7);
      break;
    case 21:
      read_info(as("attribute info"), 2);
      break;
    case 23:
      read_file_space(as("file space info"));
      break;
    case 24:
      in.fail("a metadata cache image, which such a header never has");
    default:  // not known to the library, or not looked at
      break;
  }
}

void check_dataset(const Facts& object, const Cursor& at) {
  if (!object.layout || !object.extent || !object.type_size) return;
  const Layout& layout = *object.layout;
  const std::uint64_t size = *object.type_size;
  const std::uint64_t bytes = multiply(object.extent->elements, size);
  const auto fill = object.fill ? object.fill : object.old_fill;
  at.require(!fill || *fill == 0 || *fill == size, "its fill value is not one of its elements");
  switch (layout.kind) {
    case Layout::Kind::compact:
      at.require(layout.size >= bytes, "it has less data than its shape says");
      break;
    case Layout::Kind::contiguous:
      at.require(bytes != kNowhere, "its shape is too large");
      at.require(layout.version < 3 || object.external || layout.size == bytes,
                 "its data is not of the size that its shape says");
      break;
    case Layout::Kind::chunked:
      at.require(layout.axes == object.extent->rank + 1, "its chunks have other axes");
      at.require(layout.lengths[layout.axes - 1] == size, "its chunks have other elements");
      break;
    case Layout::Kind::virtual_data:
      break;
  }
}

}  // namespace functionfuse::formats::hdf5
