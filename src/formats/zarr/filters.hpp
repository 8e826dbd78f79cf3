#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <functionfuse/arrays/dtype.hpp>

/// \file
/// The filters of numcodecs that are read here: delta and shuffle. They are not written.

namespace functionfuse::formats::zarr {

struct Filter {
  enum class Id { delta, shuffle };
  Id id = Id::shuffle;
  DType dtype = {};             ///< delta: of the elements
  DType astype = {};            ///< delta: of the differences
  std::size_t elementsize = 4;  ///< shuffle

  /// How many bytes it makes of `size`.
  /// \error corrupt  they are no whole elements
  [[nodiscard]] std::size_t encoded_size(std::size_t size) const;
  /// \param from  encoded_size(to.size()) bytes
  void decode(std::span<const std::byte> from, std::span<std::byte> to) const;

  friend bool operator==(const Filter&, const Filter&) = default;
};

/// \error unsupported  a delta of such elements
void check(const Filter& filter);

/// "delta <i4 <i2", "shuffle 8"
[[nodiscard]] std::string describe(const Filter& filter);

}  // namespace functionfuse::formats::zarr
