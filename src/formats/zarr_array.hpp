#pragma once

#include <memory>
#include <string>

#include <functionfuse/formats/zarr.hpp>

#include "formats/zarr/source.hpp"
#include "formats/zarr/store.hpp"
#include "formats/zarr/writer.hpp"

namespace functionfuse::formats {

/// The array as it was saved: cut into its own chunks.
[[nodiscard]] ChunkedArray open_zarr_array(const std::shared_ptr<const ZarrSource>& source);

/// Computes the array into the store. After an error keys may be left, but no `.zarray`.
/// \param name  its path in the store; empty: at the root
void write_zarr_array(const std::shared_ptr<zarr::Store>& store, const std::string& name,
                      const ChunkedArray& array, const ZarrOptions& options,
                      const ComputeOptions& compute);

}  // namespace functionfuse::formats
