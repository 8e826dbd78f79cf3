#include "formats/hdf5/packed.hpp"

#include <cstdint>
#include <cstring>
#include <optional>

namespace functionfuse::formats::hdf5 {
namespace {

constexpr unsigned kMostDepth = 64;  // of types in types

/// The parameters of nbit: a type as class, size, and what the class needs.
class NbitType {
 public:
  explicit NbitType(std::span<const unsigned> values) : values_(values) {}

  /// The bits that an element of the type at the front takes; nothing where it makes no sense.
  /// \param size  of an element
  std::optional<std::uint64_t> bits(std::uint64_t& size, unsigned depth = 0) {
    const auto type = take();
    const auto bytes = take();
    if (!type || !bytes || *bytes == 0 || depth > kMostDepth) return {};
    size = *bytes;
    switch (*type) {
      case 1:
        return atomic_bits(size);
      case 2:
        return array_bits(size, depth);
      case 3:
        return compound_bits(size, depth);
      case 4:  // as it is
        return 8 * size;
      default:
        return {};
    }
  }

 private:
  std::optional<std::uint64_t> take() {
    if (values_.empty()) return {};
    const std::uint64_t value = values_.front();
    values_ = values_.subspan(1);
    return value;
  }

  std::optional<std::uint64_t> atomic_bits(std::uint64_t size) {
    const auto order = take(), precision = take(), offset = take();
    if (!offset || *order > 1 || *precision == 0 || *precision + *offset > 8 * size) return {};
    return *precision;
  }

  std::optional<std::uint64_t> array_bits(std::uint64_t size, unsigned depth) {
    std::uint64_t base_size = 0;
    const auto base = bits(base_size, depth + 1);
    if (!base || size % base_size != 0) return {};
    return size / base_size * *base;
  }

  std::optional<std::uint64_t> compound_bits(std::uint64_t size, unsigned depth) {
    const auto count = take();
    if (!count) return {};
    std::uint64_t all = 0;
    for (std::uint64_t i = 0; i < *count; ++i) {
      std::uint64_t member_size = 0;
      const auto offset = take();
      const auto member = bits(member_size, depth + 1);
      if (!member || member_size > size || *offset > size - member_size) return {};
      all += *member;
    }
    return all;
  }

  std::span<const unsigned> values_;
};

/// Whether `count` items of so many bits lie in `bytes`; all three are below 2^40.
bool holds(std::uint64_t bytes, std::uint64_t count, std::uint64_t bits) {
  std::uint64_t all = 0;
  return !__builtin_mul_overflow(count, bits, &all) && (all + 7) / 8 <= bytes;
}

}  // namespace

bool may_unpack_nbit(std::span<const unsigned> values, std::span<const std::byte> data,
                     std::size_t elements, std::size_t itemsize) {
  if (values.size() < 5 || values[0] != values.size()) return false;
  if (values[1] != 0) return data.size() == elements * itemsize;  // it leaves the data as it is
  std::uint64_t size = 0;
  const auto bits = NbitType(values.subspan(3)).bits(size);
  return bits && values[2] == elements && size == itemsize && holds(data.size(), elements, *bits);
}

bool may_unpack_scaleoffset(std::span<const unsigned> values, std::span<const std::byte> data,
                            std::size_t elements, std::size_t itemsize) {
  constexpr std::size_t kParameters = 20;
  constexpr std::size_t kPrefix = 21;  // bits of an element, the smallest one
  constexpr unsigned kInteger = 2;
  if (values.size() != kParameters) return false;
  const std::uint64_t most = 8 * std::uint64_t{itemsize};
  if (values[0] == kInteger && values[1] == most) return data.size() == elements * itemsize;
  if (values[2] != elements || values[4] != itemsize || data.size() < kPrefix) return false;
  std::uint32_t bits = 0;
  std::memcpy(&bits, data.data(), sizeof bits);
  return bits <= most && holds(data.size() - kPrefix, elements, bits);
}

bool may_unpack_szip(std::span<const unsigned> values, std::span<const std::byte> data,
                     std::size_t elements, std::size_t itemsize) {
  if (values.size() != 4 || data.size() < 4) return false;
  const unsigned bits = values[2], block = values[1], line = values[3];
  std::uint32_t size = 0;  // of what comes of it
  std::memcpy(&size, data.data(), sizeof size);
  return size == elements * itemsize && bits >= 1 && bits <= 64 && block >= 2 && block <= 32 &&
         block % 2 == 0 && line >= 1 && line <= 4096;
}

}  // namespace functionfuse::formats::hdf5
