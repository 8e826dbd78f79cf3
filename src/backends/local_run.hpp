#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "backends/node_runner.hpp"
#include "backends/plan.hpp"
#include "backends/workflow_state.hpp"
#include "functionfuse/backends/results.hpp"

namespace functionfuse::detail {

/// One run of a workflow in this thread.
///
/// 1. Plan: which nodes have to run.
/// 2. Count, from the last node up: how many nodes that will run need each value.
/// 3. Run, from the first node down, what has to run. What a node needs and is not there yet
///    (stored results, items, objects) is obtained first: `obtain`.
/// 4. A value is freed when its count has come down to 0.
///
/// `obtain` works off a stack of its own: a stored result that turns out to be damaged is computed
/// again, which may need others that were never read or were freed already, and so on, however far.
/// The chunks of a stored array are read when a function uses them. If one is damaged then, the function
/// runs again after the node that made the array.
///
/// A stateful object is where it is needed when so many calls have run on it. If it is behind,
/// calls are replayed; if it is ahead or not there, it starts from its stored state, or is
/// constructed.
class LocalRun {
 public:
  explicit LocalRun(const std::shared_ptr<WorkflowState>& workflow);
  ~LocalRun();
  LocalRun(const LocalRun&) = delete;
  LocalRun& operator=(const LocalRun&) = delete;

  /// \param read  give the results of the given nodes that are stored, too
  Results run(bool read);
  /// Reads or computes the value of one node, and what that takes.
  std::shared_ptr<void> fetch(NodeBase* node);

 private:
  enum class Action : std::uint8_t { value, replay, advance };
  struct Step {
    std::uint32_t node;
    Action action;
    bool counted = false;
  };

  void claim();
  void release_claim() noexcept;
  [[nodiscard]] std::uint32_t owner_of(std::uint32_t given) const;
  [[nodiscard]] bool is_left_stored(std::uint32_t wanted) const;
  void count(const std::vector<std::uint32_t>& wanted, bool read);
  void run_all();
  Results collect(const std::vector<std::uint32_t>& wanted);

  [[nodiscard]] bool is_ready(std::uint32_t i) const;
  void obtain(std::uint32_t i);
  bool take_step(Step& step);
  bool want_parents(std::uint32_t i);
  bool want_object(std::uint32_t object, std::uint32_t position);
  [[nodiscard]] bool execute(std::uint32_t i);
  void run_and_save(std::uint32_t i);
  bool drop_damaged(std::uint32_t i);
  void replay(std::uint32_t i);

  void need_parents(std::uint32_t i);
  void done_with_parents(std::uint32_t i);
  void release(std::uint32_t i);

  std::shared_ptr<WorkflowState> workflow_;
  std::vector<std::shared_ptr<Graph>> claimed_;
  Plan plan_;
  NodeRunner runner_;
  Progress progress_;
  std::vector<std::uint32_t> needed_;  // by how many
  std::vector<char> counted_;          // whether the node counts in its parents' needed_
  std::vector<char> dropped_;          // whether its stored result was found damaged by another node
  std::vector<Step> stack_;
  std::size_t steps_ = 0;
  bool clean_ = false;  // no values are left
};

}  // namespace functionfuse::detail
