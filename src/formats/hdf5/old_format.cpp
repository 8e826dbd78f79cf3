#include "formats/hdf5/old_format.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "formats/hdf5/chunk_index.hpp"
#include "io/file.hpp"

namespace functionfuse::formats::hdf5 {
namespace {

constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
constexpr std::uint64_t kMostHeader = std::uint64_t{16} << 20;  // a block of one
constexpr std::uint64_t kNoFreeBlock = 1;
constexpr std::uint64_t kMessageAlignment = 8;
constexpr std::size_t kChecksum = 4;

bool begins_with(std::span<const std::byte> block, std::string_view signature) {
  return block.size() >= signature.size() &&
         std::memcmp(block.data(), signature.data(), signature.size()) == 0;
}

bool has_checksum(const std::vector<std::byte>& block) {
  if (block.size() < kChecksum) return false;
  std::uint32_t stored = 0;
  std::memcpy(&stored, block.data() + block.size() - kChecksum, kChecksum);
  return stored == metadata_checksum(block.data(), block.size() - kChecksum);
}

}  // namespace

OldFormat::OldFormat(int fd, std::uint64_t size, std::string path)
    : fd_(fd), size_(size), path_(std::move(path)) {}

void OldFormat::check(H5FD_mem_t type, std::uint64_t base, std::uint64_t at,
                      std::span<std::byte> block) {
  base_ = base;
  const std::uint64_t address = at - base;
  switch (type) {
    case H5FD_MEM_SUPER:
      if (begins_with(block, kSignature)) check_superblock(address, block);
      break;
    case H5FD_MEM_OHDR:
      // What was begun, the library reads next, each part of it once.
      if (expected_.erase(address) == 0) check_header(address, block);
      break;
    case H5FD_MEM_LHEAP:
      check_heap(address, block);
      break;
    case H5FD_MEM_BTREE:
      if (begins_with(block, "SNOD")) check_symbols(cursor(block, address, "symbol table node"));
      if (begins_with(block, "TREE")) check_tree(address, cursor(block, address, "B-tree node"));
      break;
    default:
      break;
  }
}

Cursor OldFormat::cursor(std::span<const std::byte> bytes, std::uint64_t address,
                         const char* what) const {
  return {bytes, base_ + address, widths_, what};
}

void OldFormat::check_inside(std::uint64_t address, std::uint64_t size, const char* what) const {
  if (base_ > size_ || address > size_ - base_ || size > size_ - base_ - address) {
    cursor({}, address, what).fail("it ends beyond the file");
  }
}

std::vector<std::byte> OldFormat::read(std::uint64_t address, std::uint64_t size,
                                       const char* what) const {
  check_inside(address, size, what);
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  io::read_all(fd_, base_ + address, bytes.data(), bytes.size(), path_);
  return bytes;
}

// --------------------------------------------------------------------------------------- II.A ----

void OldFormat::check_superblock(std::uint64_t address, std::span<const std::byte> block) {
  constexpr std::size_t kSmallest = 16;
  constexpr const char* what = "superblock";
  if (block.size() <= kSignature.size()) return;  // the library looks for its place
  const std::vector<std::byte> begin = read(address, kSmallest, what);
  Cursor in = cursor(begin, address, what);
  in.skip(kSignature.size());
  const unsigned version = in.u8();
  if (version < 2) in.skip(4);
  widths_.address = in.u8();
  widths_.length = in.u8();
  const auto known = [](unsigned width) { return width == 2 || width == 4 || width == 8; };
  in.require(known(widths_.address) && known(widths_.length), "numbers of more than eight bytes");
  if (version >= 2) return;

  // Behind four addresses comes the entry of the root group.
  const std::uint64_t addresses = 24 + (version == 1 ? 4 : 0);
  const std::vector<std::byte> rest = read(address + addresses, 4 * widths_.address, what);
  in = cursor(rest, address + addresses, what);
  in.address();
  in.require(in.address() == kNowhere, "an extension, which this version does not have");
  in.address();
  const std::uint64_t driver = in.address();
  if (driver == kNowhere) return;
  const std::vector<std::byte> driver_begin = read(driver, 8, "driver information");
  Cursor of_driver = cursor(driver_begin, driver, "driver information");
  of_driver.skip(4);
  check_inside(driver, 16 + std::uint64_t{of_driver.u32()}, "driver information");
}

// --------------------------------------------------------------------------------------- IV.A ----

/// What is in front of a header's messages.
struct OldFormat::Prefix {
  unsigned version = 1;
  bool has_order = false;  // a message says when it was made
  Run first;               // messages; in version 2 all of the first block
  std::uint64_t skip = 0;  // bytes in front of the messages there
};

void OldFormat::check_header(std::uint64_t address, std::span<const std::byte> block) {
  expected_.clear();
  // The library first reads as much as is enough for most.
  const std::uint64_t end = address + block.size();
  if (begins_with(block, "FRHP")) {  // a fractal heap's header
    expected_.insert(end);
    return;
  }
  const Facts object = read_header(address, 0);
  if (!object.more.empty() && object.more[0].address + object.more[0].size > end) {
    expected_.insert(end);
  }
  if (!object.layout) return;
  const Layout& layout = *object.layout;
  if (layout.kind == Layout::Kind::virtual_data) check_list(layout);
  if (!layout.old_tree || layout.address == kNowhere) return;
  note_tree(layout.address,
            {layout.axes, layout.lengths, layout.size, object.filtered.value_or(false)});
}

Facts OldFormat::read_header(std::uint64_t address, unsigned depth) {
  constexpr const char* what = "object header";
  const std::uint64_t room = base_ + address < size_ ? size_ - base_ - address : 0;
  const std::vector<std::byte> begin = read(address, std::min<std::uint64_t>(room, 64), what);
  Cursor in = cursor(begin, address, what);
  const Cursor place = in;
  Prefix prefix;
  Facts object;
  if (begins_with(begin, "OHDR")) {
    in.skip(5);
    const unsigned flags = in.u8();
    prefix.version = 2;
    prefix.has_order = (flags & 4) != 0;
    in.skip(((flags & 32) != 0 ? 16 : 0) + ((flags & 16) != 0 ? 4 : 0));
    const std::uint64_t messages = in.number(std::size_t{1} << (flags & 3));
    prefix.skip = in.at() - place.at();
    in.require(messages <= kMostHeader, "it is too long");
    prefix.first = {address, prefix.skip + messages + kChecksum};
  } else {
    if (in.u8() != 1) return object;  // not a header, which the library sees too
    in.skip(7);
    prefix.first = {address + 16, in.u32()};
  }
  object.more.push_back(prefix.first);
  for (std::size_t i = 0; i < object.more.size(); ++i) {
    if (!read_block(prefix, object.more[i], object, depth)) return {};
    prefix.skip = 4;  // "OCHK"
  }
  if (prefix.version == 1) check_dataset(object, place);
  return object;
}

/// False where there is a checksum, and it is wrong: the library will say so.
bool OldFormat::read_block(const Prefix& prefix, Run run, Facts& object, unsigned depth) {
  constexpr const char* what = "object header";
  if (run.size > kMostHeader) cursor({}, run.address, what).fail("it is too long");
  const std::vector<std::byte> block = read(run.address, run.size, what);
  const bool old = prefix.version == 1;
  Cursor in = cursor(block, run.address, what);
  if (!old) {
    if (!has_checksum(block)) return false;
    in = in.part(block.size() - kChecksum, what);
    in.skip(prefix.skip);
  }
  const CommittedType committed = [&](std::uint64_t address) {
    in.require(depth == 0, "a datatype in another object, which has none of its own");
    const Facts type = read_header(address, depth + 1);
    in.require(type.type_size.has_value() && !type.type_is_shared,
               "a datatype in another object, which has none");
    return *type.type_size;
  };
  const std::size_t header = old ? 8 : prefix.has_order ? 6 : 4;
  while (in.left() >= header) {
    const unsigned id = old ? in.u16() : in.u8();
    const unsigned size = in.u16();
    const unsigned flags = in.u8();
    in.skip(header - (old ? 5 : 4));
    Cursor message = in.part(size, "message");
    in.require(!old || size % kMessageAlignment == 0, "a message is not aligned");
    // Of version 2 only what leads to that which has no checksum.
    const bool leads_on = id == 3 || id == 8 || id == 11 || id == 16;
    if (old || leads_on) read_message(id, flags, message, committed, object);
    if (id == 16 && depth == 0) {
      const std::uint64_t next = object.more.back().address;
      in.require(expected_.insert(next).second, "two continuations are one");
    }
  }
  return true;
}

// --------------------------------------------------------------------------------------- III.D ---

void OldFormat::check_heap(std::uint64_t address, std::span<std::byte> block) {
  constexpr const char* what = "local heap";
  const auto end_name = [&] {  // of those whose last byte is in the block
    for (auto last = heap_ends_.lower_bound(address);
         last != heap_ends_.end() && *last - address < block.size(); ++last) {
      block[static_cast<std::size_t>(*last - address)] = std::byte{0};
    }
  };
  if (!begins_with(block, "HEAP")) return end_name();
  Cursor in = cursor(block, address, what);
  in.skip(8);
  const std::uint64_t size = in.length();
  std::uint64_t free = in.length();
  const std::uint64_t data = in.address();
  if (size == 0) return;
  const std::size_t links = 2 * widths_.length;
  in.require(data != kNowhere && size >= links, "it has no data");
  check_inside(data, size, what);

  // Each free block says where the next one is and how long it is itself; together they cannot be
  // longer than the heap, so the list ends.
  for (std::uint64_t all = 0; free != kNoFreeBlock;) {
    in.require(free <= size - links, "a free block that is not in it");
    const std::vector<std::byte> bytes = read(data + free, links, what);
    Cursor entry = cursor(bytes, data + free, "free block of a local heap");
    const std::uint64_t here = free;
    free = entry.length();
    const std::uint64_t length = entry.length();
    entry.require(length >= links && length <= size - here, "its length is wrong");
    all += length;
    entry.require(all <= size, "the list of free blocks goes round");
  }

  heap_ends_.insert(data + size - 1);
  end_name();
}

// --------------------------------------------------------------------------------------- III.B ---

void OldFormat::check_symbols(Cursor node) const {
  const std::size_t entry = widths_.length + widths_.address + 24;
  node.skip(6);
  const std::uint64_t count = node.u16();
  node.require(count <= node.left() / entry, "more entries than there is room for");
}

// ------------------------------------------------------------------------------------- III.A.1 ---

void OldFormat::check_tree(std::uint64_t address, Cursor node) {
  node.skip(4);
  const unsigned type = node.u8();  // 0: of a group, 1: of chunks
  const unsigned level = node.u8();
  const unsigned count = node.u16();
  node.addresses(2);
  if (type == 1) {
    const auto found = trees_.find(address);
    node.require(found != trees_.end(), "no dataset leads to it");
    return check_chunks(node, Tree(found->second), level, count);
  }
  for (unsigned i = 0; i < count; ++i) {
    node.length();
    const Cursor here = node;
    const std::uint64_t child = node.address();
    if (level > 0) check_child(here, child, type, level - 1);
  }
}

void OldFormat::check_chunks(Cursor node, const Tree& tree, unsigned level, unsigned count) {
  std::array<std::uint64_t, kMaxAxes + 1> before{}, offsets{};
  for (unsigned i = 0; i <= count && count > 0; ++i) {
    const std::uint64_t size = node.u32();
    node.skip(4);
    for (unsigned axis = 0; axis < tree.axes; ++axis) {
      offsets[axis] = node.number(8);
      node.require(offsets[axis] % tree.lengths[axis] == 0, "a chunk that begins inside another");
    }
    node.require(i == 0 || before < offsets, "its chunks are not in order");
    before = offsets;
    if (i == count) break;  // the last key has no chunk
    const Cursor here = node;
    const std::uint64_t child = node.address();
    if (level > 0) {
      check_child(here, child, 1, level - 1);
      note_tree(child, tree);
    } else {
      here.require(tree.filtered ? size > 0 && size <= size_ : size == tree.chunk_size,
                   "a chunk of another size");
    }
  }
}

void OldFormat::check_child(const Cursor& from, std::uint64_t address, unsigned type,
                            unsigned level) const {
  const std::vector<std::byte> begin = read(address, 6, "B-tree node");
  const bool is_node = begins_with(begin, "TREE") && std::to_integer<unsigned>(begin[4]) == type &&
                       std::to_integer<unsigned>(begin[5]) == level;
  from.require(is_node, "it leads to what is not a node of the level below");
}

void OldFormat::note_tree(std::uint64_t address, const Tree& tree) {
  const auto [place, is_new] = trees_.emplace(address, tree);
  cursor({}, address, "B-tree node")
      .require(is_new || place->second == tree, "two datasets lead to it");
}

// --------------------------------------------------------------------------------------- III.E ---

void OldFormat::check_list(const Layout& layout) const {
  constexpr const char* what = "global heap";
  constexpr std::uint64_t kHead = 8;  // index, references, reserved; the object's length follows
  if (layout.address == kNowhere) return;
  const std::uint64_t prefix = 8 + widths_.length;
  const std::vector<std::byte> begin = read(layout.address, prefix, what);
  Cursor in = cursor(begin, layout.address, what);
  in.require(begins_with(begin, "GCOL"), "it is not one");
  in.skip(8);
  const std::uint64_t size = in.length();
  in.require(size >= 4096, "it is too short");  // what the library reads at once
  const std::vector<std::byte> heap = read(layout.address, size, what);
  in = cursor(heap, layout.address, what);
  in.skip(prefix);
  bool found = false;
  while (in.left() >= kHead + widths_.length) {
    const unsigned index = in.u16();
    in.skip(6);
    const std::uint64_t length = in.length();
    if (index == 0) {  // free space, with its own head
      in.require(length >= kHead + widths_.length, "free space without length");
      in.skip(length - kHead - widths_.length);
      continue;
    }
    const Cursor object = in;
    const std::uint64_t at = in.at() - base_;
    in.skip(length);
    in.skip(std::min<std::uint64_t>(in.left(), (8 - length % 8) % 8));
    if (index != layout.object) continue;
    object.require(!found, "an object is there twice");
    object.require(has_checksum(read(at, length, what)), "the list does not fit its checksum");
    found = true;
  }
  in.require(found, "the list of a virtual dataset is not in it");
}

}  // namespace functionfuse::formats::hdf5
