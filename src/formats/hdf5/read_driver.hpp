#pragma once

#include "formats/hdf5/library.hpp"

namespace functionfuse::formats::hdf5 {

/// With these properties the library reads files, linked ones too, through calls of ours. Its own
/// driver takes a close() that fails for a failure of its own, and then ends the program with a
/// crash when it tidies up.
void use_read_driver(const Properties& access);

}  // namespace functionfuse::formats::hdf5
