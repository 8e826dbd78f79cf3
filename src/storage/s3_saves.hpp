#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace functionfuse::detail {

/// Saves that go on while the program does: each waits for the server most of the time. As many at
/// a time as requests in flight pay, and as fit some memory.
///
/// \threads safe
class S3Saves {
 public:
  /// For a process that was forked too.
  struct Deleter {
    void operator()(S3Saves* saves) const;
  };
  S3Saves() = default;
  ~S3Saves();  ///< waits for them
  S3Saves(const S3Saves&) = delete;
  S3Saves& operator=(const S3Saves&) = delete;

  /// Runs `save` in another thread, once there is room and none of the same task is under way.
  /// \param bytes  that it keeps in memory
  /// \returns  false: nothing was done, and none of the task is under way. A save of the workflow
  ///           has failed since it was last synced, there can be no thread, or this process was
  ///           forked from the one whose saves these are.
  [[nodiscard]] bool start(const std::string& workflow, const std::string& task, std::size_t bytes,
                           std::function<void()> save);
  void wait_for(std::string_view workflow, std::string_view task);
  void wait_for_all();
  /// The task was saved otherwise: an error of an older save does not matter any more.
  void forget(const std::string& workflow, const std::string& task);
  /// The same of all tasks.
  void forget(const std::string& workflow);
  /// Waits for all, and throws what one that failed threw; all errors of the workflow are then
  /// forgotten.
  void finish(const std::string& workflow);

 private:
  using Name = std::pair<std::string, std::string>;
  struct Save {
    Name name;
    std::size_t bytes;
    std::function<void()> run;
  };
  void work();
  [[nodiscard]] bool make_thread();
  [[nodiscard]] bool is_forked() const noexcept;
  [[nodiscard]] bool has_failed(std::string_view workflow) const;
  [[nodiscard]] bool has_room(const Name& name, std::size_t bytes) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Save> waiting_;  // for a thread
  std::set<Name> under_way_;  // those too
  std::size_t bytes_ = 0, idle_ = 0;
  bool stop_ = false;
  std::map<Name, std::exception_ptr> errors_;
  const pid_t process_ = ::getpid();
  std::vector<std::jthread> threads_;
};

}  // namespace functionfuse::detail
