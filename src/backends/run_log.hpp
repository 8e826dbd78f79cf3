#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace functionfuse::detail {

/// Lines about a run, and a line on the terminal that says how far it is.
class RunLog {
 public:
  void set(std::shared_ptr<void> log, void (*write)(void*, std::string_view)) {
    log_ = std::move(log);
    write_ = write;
  }
  /// Whether anybody wants to know about ordinary events.
  [[nodiscard]] bool wanted() const noexcept { return write_ != nullptr; }
  /// An ordinary event.
  void line(std::string_view text);
  /// Something that was asked for or that must not go unseen: to stderr where there is no log.
  void notice(std::string_view text);
  void warning(std::string_view text);

  void set_progress(bool on) noexcept { progress_ = on; }
  /// Not beside a log, which may be on the same terminal and says it all.
  [[nodiscard]] bool progress() const noexcept { return progress_ && !wanted(); }

 private:
  std::shared_ptr<void> log_;
  void (*write_)(void*, std::string_view) = nullptr;
  bool progress_ = true;
};

/// Shows "name: 12 of 300, node" on stderr, at most ten times a second and only on a terminal, and
/// takes it away at the end.
class Progress {
 public:
  Progress(bool on, std::string_view workflow, std::size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  [[nodiscard]] bool on() const noexcept { return on_; }
  /// True where it is time to show something.
  [[nodiscard]] bool due() noexcept;
  void show(std::size_t done, std::string_view node);

 private:
  bool on_;
  bool shown_ = false;
  std::string workflow_;
  std::size_t total_;
  std::int64_t next_ = 0;
};

/// Seconds since some moment.
double now() noexcept;
std::string seconds_text(double seconds);

}  // namespace functionfuse::detail
