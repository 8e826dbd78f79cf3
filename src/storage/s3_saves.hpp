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
#include <vector>

namespace functionfuse::detail {

/// Saves that go on while the program does: each waits for the server most of the time. As many at
/// a time as requests in flight pay, and as fit some memory.
///
/// \threads safe
class S3Saves {
 public:
  S3Saves() = default;
  ~S3Saves();  ///< waits for them
  S3Saves(const S3Saves&) = delete;
  S3Saves& operator=(const S3Saves&) = delete;

  /// Runs `save` in another thread, once there is room and none of the same task is under way.
  /// \param bytes  that it keeps in memory
  /// \returns  false: nothing was done, as a save of the workflow has failed since it was last
  /// synced
  [[nodiscard]] bool start(const std::string& workflow, const std::string& task, std::size_t bytes,
                           std::function<void()> save);
  void wait_for(std::string_view workflow, std::string_view task);
  void wait_for_all();
  /// Waits for all, and throws what the first one that failed threw; that is then forgotten.
  void finish(std::string_view workflow);

 private:
  using Name = std::pair<std::string, std::string>;
  struct Save {
    Name name;
    std::size_t bytes;
    std::function<void()> run;
  };
  void work();
  [[nodiscard]] bool has_room(const Name& name, std::size_t bytes) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Save> waiting_;  // for a thread
  std::set<Name> under_way_;  // those too
  std::size_t bytes_ = 0, idle_ = 0;
  bool stop_ = false;
  std::map<std::string, std::exception_ptr, std::less<>> errors_;  // by workflow
  std::vector<std::jthread> threads_;
};

}  // namespace functionfuse::detail
