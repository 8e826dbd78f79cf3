#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace functionfuse::cli {

/// How far something is that takes long: one line on standard error, where that is a terminal, from
/// the second second on. It is gone when this is.
///
/// \threads safe
class Progress {
 public:
  /// \param what  "reading ['frames'] for statistics"
  Progress(std::string what, std::uint64_t bytes);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(std::uint64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;

  const std::string what_;
  const std::uint64_t total_;
  const bool terminal_;
  const Clock::time_point begin_ = Clock::now();
  std::mutex mutex_;
  Clock::time_point shown_ = begin_;
  std::uint64_t done_ = 0;
  bool printed_ = false;
};

}  // namespace functionfuse::cli
