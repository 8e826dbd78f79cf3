#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace functionfuse {

/// Drops bytes that only repeat the sign; at least one byte stays.
std::span<const std::byte> shortest_integer(std::span<const std::byte> twos_complement);

/// The integer where it fits.
std::optional<std::int64_t> small_integer(std::span<const std::byte> twos_complement);

/// Little endian two's complement of decimal digits with an optional sign; nothing where the text
/// is something else. Takes quadratic time: the caller limits the length.
std::optional<std::vector<std::byte>> parse_integer(std::string_view decimal);

/// Nearest double, infinite where it is too large.
double integer_to_double(std::span<const std::byte> twos_complement);

}  // namespace functionfuse
