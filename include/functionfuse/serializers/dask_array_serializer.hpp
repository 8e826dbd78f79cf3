#pragma once

#include <concepts>
#include <memory>
#include <string_view>

#include "functionfuse/arrays/chunked_array.hpp"
#include "functionfuse/formats/hdf5.hpp"
#include "functionfuse/formats/zarr.hpp"
#include "functionfuse/pickle/pickler.hpp"
#include "functionfuse/pickle/unpickler.hpp"
#include "functionfuse/serializers/serializer.hpp"

namespace functionfuse {

/// Keeps every ChunkedArray of a result beside the pickle, chunk by chunk, as Python's Function Fuse does
/// and reads it:
///
/// | | what is kept | read by |
/// |---|---|---|
/// | FILE_PROTOCOL | an HDF5 file with the dataset `dask_arrays` | Function Fuse, h5py, dask |
/// | S3_PROTOCOL | the Zarr array `dask_arrays/<filename>`, as Options::zarr says | Function Fuse, zarr, dask |
/// | FILE_PROTOCOL, Options::format Format::zarr | a folder that is a Zarr array | zarr, dask |
///
///     storage->register_persistent_serializers<ff::DaskArraySerializer>();
///     storage->register_persistent_serializers(ff::DaskArraySerializer({.hdf5 = {.deflate = 4, .shuffle = true}}));
///
/// Each is read, whatever the options say. Where a storage has both protocols, S3_PROTOCOL is taken.
///
/// An array is computed while it is saved, and once: it is then what was stored, for the nodes that use it
/// next too. What is read is opened, and its chunks are read when they are asked for. The same array twice
/// in a result is stored once, and the same again when it is read.
class DaskArraySerializer {
 public:
  enum class Format { hdf5, zarr };
  struct Options {
    Hdf5Options hdf5 = {};
    ZarrOptions zarr = {};
    Format format = Format::hdf5;  ///< of files
    ComputeOptions compute = {};
    /// Go on with the chunks that a killed save of the same task left. For arrays that are computed to the
    /// same elements each time: the chunks come from both runs. Without it a save begins anew, and what the
    /// killed one left is removed by gc. HDF5 files only: elsewhere a save always begins anew.
    bool resume = false;
  };

  using serializer_class = ChunkedArray;
  static constexpr std::string_view name = "HDFSerializer";  ///< whatever the class is called
  static constexpr bool thread_safe = true;

  DaskArraySerializer();
  explicit DaskArraySerializer(Options options);

  [[nodiscard]] std::shared_ptr<const void> identity(const ChunkedArray& array) const { return array.identity(); }
  /// \error unsupported  a dtype that the format can't keep
  /// \error any          what computing a chunk throws
  SerializedAs pickle(const Protocols& protocols, const ChunkedArray& array);
  /// \error any  as open_hdf5 or open_zarr
  ChunkedArray unpickle(const Protocols& protocols, const SerializedAs& id);
  void remove(const Protocols& protocols, const SerializedAs& id);
  /// Reads every chunk. Without checksums (h5py or zarr wrote it) only that it can be read is known.
  void verify(const Protocols& protocols, const SerializedAs& id);

 private:
  class Opened;
  Options options_;
  std::shared_ptr<Opened> opened_;  // the arrays that are in use
};

namespace detail {
template <class T>
concept DerivedArray = std::derived_from<T, ChunkedArray> && !std::same_as<T, ChunkedArray>;
template <DerivedArray T>
inline constexpr bool holds_another<T> = true;
}  // namespace detail

/// Classes derived from ChunkedArray that add no members are kept as the array that they are.
template <detail::DerivedArray T>
struct Pickle<T> {
  static_assert(sizeof(T) == sizeof(ChunkedArray) && std::constructible_from<T, ChunkedArray>,
                "functionfuse: a class derived from ChunkedArray is stored as its array alone: it must have no "
                "members of its own and a constructor that takes a ChunkedArray; or make the array a member and "
                "list the members with FUNCTIONFUSE_FIELDS");
  static void save(Pickler& pickler, const T& array) { pickler.save(static_cast<const ChunkedArray&>(array)); }
  static T load(const Reading& reading) { return T(reading.as<ChunkedArray>()); }
};

}  // namespace functionfuse
