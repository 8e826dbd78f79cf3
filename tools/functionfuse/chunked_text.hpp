#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "functionfuse/arrays/chunked_array.hpp"

#include "facts.hpp"

namespace functionfuse::cli {

/// The elements of a lazy array as numpy prints them. Of more than `threshold`, or of more bytes
/// than the memory limit, the first and last three along each axis, and only these are computed.
[[nodiscard]] std::vector<std::string> chunked_lines(const ChunkedArray& array,
                                                     std::size_t threshold);

/// Adds all elements of a lazy array, chunk by chunk within the memory limit.
/// \param what  for people who wait
void gather(Facts& facts, const ChunkedArray& array, const std::string& what);

}  // namespace functionfuse::cli
