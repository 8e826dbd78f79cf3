#include "pickle/globals.hpp"

#include <algorithm>
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
};

struct Renamed {
  std::string_view old_module, old_name, module, name;
};

// Single names first, then whole modules. From CPython's documentation of what moved; see also
// "fix_imports" at https://docs.python.org/3/library/pickle.html
constexpr std::array kRenamed{
    Renamed{"__builtin__", "xrange", "builtins", "range"},
    Renamed{"__builtin__", "reduce", "functools", "reduce"},
    Renamed{"__builtin__", "intern", "sys", "intern"},
    Renamed{"__builtin__", "unichr", "builtins", "chr"},
    Renamed{"__builtin__", "unicode", "builtins", "str"},
    Renamed{"__builtin__", "basestring", "builtins", "str"},
    Renamed{"__builtin__", "long", "builtins", "int"},
    Renamed{"exceptions", "StandardError", "builtins", "Exception"},
    Renamed{"itertools", "izip", "builtins", "zip"},
    Renamed{"itertools", "imap", "builtins", "map"},
    Renamed{"itertools", "ifilter", "builtins", "filter"},
    Renamed{"itertools", "izip_longest", "itertools", "zip_longest"},
    Renamed{"itertools", "ifilterfalse", "itertools", "filterfalse"},
    Renamed{"UserDict", "IterableUserDict", "collections", "UserDict"},
    Renamed{"whichdb", "whichdb", "dbm", "whichdb"},
    Renamed{"_socket", "fromfd", "socket", "fromfd"},
};
constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kModules{{
    {"__builtin__", "builtins"},
    {"exceptions", "builtins"},
    {"copy_reg", "copyreg"},
    {"Queue", "queue"},
    {"SocketServer", "socketserver"},
    {"ConfigParser", "configparser"},
    {"repr", "reprlib"},
    {"UserDict", "collections"},
    {"UserList", "collections"},
    {"UserString", "collections"},
    {"cPickle", "pickle"},
    {"StringIO", "io"},
    {"cStringIO", "io"},
    {"commands", "subprocess"},
    {"anydbm", "dbm"},
    {"HTMLParser", "html.parser"},
    {"Cookie", "http.cookies"},
    {"urlparse", "urllib.parse"},
}};

}  // namespace

GlobalId find_global(std::string_view module, std::string_view name) noexcept {
  for (const Known& known : kKnown) {
    if (known.name == name && known.module == module) return known.id;
  }
  return GlobalId::other;
}

std::pair<std::string_view, std::string_view> python3_name(std::string_view module,
                                                           std::string_view name) noexcept {
  for (const Renamed& r : kRenamed) {
    if (r.old_module == module && r.old_name == name) return {r.module, r.name};
  }
  for (const auto& [from, to] : kModules) {
    if (from == module) return {to, name};
  }
  return {module, name};
}

}  // namespace functionfuse::detail
