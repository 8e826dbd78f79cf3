#pragma once

#include <cstddef>
#include <cstdint>

/// \file
/// HDF5's filters shuffle, deflate and fletcher32, byte for byte, for use outside the library's
/// lock.

namespace functionfuse::formats::hdf5 {

/// The first byte of every element, then the second of every element, and so on; what is left over
/// behind the last whole element stays there.
void shuffle(const std::byte* from, std::size_t size, std::size_t itemsize, std::byte* to);
void unshuffle(const std::byte* from, std::size_t size, std::size_t itemsize, std::byte* to);

/// \param to  room for `size` bytes
/// \return  the size of the result; 0: not smaller than what was given, and of no use
[[nodiscard]] std::size_t deflate(const std::byte* from, std::size_t size, int level,
                                  std::byte* to);
/// False unless `from` is a stream of exactly `size` bytes.
[[nodiscard]] bool inflate(const std::byte* from, std::size_t from_size, std::byte* to,
                           std::size_t size);
/// At most `size` bytes; how many there are, 0 where it is no stream of so few.
[[nodiscard]] std::size_t inflate_up_to(const std::byte* from, std::size_t from_size, std::byte* to,
                                        std::size_t size);
/// Whether so few bytes can be a stream of `size` bytes at all: deflate packs 1032 into one at
/// most.
[[nodiscard]] bool may_inflate(std::size_t from_size, std::size_t size);

/// Takes the four bytes of the filter fletcher32 off. False where they do not fit the others.
[[nodiscard]] bool take_off_fletcher32(const std::byte* data, std::size_t& size);

}  // namespace functionfuse::formats::hdf5
