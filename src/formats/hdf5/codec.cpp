#include "formats/hdf5/codec.hpp"

#include <cstring>

#include <zlib.h>

#include <functionfuse/error.hpp>

namespace functionfuse::formats::hdf5 {
namespace {

// Elements at a time: their bytes, and those of the same number of lines of the result, fit the
// first cache.
constexpr std::size_t kBlock = 1024;

template <std::size_t kSize>
void shuffle_elements(const std::byte* from, std::size_t count, std::byte* to) {
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t end = begin + kBlock < count ? begin + kBlock : count;
    for (std::size_t b = 0; b < kSize; ++b) {
      for (std::size_t i = begin; i < end; ++i) to[b * count + i] = from[i * kSize + b];
    }
  }
}

template <std::size_t kSize>
void unshuffle_elements(const std::byte* from, std::size_t count, std::byte* to) {
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t end = begin + kBlock < count ? begin + kBlock : count;
    for (std::size_t b = 0; b < kSize; ++b) {
      for (std::size_t i = begin; i < end; ++i) to[i * kSize + b] = from[b * count + i];
    }
  }
}

}  // namespace

void shuffle(const std::byte* from, std::size_t size, std::size_t itemsize, std::byte* to) {
  if (itemsize > size) itemsize = 1;  // there is no whole element: all stays as it is
  const std::size_t count = size / itemsize;
  switch (itemsize) {
    case 2:
      shuffle_elements<2>(from, count, to);
      break;
    case 4:
      shuffle_elements<4>(from, count, to);
      break;
    case 8:
      shuffle_elements<8>(from, count, to);
      break;
    default:
      for (std::size_t b = 0; b < itemsize; ++b) {
        for (std::size_t i = 0; i < count; ++i) to[b * count + i] = from[i * itemsize + b];
      }
  }
  const std::size_t whole = count * itemsize;
  if (whole < size) std::memcpy(to + whole, from + whole, size - whole);
}

void unshuffle(const std::byte* from, std::size_t size, std::size_t itemsize, std::byte* to) {
  if (itemsize > size) itemsize = 1;  // there is no whole element: all stays as it is
  const std::size_t count = size / itemsize;
  switch (itemsize) {
    case 2:
      unshuffle_elements<2>(from, count, to);
      break;
    case 4:
      unshuffle_elements<4>(from, count, to);
      break;
    case 8:
      unshuffle_elements<8>(from, count, to);
      break;
    default:
      for (std::size_t b = 0; b < itemsize; ++b) {
        for (std::size_t i = 0; i < count; ++i) to[i * itemsize + b] = from[b * count + i];
      }
  }
  const std::size_t whole = count * itemsize;
  if (whole < size) std::memcpy(to + whole, from + whole, size - whole);
}

std::size_t deflate(const std::byte* from, std::size_t size, int level, std::byte* to) {
  uLongf done = size;
  const int result = ::compress2(reinterpret_cast<Bytef*>(to), &done,
                                 reinterpret_cast<const Bytef*>(from), size, level);
  if (result == Z_MEM_ERROR) throw Error(Errc::io, "no memory for compressing a chunk");
  return result == Z_OK && done < size ? done : 0;
}

std::size_t inflate_up_to(const std::byte* from, std::size_t from_size, std::byte* to,
                          std::size_t size) {
  uLongf done = size;
  const int result = ::uncompress(reinterpret_cast<Bytef*>(to), &done,
                                  reinterpret_cast<const Bytef*>(from), from_size);
  if (result == Z_MEM_ERROR) throw Error(Errc::io, "no memory for a compressed chunk");
  return result == Z_OK ? done : 0;
}

bool inflate(const std::byte* from, std::size_t from_size, std::byte* to, std::size_t size) {
  return inflate_up_to(from, from_size, to, size) == size;
}

bool may_inflate(std::size_t from_size, std::size_t size) { return size / 1032 <= from_size; }

namespace {

/// Of big-endian words of 16 bits, the last one padded with zeros.
std::uint32_t fletcher32(const std::byte* data, std::size_t size) {
  std::uint32_t sum1 = 0;
  std::uint32_t sum2 = 0;
  const auto fold = [](std::uint32_t x) { return (x & 0xffff) + (x >> 16); };
  for (std::size_t i = 0; i < size; i += 2) {
    const auto high = std::to_integer<std::uint32_t>(data[i]);
    const auto low = i + 1 < size ? std::to_integer<std::uint32_t>(data[i + 1]) : 0;
    sum1 += high << 8 | low;
    sum2 += sum1;
    if (i % 720 == 718) {  // before they overflow
      sum1 = fold(sum1);
      sum2 = fold(sum2);
    }
  }
  sum1 = fold(fold(sum1));
  sum2 = fold(fold(sum2));
  return sum2 << 16 | sum1;
}

}  // namespace

bool take_off_fletcher32(const std::byte* data, std::size_t& size) {
  if (size < 4) return false;
  size -= 4;
  std::uint32_t stored = 0;
  std::memcpy(&stored, data + size, 4);
  // Old libraries had the bytes of both halves swapped.
  const std::uint32_t swapped = (stored & 0x00ff00ff) << 8 | (stored >> 8 & 0x00ff00ff);
  const std::uint32_t sum = fletcher32(data, size);
  return sum == stored || sum == swapped;
}

}  // namespace functionfuse::formats::hdf5
