#pragma once

#include <cstddef>

#include "functionfuse/storage/record.hpp"

namespace functionfuse::detail {

/// XXH3, 128 bits, big endian.
Record::Digest digest_of(const void* data, std::size_t size) noexcept;

}  // namespace functionfuse::detail
