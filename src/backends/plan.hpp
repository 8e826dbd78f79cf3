#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "backends/names.hpp"
#include "backends/records.hpp"
#include "backends/resolution.hpp"
#include "backends/workflow_state.hpp"

namespace functionfuse::detail {

enum class Status : std::uint8_t {
  must_run,   ///< not stored, or stale; an object without calls that has to be constructed
  stored,     ///< is read where somebody needs it
  on_demand,  ///< items, states, objects with calls: have a value where somebody needs one
};

/// A stateful object and its calls in a workflow.
struct Chain {
  std::vector<std::uint32_t> calls;  ///< places; calls[k] is call k + 1
  /// After how many calls the stored state is; -1: there is none that is of use.
  std::int64_t stored_position = -1;
};

/// What a workflow consists of, and what of it has to run. Made anew for every run.
///
/// \error invalid_argument  two nodes of one name; a default name that can't be one of a task
/// \error unsupported       a result that can't be kept, as its serializer is not registered
class Plan {
 public:
  explicit Plan(WorkflowState& workflow);

  [[nodiscard]] const Resolution& graph() const noexcept { return graph_; }
  [[nodiscard]] std::uint32_t size() const noexcept { return graph_.size(); }
  [[nodiscard]] NodeBase* node(std::uint32_t i) const noexcept { return graph_.node(i); }
  [[nodiscard]] Status status(std::uint32_t i) const noexcept { return status_[i]; }
  void set_status(std::uint32_t i, Status status) noexcept { status_[i] = status; }
  /// Function or call `i` has been saved: its value can be read from now on.
  void set_saved(std::uint32_t i) noexcept {
    if (node(i)->type() == NodeBase::Type::object) return;
    status_[i] = Status::stored;
    has_record_[i] = 1;
  }
  /// Whether a stored result had a record.
  [[nodiscard]] bool has_record(std::uint32_t i) const noexcept { return has_record_[i] != 0; }
  [[nodiscard]] std::size_t must_run() const noexcept { return must_run_; }
  [[nodiscard]] std::size_t stored() const noexcept { return stored_; }

  /// Of a node that has one; built when first asked for.
  [[nodiscard]] std::string_view name(std::uint32_t i) const;
  [[nodiscard]] Chain& chain(std::uint32_t object) { return chains_.at(object); }
  [[nodiscard]] const Chain& chain(std::uint32_t object) const { return chains_.at(object); }
  /// With a storage only.
  [[nodiscard]] const Records& records() const noexcept { return *records_; }

 private:
  void find_chains();
  void look_up(WorkflowState& workflow);
  void warn_unseen(WorkflowState& workflow) const;
  /// Before a node runs for hours and can't be saved.
  void check_serializers(const WorkflowState& workflow) const;
  void look_up_node(WorkflowState& workflow, const TaskIndex& index, std::uint32_t i,
                    std::vector<char>& changed);
  void look_up_state(const TaskIndex& index, std::uint32_t object, Chain& chain);
  [[nodiscard]] std::string what_changed(std::uint32_t i, const Record& stored,
                                         const std::vector<char>& changed) const;

  Resolution graph_;
  std::vector<Status> status_;
  std::vector<char> has_record_;
  std::unordered_map<std::uint32_t, Chain> chains_;
  std::unique_ptr<Records> records_;
  mutable std::unique_ptr<Names> names_;
  std::size_t must_run_ = 0;
  std::size_t stored_ = 0;
};

}  // namespace functionfuse::detail
