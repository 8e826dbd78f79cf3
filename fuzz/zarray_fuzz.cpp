#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "functionfuse/error.hpp"

#include "formats/zarr/metadata.hpp"

// Any text as a `.zarray`, or as consolidated metadata: an Error, or metadata that is written as a
// text which is read and written as the same text again.

namespace ff = functionfuse;
namespace zarr = functionfuse::formats::zarr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  try {
    for (const std::string& array : zarr::consolidated_arrays(text, "fuzz")) {
      static_cast<void>(zarr::consolidated_array(text, array, "fuzz"));
    }
  } catch (const ff::Error&) {
  }
  std::string written;
  try {
    written = zarr::write_array(zarr::parse_array(text, "fuzz"));
  } catch (const ff::Error&) {
    return 0;
  }
  if (zarr::write_array(zarr::parse_array(written, "fuzz")) != written) std::abort();
  return 0;
}
