#include "formats/hdf5/chunk_index.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>
#include <vector>

#include <functionfuse/error.hpp>

#include "io/file.hpp"

namespace functionfuse::formats::hdf5 {
namespace {

// All numbers are little-endian, as this machine's. Addresses and lengths are of eight bytes.
constexpr std::string_view kHeader = "FAHD";
constexpr std::size_t kHeaderSize = 28;  // signature version client entry page count block checksum
constexpr std::string_view kBlock = "FADB";
constexpr std::size_t kBlockPrefix = 14;  // signature version client header
constexpr std::byte kFiltered{1};         // client: entries have a size and a mask
constexpr std::size_t kChecksum = 4;
constexpr std::size_t kSuperblockSize = 48;
constexpr std::string_view kSuperblock = "\x89HDF\r\n\x1a\n\x03\x08\x08";
constexpr std::size_t kEndOfFileAt = 28;

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

bool has_checksum(const std::byte* data, std::size_t size) {
  return load<std::uint32_t>(data + size - kChecksum) == metadata_checksum(data, size - kChecksum);
}

void add_checksum(std::byte* data, std::size_t size) {
  store(data + size - kChecksum, metadata_checksum(data, size - kChecksum));
}

}  // namespace

std::uint32_t metadata_checksum(const std::byte* data, std::size_t size) {
  std::uint32_t a = 0xdeadbeef + static_cast<std::uint32_t>(size);
  std::uint32_t b = a;
  std::uint32_t c = a;
  while (size > 12) {
    a += load<std::uint32_t>(data);
    b += load<std::uint32_t>(data + 4);
    c += load<std::uint32_t>(data + 8);
    a = (a - c) ^ std::rotl(c, 4);
    c += b;
    b = (b - a) ^ std::rotl(a, 6);
    a += c;
    c = (c - b) ^ std::rotl(b, 8);
    b += a;
    a = (a - c) ^ std::rotl(c, 16);
    c += b;
    b = (b - a) ^ std::rotl(a, 19);
    a += c;
    c = (c - b) ^ std::rotl(b, 4);
    b += a;
    data += 12;
    size -= 12;
  }
  if (size == 0) return c;
  std::byte rest[12] = {};
  std::memcpy(rest, data, size);
  a += load<std::uint32_t>(rest);
  b += load<std::uint32_t>(rest + 4);
  c += load<std::uint32_t>(rest + 8);
  c = (c ^ b) - std::rotl(b, 14);
  a = (a ^ c) - std::rotl(c, 11);
  b = (b ^ a) - std::rotl(a, 25);
  c = (c ^ b) - std::rotl(b, 16);
  a = (a ^ c) - std::rotl(c, 4);
  b = (b ^ a) - std::rotl(a, 14);
  c = (c ^ b) - std::rotl(b, 24);
  return c;
}

ChunkIndex ChunkIndex::find(int fd, std::uint64_t end, std::size_t count, const std::string& path) {
  constexpr std::size_t kPart = std::size_t{1} << 20;
  std::vector<std::byte> part(kPart + kHeaderSize);
  for (std::uint64_t begin = 0; begin < end; begin += kPart) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, part.size()));
    io::read_all(fd, begin, part.data(), size, path);
    const std::string_view text(reinterpret_cast<const char*>(part.data()), size);
    for (std::size_t at = text.find(kHeader); at != std::string_view::npos;
         at = text.find(kHeader, at + 1)) {
      const std::byte* header = part.data() + at;
      if (size - at < kHeaderSize || !has_checksum(header, kHeaderSize) ||
          header[4] != std::byte{0} || header[5] != kFiltered ||
          load<std::uint64_t>(header + 8) != count) {
        continue;
      }
      ChunkIndex index;
      index.header_at_ = begin + at;
      index.block_at_ = load<std::uint64_t>(header + 16);
      index.count_ = count;
      index.entry_size_ = std::to_integer<std::size_t>(header[6]);
      const auto page_bits = std::to_integer<unsigned>(header[7]);
      std::byte block[kBlockPrefix];
      if (index.entry_size_ < 13 || index.entry_size_ > 20 || page_bits > 30 ||
          index.block_at_ > end || end - index.block_at_ < kBlockPrefix) {
        continue;
      }
      index.page_ = std::size_t{1} << page_bits;
      index.has_pages_ = count > index.page_;
      const std::size_t pages = (count + index.page_ - 1) / index.page_;
      index.entries_at_ =
          index.block_at_ + kBlockPrefix + (index.has_pages_ ? (pages + 7) / 8 + kChecksum : 0);
      io::read_all(fd, index.block_at_, block, sizeof block, path);
      if (std::memcmp(block, kBlock.data(), kBlock.size()) == 0 && block[4] == std::byte{0} &&
          block[5] == kFiltered && load<std::uint64_t>(block + 6) == index.header_at_ &&
          index.place_of(count - 1) + index.entry_size_ + kChecksum <= end) {
        return index;
      }
    }
  }
  throw CorruptError("file " + path + " has no index of its chunks");
}

std::uint64_t ChunkIndex::place_of(std::size_t number) const {
  return entries_at_ + number * entry_size_ + (has_pages_ ? number / page_ * kChecksum : 0);
}

void ChunkIndex::encode(const ChunkPlace& place, std::byte* to) const {
  std::byte size[8] = {};
  store(size, place.size);
  store(to, place.address);
  std::memcpy(to + 8, size, entry_size_ - 12);
  store(to + entry_size_ - 4, place.skipped);
}

ChunkPlace ChunkIndex::read(int fd, std::size_t number, const std::string& path) const {
  std::byte entry[20];
  io::read_all(fd, place_of(number), entry, entry_size_, path);
  std::byte size[8] = {};
  std::memcpy(size, entry + 8, entry_size_ - 12);
  const auto whole = load<std::uint64_t>(size);
  ChunkPlace place;
  place.address = load<std::uint64_t>(entry);
  place.size = static_cast<std::uint32_t>(std::min<std::uint64_t>(whole, 0xffffffff));
  place.skipped = load<std::uint32_t>(entry + entry_size_ - 4);
  return place;
}

void ChunkIndex::write(int fd, std::size_t first, std::span<const ChunkPlace> places,
                       const std::string& path) const {
  while (!places.empty()) {
    const std::size_t on_page =
        has_pages_ ? std::min(places.size(), page_ - first % page_) : places.size();
    std::vector<std::byte> entries(on_page * entry_size_);
    for (std::size_t i = 0; i < on_page; ++i) encode(places[i], entries.data() + i * entry_size_);
    io::pwrite_all(fd, place_of(first), entries.data(), entries.size(), path);
    first += on_page;
    places = places.subspan(on_page);
  }
}

void ChunkIndex::finish(int fd, std::span<const ChunkPlace> places, const std::string& path) const {
  const std::size_t pages = (count_ + page_ - 1) / page_;
  std::vector<std::byte> block(entries_at_ - block_at_);
  std::memcpy(block.data(), kBlock.data(), kBlock.size());
  block[5] = kFiltered;
  store(block.data() + 6, header_at_);
  if (has_pages_) {
    for (std::size_t page = 0; page < pages; ++page) {  // all are there
      block[kBlockPrefix + page / 8] |= std::byte{0x80} >> (page % 8);
    }
    add_checksum(block.data(), block.size());
    io::pwrite_all(fd, block_at_, block.data(), block.size(), path);
    block.clear();
  }
  for (std::size_t first = 0; first < count_; first += page_) {
    const std::size_t on_page = std::min(page_, count_ - first);
    const std::uint64_t at = has_pages_ ? place_of(first) : block_at_;
    const std::size_t begin = block.size();  // without pages the entries are part of the block
    block.resize(begin + on_page * entry_size_ + kChecksum);
    for (std::size_t i = 0; i < on_page; ++i) {
      encode(places[first + i], block.data() + begin + i * entry_size_);
    }
    add_checksum(block.data(), block.size());
    io::pwrite_all(fd, at, block.data(), block.size(), path);
    block.clear();
  }
}

void set_end_of_file(int fd, std::uint64_t end, const std::string& path) {
  std::byte superblock[kSuperblockSize];
  io::read_all(fd, 0, superblock, sizeof superblock, path);
  if (std::memcmp(superblock, kSuperblock.data(), kSuperblock.size()) != 0 ||
      !has_checksum(superblock, sizeof superblock)) {
    throw CorruptError("file " + path + " does not begin with the superblock that was written", 0);
  }
  store(superblock + kEndOfFileAt, end);
  add_checksum(superblock, sizeof superblock);
  io::pwrite_all(fd, 0, superblock, sizeof superblock, path);
}

}  // namespace functionfuse::formats::hdf5
