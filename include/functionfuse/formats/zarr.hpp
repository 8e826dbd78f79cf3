#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <functionfuse/arrays/chunked_array.hpp>

/// \file
/// Zarr version 2 arrays, in a folder or on S3. A location is a path, or "s3://bucket/prefix" with
/// endpoint and credentials of the environment (AWS_ENDPOINT_URL_S3, AWS_PROFILE, ...).
///
/// On S3 every thread of an evaluation waits for a request of its own. Where ComputeOptions::threads
/// does not say how many there are, there are 16.

namespace functionfuse {

/// How an array is kept. docs/formats/zarr.md describes it.
struct ZarrOptions {
  std::string codec = "blosc";  ///< blosc, zlib, gzip, zstd, lz4, bz2, lzma; "": not compressed
  int level = 5;                ///< the codec's own: of lz4 its acceleration, of lzma its preset
  std::string cname = "lz4";    ///< of blosc: blosclz, lz4, lz4hc, zlib, zstd, snappy
  int shuffle = 1;              ///< of blosc: 0 no, 1 bytes, 2 bits
  Shape chunks = {};     ///< lengths of the chunks kept; empty: the longest ones of the array
  char order = 'C';      ///< of the elements of a chunk: 'C' or 'F'
  char separator = '.';  ///< in the keys of chunks: '.' or '/'
};

struct ZarrOpenOptions {
  /// Chunks were left out on purpose and hold the fill value: zarr-python does so with
  /// write_empty_chunks=False, and for what was never written. Otherwise a missing chunk is an
  /// error.
  bool sparse = false;
};

/// Opens an array, whoever wrote it. Nothing is read but its metadata. Chunks that have checksums
/// are checked when they are read.
///
/// \param array  its path in the group at `location`; empty: `location` is the array
/// \error not_found    there is none; the text names arrays that there are
/// \error corrupt      damaged metadata; when computed: a damaged or missing chunk, with its key
/// \error unsupported  Zarr version 3; a codec, a filter or elements that are not read here
[[nodiscard]] ChunkedArray open_zarr(std::string_view location, std::string_view array = {},
                                     const ZarrOpenOptions& options = {});

/// Writes an array into a new folder, which has its name only once it is complete, or below a new
/// prefix, where `.zarray` is written last: without it there is no array.
///
/// \error invalid_argument  there is something already; an option
/// \error unsupported       elements that Zarr has no words for
void save_zarr(std::string_view location, const ChunkedArray& array,
               const ZarrOptions& options = {}, const ComputeOptions& compute = {});

/// What an array is, for people.
struct ZarrDescription {
  DType dtype;
  Chunks chunks;                     ///< of the array
  Shape stored_chunks;               ///< of the keys
  std::string codec;                 ///< "blosc lz4 5, shuffle 1"; "": not compressed
  std::vector<std::string> filters;  ///< "delta <i4 <i4", "shuffle 4"
  char order = 'C';
  bool has_checksums = false;
};
/// \error any  as open_zarr
[[nodiscard]] ZarrDescription describe_zarr(std::string_view location, std::string_view array = {});

}  // namespace functionfuse
