#pragma once

#include <string>
#include <string_view>

#include "functionfuse/arrays/chunked_array.hpp"

namespace functionfuse::cli {

/// The part of an array that numpy's basic indexing gives: `a[text]`. Integers, slices, `...` and
/// `None`, separated by commas; brackets around it may be there. Nothing is computed.
///
///     sliced(a, "0, ::2, -1"), sliced(a, "[..., 5]")
///
/// \error invalid_argument  says at which character of the text, and what is expected there; or
///                          what numpy would say
[[nodiscard]] ChunkedArray sliced(const ChunkedArray& array, std::string_view text);

}  // namespace functionfuse::cli
