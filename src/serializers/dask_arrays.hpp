#pragma once

#include <string_view>

/// What Function Fuse calls the arrays of DaskArraySerializer in bigdata.
namespace functionfuse::detail {

inline constexpr std::string_view kArrayVersion = "0.0.0";       ///< in the persistent id
inline constexpr const char* kArrayDataset = "dask_arrays";      ///< in an HDF5 file
inline constexpr std::string_view kArrayGroup = "dask_arrays/";  ///< of Zarr arrays on S3

}  // namespace functionfuse::detail
