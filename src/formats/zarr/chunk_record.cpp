#include "formats/zarr/chunk_record.hpp"

#include <algorithm>
#include <cstring>

#include <xxhash.h>

#include <functionfuse/error.hpp>

namespace functionfuse::formats::zarr {
namespace {

// All numbers are little-endian and have 8 bytes, as those of the machines that this runs on.
constexpr std::string_view kMagic = "FFZarr";
constexpr std::string_view kVersion = "01";

struct Header {
  char magic[8];
  std::uint64_t zarray_checksum;
  std::uint64_t checksum_count;
  std::uint64_t length_count;  // numbers that describe the logical chunks; 0: they are the stored
};

/// For every axis how many pieces it has, and their lengths.
std::vector<std::uint64_t> flat(const Chunks& chunks) {
  std::vector<std::uint64_t> numbers;
  for (std::size_t axis = 0; axis < chunks.ndim(); ++axis) {
    const auto& lengths = chunks.lengths(axis);
    numbers.push_back(lengths.size());
    numbers.insert(numbers.end(), lengths.begin(), lengths.end());
  }
  return numbers;
}

/// False: they do not describe chunks of an array of that shape.
bool unflatten(std::span<const std::uint64_t> numbers, const Shape& shape, Chunks& chunks) {
  std::vector<std::vector<std::int64_t>> lengths;
  while (!numbers.empty()) {
    const std::uint64_t count = numbers[0];
    numbers = numbers.subspan(1);
    if (count > numbers.size()) return false;
    lengths.emplace_back(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(count));
    numbers = numbers.subspan(count);
  }
  try {
    chunks = Chunks(std::move(lengths));
  } catch (const Error&) {  // the caller's error says more
    return false;
  }
  return chunks.shape() == shape;
}

std::uint64_t checksum(const void* data, std::size_t size) { return XXH3_64bits(data, size); }

}  // namespace

std::vector<std::byte> write_record(const ChunkRecord& record, std::string_view zarray,
                                    const Chunks& stored) {
  const auto lengths =
      record.logical == stored ? std::vector<std::uint64_t>() : flat(record.logical);
  Header header{};
  std::copy(kMagic.begin(), kMagic.end(), header.magic);
  std::copy(kVersion.begin(), kVersion.end(), header.magic + kMagic.size());
  header.zarray_checksum = checksum(zarray.data(), zarray.size());
  header.checksum_count = record.checksums.size();
  header.length_count = lengths.size();

  std::vector<std::byte> bytes;
  const auto append = [&](const void* data, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), first, first + size);
  };
  append(&header, sizeof header);
  append(record.checksums.data(), 8 * record.checksums.size());
  append(lengths.data(), 8 * lengths.size());
  const std::uint64_t own = checksum(bytes.data(), bytes.size());
  append(&own, sizeof own);
  return bytes;
}

std::size_t most_record_bytes(const Chunks& stored) noexcept {
  std::size_t most = 0;  // an array of a few bytes may have had pieces of length 0 beside
  constexpr std::size_t kMore = std::size_t{1} << 24;
  if (__builtin_mul_overflow(stored.count(), std::size_t{8}, &most)) return SIZE_MAX;
  for (const std::int64_t length : stored.shape()) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(static_cast<std::size_t>(length), std::size_t{8}, &bytes) ||
        __builtin_add_overflow(most, bytes, &most)) {
      return SIZE_MAX;
    }
  }
  return __builtin_add_overflow(most, kMore, &most) ? SIZE_MAX : most;
}

ChunkRecord parse_record(std::span<const std::byte> bytes, std::string_view zarray,
                         const Chunks& stored, bool has_bytes, const std::string& place) {
  const auto damaged = [&] {
    return CorruptError(place +
                        " is damaged: its chunks can't be checked. Remove it to read the "
                        "array without checksums");
  };
  Header header{};
  std::uint64_t own = 0;
  if (bytes.size() < sizeof header + sizeof own || bytes.size() % 8 != 0) throw damaged();
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::size_t end = bytes.size() - sizeof own;
  std::memcpy(&own, bytes.data() + end, sizeof own);
  if (std::string_view(header.magic, kMagic.size()) != kMagic ||
      own != checksum(bytes.data(), end)) {
    throw damaged();
  }
  if (std::string_view(header.magic + kMagic.size(), kVersion.size()) != kVersion) {
    throw UnsupportedError(place +
                           " was written by another version of this library, which is "
                           "needed to check the chunks. Remove it to read the array without");
  }
  if (header.zarray_checksum != checksum(zarray.data(), zarray.size())) {
    throw CorruptError(place +
                       " does not belong to the .zarray beside it: another program has "
                       "changed the array, or .zarray is damaged. Remove " +
                       place + " to read the array as it is now, without checksums");
  }
  const std::size_t numbers = (end - sizeof header) / 8;
  const std::size_t wanted = has_bytes ? stored.count() : 0;
  if (header.checksum_count != wanted || numbers < wanted ||
      header.length_count != numbers - wanted) {
    throw damaged();
  }
  ChunkRecord record;
  record.checksums.resize(wanted);
  std::vector<std::uint64_t> lengths(header.length_count);
  const std::byte* at = bytes.data() + sizeof header;
  if (wanted > 0) std::memcpy(record.checksums.data(), at, 8 * wanted);
  if (!lengths.empty()) std::memcpy(lengths.data(), at + 8 * wanted, 8 * lengths.size());
  record.logical = stored;
  if (!lengths.empty() && !unflatten(lengths, stored.shape(), record.logical)) throw damaged();
  return record;
}

}  // namespace functionfuse::formats::zarr
