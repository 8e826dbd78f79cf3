#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "functionfuse/arrays/chunked_array.hpp"

#include "formats/zarr/store.hpp"

namespace functionfuse::cli {

/// An array that DaskArraySerializer keeps beside the pickle, and how: as an HDF5 file or a Zarr
/// array.
struct KeptArray {
  ChunkedArray array;
  std::string place;                 ///< "bigdata/<filename>"
  std::string url;                   ///< or the path of the file
  bool is_zarr = false;              ///< else HDF5
  Chunks chunks;                     ///< of the array
  Shape stored_chunks;               ///< empty where it is kept in one piece
  std::uint64_t stored_bytes = 0;    ///< that its elements take
  std::vector<std::string> filters;  ///< "shuffle", "deflate 4"; "blosc lz4 5, shuffle 1"
  bool has_checksums = false;
};

/// Nothing is read but what describes it.
/// \error  as open_hdf5
[[nodiscard]] KeptArray open_kept_hdf5(const std::filesystem::path& file, std::string place);
/// \error  as open_zarr
[[nodiscard]] KeptArray open_kept_zarr(std::shared_ptr<const formats::zarr::Store> store,
                                       std::string place, std::uint64_t stored_bytes);

/// What keeps no checksums: "h5py", "zarr-python".
[[nodiscard]] const char* other_writer(const KeptArray& kept);

}  // namespace functionfuse::cli
