#include "progress.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "words.hpp"

namespace functionfuse::cli {
namespace {

std::string time_left(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 90 * 60) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

Progress::Progress(std::string what, std::uint64_t bytes)
    : what_(std::move(what)), total_(bytes), terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (printed_) std::fputs("\r\033[K", stderr);
}

void Progress::add(std::uint64_t bytes) {
  if (!terminal_) return;
  const std::lock_guard lock(mutex_);
  done_ = std::min(total_, done_ + bytes);
  const auto now = Clock::now();
  const std::chrono::duration<double> since = now - begin_, silent = now - shown_;
  if (since.count() < 1 || silent.count() < 0.2 || done_ == 0) return;
  shown_ = now;
  printed_ = true;
  const double share = static_cast<double>(done_) / static_cast<double>(total_);
  const std::string text =
      fmt::format("\r\033[K{}: {} of {}, {} to go", what_, size_text(done_), size_text(total_),
                  time_left(since.count() * (1 - share) / share));
  std::fputs(text.c_str(), stderr);
}

}  // namespace functionfuse::cli
