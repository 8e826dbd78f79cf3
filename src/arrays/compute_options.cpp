#include <functionfuse/arrays/compute_options.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <string>

namespace functionfuse {
namespace {

std::atomic<std::size_t> chosen = 0;

/// What the control group of this process may use; SIZE_MAX where nobody says.
std::size_t group_limit() {
  std::size_t least = SIZE_MAX;
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    std::size_t bytes = 0;
    if (file >> bytes) least = std::min(least, bytes);  // "max" is no number
  }
  return least;
}

std::size_t quarter_of_memory() {
  const auto pages = static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES));
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return std::min(pages * page, group_limit()) / 4;
}

}  // namespace

std::size_t memory_limit() noexcept {
  if (const std::size_t bytes = chosen.load(std::memory_order_relaxed)) return bytes;
  static const std::size_t quarter = quarter_of_memory();
  return quarter;
}

void set_memory_limit(std::size_t bytes) noexcept { chosen.store(bytes, std::memory_order_relaxed); }

}  // namespace functionfuse
