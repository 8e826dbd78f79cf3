#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <unistd.h>

#include "functionfuse/error.hpp"

#include "formats/hdf5_file.hpp"

// Any bytes as an HDF5 file, of the new format or the old: an Error, or a dataset whose chunks are
// read or are Errors.

namespace ff = functionfuse;

// The HDF5 library forgets to free memory where a file is damaged.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5\n"; }

namespace {

constexpr std::size_t kMostBytes = std::size_t{16} << 20;

/// A file for the whole run: a new one each time would take most of it.
const std::string& path_of(const std::uint8_t* bytes, std::size_t size) {
  static const std::string path = [] {
    const char* folder = std::getenv("TMPDIR");
    return std::string(folder != nullptr ? folder : "/dev/shm") + "/functionfuse-fuzz-" +
           std::to_string(::getpid());
  }();
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(bytes, 1, size, file) != size || std::fclose(file) != 0) {
    std::abort();
  }
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string& path = path_of(bytes, size);
  try {
    const auto source = ff::formats::Hdf5Source::open(path, "dask_arrays");
    const ff::Chunks& chunks = source->chunks();
    static_cast<void>(source->logical().to_string());
    for (std::size_t n = 0; n < chunks.count() && n < 16; ++n) {
      const ff::Shape shape = chunks.shape_of(chunks.index(n));
      if (ff::NdArray::nbytes_of(source->dtype(), shape) > kMostBytes ||
          source->extra_bytes() > kMostBytes) {
        break;
      }
      try {
        auto block = ff::NdArray::empty(source->dtype(), shape);
        source->read(n, block);
      } catch (const ff::Error&) {
      }
    }
  } catch (const ff::Error&) {
  }
  return 0;
}
