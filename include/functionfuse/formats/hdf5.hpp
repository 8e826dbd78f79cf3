#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <functionfuse/arrays/chunked_array.hpp>

namespace functionfuse {

/// How an array is kept in an HDF5 file. docs/formats/hdf5.md describes the file.
struct Hdf5Options {
  int deflate = 0;       ///< zlib's level, 1 to 9; 0: not compressed, which is faster than most disks
  bool shuffle = false;  ///< HDF5's shuffle filter before deflate: smaller files for most numbers
  Shape chunks = {};     ///< lengths of the chunks on disk; empty: the longest ones of the array
};

/// Opens a dataset of an HDF5 file, whoever wrote it, as an array: chunked, contiguous or compact, with
/// any filter that the HDF5 library has. Nothing is read but its description; the file stays open as long
/// as the array, or one made of it, needs it. Chunks that have checksums are checked when they are read.
///
/// \param dataset  "dask_arrays", "group/name"
/// \error not_found    no such file or dataset; the text names the datasets that there are
/// \error corrupt      not an HDF5 file, cut short or damaged; when computed: names file and chunk
/// \error unsupported  a type that numpy does not have, a filter that the HDF5 library lacks
[[nodiscard]] ChunkedArray open_hdf5(const std::filesystem::path& file, std::string_view dataset);

/// Writes an array as the one dataset of a new file, in place of one of that name once it is complete.
/// \error io  nothing has changed
void save_hdf5(const std::filesystem::path& file, std::string_view dataset, const ChunkedArray& array,
               const Hdf5Options& options = {}, const ComputeOptions& compute = {});

/// What a dataset is, for people.
struct Hdf5Description {
  DType dtype;
  Chunks chunks;         ///< of the array
  Shape stored_chunks;   ///< on disk; empty where the dataset is not chunked
  std::uint64_t stored_bytes = 0;      ///< that its elements take in the file
  std::vector<std::string> filters;    ///< "shuffle", "deflate 4"
  bool has_checksums = false;
};
/// \error any  as open_hdf5
[[nodiscard]] Hdf5Description describe_hdf5(const std::filesystem::path& file, std::string_view dataset);

}  // namespace functionfuse
