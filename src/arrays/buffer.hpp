#pragma once

#include <cstddef>
#include <memory>

namespace functionfuse::detail {

/// Memory for an array, freed with its last owner. Below 4 MiB aligned to 64 bytes (a cache line);
/// from there on mapped, aligned to 2 MiB, with huge pages asked for.
///
/// \param zeroed  filled with zeros; large memory comes so from the kernel, page by page
/// \error io      the memory is not to be had
std::shared_ptr<std::byte> allocate_buffer(std::size_t size, bool zeroed);

/// The same, always mapped: it goes back to the system with its last owner, which what malloc gave need not.
/// Content zero.
std::shared_ptr<std::byte> map_buffer(std::size_t size);

}  // namespace functionfuse::detail
