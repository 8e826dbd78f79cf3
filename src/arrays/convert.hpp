#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <functionfuse/arrays/dtype.hpp>

namespace functionfuse::detail {

/// What a value that the wanted type cannot hold means.
enum class Fit {
  cast,   ///< NdArray::astype: as a C++ cast, and an error only where that is undefined
  exact,  ///< NdArray::to_vector: an error
};

/// Converts numbers between two numeric dtypes of any size and byte order.
///
/// \return  nothing; or the index in C order of the first element that does not fit, at which
///          conversion stopped
std::optional<std::size_t> convert_numbers(const Shape& shape, const DType& from,
                                           const std::byte* src, const Shape& src_strides,
                                           const DType& to, std::byte* dst,
                                           const Shape& dst_strides, Fit fit);

/// One number as a long double; of a complex one its real part.
long double read_real(const DType& dtype, const std::byte* element);

/// Copies one element of any dtype into the same dtype in another byte order.
void copy_reordered(const DType& from, const std::byte* src, const DType& to, std::byte* dst);

/// Whether two elements of one dtype have the same bits, gaps left out.
bool same_element(const DType& dtype, const std::byte* a, const std::byte* b);

/// Whether all bytes of an element are compared by same_element.
bool has_no_gaps(const DType& dtype);

}  // namespace functionfuse::detail
