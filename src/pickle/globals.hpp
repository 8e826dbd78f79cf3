#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "functionfuse/pickle/object.hpp"

namespace functionfuse::detail {

/// The known names. A call of one of the first group becomes a Value of a kind of its own; the
/// second group stays opaque, and typed reading understands it. Everything else is `other`.
enum class GlobalId : std::uint8_t {
  other,
  complex,
  bytearray,
  bytes,
  set,
  frozenset,
  codecs_encode,
  numpy_reconstruct,
  numpy_ndarray,
  numpy_scalar,
  numpy_dtype,
  numpy_frombuffer,

  datetime,
  timedelta,
  timezone,
  ordered_dict,
  default_dict,
  counter,
  deque,
  array_array,
  array_reconstructor,
  copyreg_reconstructor,
  copyreg_newobj,
  class_helper,  ///< makes an object of the class that is its first argument
};

[[nodiscard]] GlobalId find_global(std::string_view module, std::string_view name) noexcept;

/// Python 3's name of a class or function that a protocol below 3 names as Python 2 did.
[[nodiscard]] std::pair<std::string_view, std::string_view> python3_name(
    std::string_view module, std::string_view name) noexcept;

}  // namespace functionfuse::detail
