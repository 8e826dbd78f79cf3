#pragma once

#include <cstddef>
#include <span>

/// \file
/// HDF5's filters nbit, scaleoffset and szip believe their parameters, and the chunk, about how
/// much there is to unpack and what comes of it (1.10): whether that is so.
///
/// HDF5 File Format Specification 3.0, "Filter Pipeline" (IV.A.2.l); the parameters are those that
/// the library's set_local functions store.

namespace functionfuse::formats::hdf5 {

/// \param values    the filter's parameters
/// \param data      what it is to unpack
/// \param elements  how many it should give, each of `itemsize` bytes
[[nodiscard]] bool may_unpack_nbit(std::span<const unsigned> values,
                                   std::span<const std::byte> data, std::size_t elements,
                                   std::size_t itemsize);
[[nodiscard]] bool may_unpack_scaleoffset(std::span<const unsigned> values,
                                          std::span<const std::byte> data, std::size_t elements,
                                          std::size_t itemsize);
[[nodiscard]] bool may_unpack_szip(std::span<const unsigned> values,
                                   std::span<const std::byte> data, std::size_t elements,
                                   std::size_t itemsize);

}  // namespace functionfuse::formats::hdf5
