#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <functionfuse/arrays/dtype.hpp>

#include "formats/zarr/codecs.hpp"
#include "formats/zarr/filters.hpp"

/// \file
/// The texts `.zarray`, `.zgroup` and `.zmetadata` of Zarr version 2.
/// \source  https://zarr.readthedocs.io/en/v2.13.6/spec/v2.html

namespace functionfuse::formats::zarr {

inline constexpr const char* kArrayKey = ".zarray";
inline constexpr const char* kGroupKey = ".zgroup";
inline constexpr const char* kConsolidatedKey = ".zmetadata";
inline constexpr const char* kVersion3Key = "zarr.json";

/// More than these keys ever need, of which a structured dtype takes most.
inline constexpr std::size_t kMostMetadataBytes = std::size_t{16} << 20;

struct ArrayMetadata {
  Shape shape;
  Shape
      chunks;  ///< shape of a chunk; lengths are at least 1, and may be more than those of `shape`
  DType dtype;
  Codec compressor;
  std::vector<Filter> filters;  ///< in the order in which they were applied
  /// The bytes of an element, those at its end left out where they are zeros; empty: null. So a
  /// claim of a large element takes no memory.
  std::optional<std::vector<std::byte>> fill_value;
  char order = 'C';
  char separator = '.';

  /// Bytes of a whole chunk; they do not overflow.
  [[nodiscard]] std::size_t chunk_bytes() const;
  /// "0.1", "0/1", "0" where there are no axes.
  [[nodiscard]] std::string chunk_key(const Shape& index) const;
};

/// \param place  for errors: the URL of the text
/// \error corrupt      it is no such text; names the key that is wrong
/// \error unsupported  another version; elements, a codec or a filter that is not read here
[[nodiscard]] ArrayMetadata parse_array(std::string_view text, const std::string& place);
/// The bytes that zarr-python writes: keys sorted, indented by 4.
/// \error unsupported  a dtype that Zarr has no words for
[[nodiscard]] std::string write_array(const ArrayMetadata& metadata);
[[nodiscard]] std::string write_group();

/// Of consolidated metadata: the text of an array, as zarr-python would write it. Empty: not there.
/// \param array  its path; empty: at the root
[[nodiscard]] std::optional<std::string> consolidated_array(std::string_view text,
                                                            const std::string& array,
                                                            const std::string& place);
[[nodiscard]] std::vector<std::string> consolidated_arrays(std::string_view text,
                                                           const std::string& place);

}  // namespace functionfuse::formats::zarr
