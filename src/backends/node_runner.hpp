#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backends/plan.hpp"
#include "backends/random_state.hpp"
#include "backends/workflow_state.hpp"

namespace functionfuse::detail {

/// Runs, saves and reads single nodes of a plan, and says so in the log. In which order, and when
/// values are freed, is the backend's business.
///
/// \threads run, save and read: different nodes at once, where the log allows it
class NodeRunner {
 public:
  NodeRunner(WorkflowState& workflow, Plan& plan);

  /// Computes the value of node `i`. \error node_failed  its function threw
  void run(std::uint32_t i);
  /// Runs a call for what it does to its object.
  void replay(std::uint32_t i);
  /// Saves the value of function or call `i`, where there is a storage, and reads it back where the
  /// storage says so and `needed`. \error node_failed
  void save(std::uint32_t i, bool needed);
  /// Saves the state of an object as it is after its last call, where it can be stored.
  void save_state(std::uint32_t object);
  /// Reads a stored result to be the value. False, with a warning: it is not there, or damaged.
  bool read(std::uint32_t i);
  /// Reads the stored state of an object. False, as above.
  bool read_state(std::uint32_t object);

  /// Reads all of a stored result. True, with a warning: it is damaged.
  bool is_damaged(std::uint32_t i);

  /// Waits until all that was saved is on the disk; once, at the end.
  void sync();
  /// As sync, for when an exception is on its way: a failure is only a warning.
  void sync_quietly() noexcept;
  /// The line at the end.
  void summarize();

 private:
  [[nodiscard]] bool logs(std::uint32_t i) const;
  void log(std::uint32_t i, std::string_view what, double seconds);
  [[nodiscard]] std::string describe(std::uint32_t i) const;
  [[noreturn]] void fail(std::uint32_t i, std::string_view what) const;
  void initialize(std::uint32_t i, std::optional<RandomStateScope>& scope);
  void warn_unreadable(std::uint32_t i, std::string_view what);
  bool read_task(std::uint32_t i, bool mismatch_is_error);

  WorkflowState& workflow_;
  Plan& plan_;
  std::atomic<std::size_t> ran_{0}, read_{0}, replayed_{0};
  double start_;
};

}  // namespace functionfuse::detail
