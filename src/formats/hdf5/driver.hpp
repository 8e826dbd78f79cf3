#pragma once

#include <H5FDpublic.h>
#if __has_include(<H5FDdevelop.h>)
#include <H5FDdevelop.h>
#endif
#include <algorithm>
#include <cstdint>

namespace functionfuse::formats::hdf5 {

/// A file driver of ours without its functions.
/// \param number  tells it from others; those below 256 are the library's
inline H5FD_class_t new_driver(const char* name, [[maybe_unused]] int number) {
  H5FD_class_t driver{};
#ifdef H5FD_CLASS_VERSION
  driver.version = H5FD_CLASS_VERSION;
  driver.value = static_cast<H5FD_class_value_t>(number);
#endif
  driver.name = name;
  driver.maxaddr = ~std::uint64_t{0} >> 1;
  driver.fc_degree = H5F_CLOSE_STRONG;
  std::fill_n(driver.fl_map, static_cast<int>(H5FD_MEM_NTYPES), H5FD_MEM_SUPER);
  driver.fl_map[H5FD_MEM_DRAW] = H5FD_MEM_DRAW;
  driver.fl_map[H5FD_MEM_GHEAP] = H5FD_MEM_DRAW;
  return driver;
}

}  // namespace functionfuse::formats::hdf5
