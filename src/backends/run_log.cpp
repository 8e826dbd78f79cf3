#include "backends/run_log.hpp"

#include <time.h>
#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

namespace functionfuse::detail {

void RunLog::line(std::string_view text) {
  if (write_ != nullptr) write_(log_.get(), text);
}

void RunLog::notice(std::string_view text) {
  if (write_ != nullptr) {
    write_(log_.get(), text);
  } else {
    // On a terminal it takes the place of the line that says how far the run is.
    fmt::print(stderr, "{}{}\n", ::isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "", text);
  }
}

void RunLog::warning(std::string_view text) { notice(fmt::format("warning: {}", text)); }

Progress::Progress(bool on, std::string_view workflow, std::size_t total)
    : on_(on && ::isatty(STDERR_FILENO) == 1), workflow_(workflow), total_(total) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

bool Progress::due() noexcept {
  if (!on_) return false;
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
  std::int64_t at = t.tv_sec * 1000 + t.tv_nsec / 1'000'000;
  if (at < next_) return false;
  next_ = at + 100;
  return true;
}

void Progress::show(std::size_t done, std::string_view node) {
  fmt::print(stderr, "\r\033[K{}: {} of {}, {}", workflow_, done, total_, node.substr(0, 60));
  std::fflush(stderr);
  shown_ = true;
}

double now() noexcept {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

std::string seconds_text(double seconds) {
  return seconds < 1 ? fmt::format("{:.3g} ms", 1000 * seconds) : fmt::format("{:.3g} s", seconds);
}

}  // namespace functionfuse::detail
