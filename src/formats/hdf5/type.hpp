#pragma once

#include <optional>
#include <string>

#include "formats/hdf5/library.hpp"

namespace functionfuse::formats::hdf5 {

/// The type that h5py gives to a dataset of this dtype; those that it has no words for (str,
/// datetime64, timedelta64) as h5py.opaque_dtype.
///
/// \pre  the dtype's itemsize is not 0, and it is not a subarray
/// \error unsupported  fields that overlap, have a title or no bytes
[[nodiscard]] Type to_hdf5(const DType& dtype);

/// A type of a file as numpy sees it.
struct NumpyType {
  DType dtype;  ///< of one element in memory; may be a subarray
  Type memory;  ///< the same in the library's words
  bool raw;     ///< the file has the very same bytes: no conversion is needed
};
/// \param place  for errors
/// \error unsupported  a type without a counterpart: references, variable length, ...
[[nodiscard]] NumpyType from_hdf5(hid_t type, const std::string& place);

}  // namespace functionfuse::formats::hdf5
