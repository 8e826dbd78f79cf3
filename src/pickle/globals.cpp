#include "pickle/globals.hpp"

#include <array>

namespace functionfuse::detail {

namespace {

struct Known {
  std::string_view module, name;
  GlobalId id;
};

constexpr std::array kKnown{
    Known{"builtins", "complex", GlobalId::complex},
    Known{"builtins", "bytearray", GlobalId::bytearray},
    Known{"builtins", "bytes", GlobalId::bytes},
    Known{"builtins", "set", GlobalId::set},
    Known{"builtins", "frozenset", GlobalId::frozenset},
    Known{"_codecs", "encode", GlobalId::codecs_encode},
    Known{"numpy.core.multiarray", "_reconstruct", GlobalId::numpy_reconstruct},
    Known{"numpy._core.multiarray", "_reconstruct", GlobalId::numpy_reconstruct},
    Known{"numpy", "ndarray", GlobalId::numpy_ndarray},
    Known{"numpy.core.multiarray", "scalar", GlobalId::numpy_scalar},
    Known{"numpy._core.multiarray", "scalar", GlobalId::numpy_scalar},
    Known{"numpy", "dtype", GlobalId::numpy_dtype},
    Known{"numpy.core.numeric", "_frombuffer", GlobalId::numpy_frombuffer},
    Known{"numpy._core.numeric", "_frombuffer", GlobalId::numpy_frombuffer},
    Known{"datetime", "datetime", GlobalId::datetime},
    Known{"datetime", "timedelta", GlobalId::timedelta},
    Known{"datetime", "timezone", GlobalId::timezone},
    Known{"collections", "OrderedDict", GlobalId::ordered_dict},
    Known{"collections", "defaultdict", GlobalId::default_dict},
    Known{"collections", "Counter", GlobalId::counter},
    Known{"collections", "deque", GlobalId::deque},
    Known{"array", "array", GlobalId::array_array},
    Known{"array", "_array_reconstructor", GlobalId::array_reconstructor},
    Known{"copyreg", "_reconstructor", GlobalId::copyreg_reconstructor},
    Known{"copyreg", "__newobj__", GlobalId::copyreg_newobj},
    Known{"numpy.ma.core", "_mareconstruct", GlobalId::class_helper},
    Known{"pandas.core.indexes.base", "_new_Index", GlobalId::class_helper},
};

}  // namespace

GlobalId find_global(std::string_view module, std::string_view name) noexcept {
  for (const Known& known : kKnown) {
    if (known.name == name && known.module == module) return known.id;
  }
  return GlobalId::other;
}

}  // namespace functionfuse::detail
