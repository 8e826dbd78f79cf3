#pragma once

#include <filesystem>
#include <string>

#include <functionfuse/arrays/chunked_array.hpp>

namespace functionfuse::formats {

/// What stands before the elements of a `.npy` file, its length a multiple of 64: the bytes that
/// numpy.save writes for an array in C order. For shape (3, 4) of float64:
///
///     93 4e 55 4d 50 59    "\x93NUMPY"
///     01 00                version 1.0; 2.0 where the text is longer than 65535 bytes, 3.0 where
///                          the name of a field is not Latin-1 (the text is then UTF-8)
///     76 00                bytes of the text: uint16, from version 2.0 on uint32, little endian
///     {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }    and spaces, and a newline
///
/// \error unsupported  a dtype that numpy has no `descr` of: fields that overlap or are out of
/// order \source  https://numpy.org/doc/1.24/reference/generated/numpy.lib.format.html
[[nodiscard]] std::string npy_header(const DType& dtype, const Shape& shape);

/// Computes an array into a `.npy` file, chunk by chunk, in place of a file of that name once it is
/// complete. Room for it is taken on the disk before anything is computed.
///
/// \error unsupported  as npy_header
/// \error io           nothing has changed
void save_npy(const std::filesystem::path& file, const ChunkedArray& array,
              const ComputeOptions& compute = {});

}  // namespace functionfuse::formats
