#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "functionfuse/arrays/dtype.hpp"
#include "functionfuse/error.hpp"

// Any text: an Error, or a dtype whose text is parsed to the same dtype.

namespace ff = functionfuse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    const auto dtype = ff::DType::parse({reinterpret_cast<const char*>(bytes), size});
    static_cast<void>(dtype.to_string());
    static_cast<void>(dtype.repr());
    static_cast<void>(dtype.name());
    if (!(ff::DType::parse(dtype.str()) == dtype)) std::abort();
    if (!(dtype.newbyteorder('S').newbyteorder('S') == dtype)) std::abort();
  } catch (const ff::Error&) {
  }
  return 0;
}
