#pragma once

#include <cstddef>
#include <functional>

namespace functionfuse::io {

/// Calls `f` with 0 to count - 1, by up to `threads` threads, for work that waits for somebody else
/// most of the time. The first exception is thrown when all threads have ended; what has not been
/// begun by then is left out.
void concurrently(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& f);

}  // namespace functionfuse::io
