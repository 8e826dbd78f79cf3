#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <vector>

#include "evaluation.hpp"
#include "lazy_array.hpp"

namespace functionfuse::detail {

/// One array of an evaluation.
struct PlanNode {
  LazyArrayPtr array;
  std::shared_ptr<const Operation> operation;
  std::vector<std::uint32_t> inputs;   ///< nodes
  std::vector<std::uint32_t> outputs;  ///< that want it
  bool kept = false;    ///< each of its chunks is a task and stays until the last task that needs it has run
  bool is_free = false; ///< its chunks cost nothing
  bool alone = false;   ///< its chunks need no chunk of a node that is kept
};

/// A chunk of a node that is kept, or of an output whose chunks need some.
struct PlanTask {
  std::uint32_t node;
  std::uint32_t uses = 0;     ///< how often other tasks still take it
  std::uint32_t waiting = 0;  ///< needs that have not run
  std::uint32_t first_user = kNone;
  std::size_t first_need = 0, end_need = 0;  ///< in EvaluationPlan::needs
  std::size_t number;
  std::size_t peak = 0;   ///< bytes while it runs, those of its needs included
  std::size_t bytes = 0;  ///< of its chunk

  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
};

/// What an evaluation does, in which order.
///
/// A task makes a chunk together with all the chunks above it that only it needs, one call inside the
/// other. Chunks that several need, and those that are to be made side by side, are tasks themselves.
class EvaluationPlan {
 public:
  explicit EvaluationPlan(const std::vector<Output>& outputs);

  struct Edge {
    std::uint32_t task;       ///< that is needed
    std::uint32_t user;
    std::uint32_t next_user;  ///< another edge of `task`
  };

  std::vector<PlanNode> nodes;  ///< after those that they need
  std::vector<PlanTask> tasks;
  std::vector<Edge> needs;
  std::vector<std::uint32_t> leaves;  ///< tasks without needs, in the order in which to begin them
  std::vector<std::uint32_t> alone;   ///< outputs that need no tasks: their nodes

  struct Cost {
    std::size_t peak = 0;      ///< bytes while the chunk is made
    std::size_t resident = 0;  ///< bytes that it holds then
  };
  /// Of making a chunk and all that is made for it. \param kept_needs  if given: gets the chunks of kept nodes
  /// \param stack  room, left as it was
  Cost cost(std::uint32_t node, std::size_t number, std::vector<Need>& stack,
            std::vector<Need>* kept_needs) const;
  struct Chunk {
    std::uint32_t node;
    std::size_t number;
    std::size_t bytes;
  };
  /// Of a chunk and those that are there while it is made.
  [[nodiscard]] Chunk largest(std::uint32_t node, std::size_t number) const;
  [[nodiscard]] std::size_t chunk_bytes(const PlanNode& node, std::size_t number) const;
  [[nodiscard]] std::uint32_t task_of(std::uint32_t node, std::size_t number) const;

 private:
  void add_nodes(const std::vector<Output>& outputs);
  void choose_kept();
  void add_tasks(std::uint32_t node, const ChunkSink* sink);
  std::uint32_t task(std::uint32_t node, std::size_t number, std::vector<std::uint32_t>& fresh);

  /// The tasks of one node's chunks. A list where there are few chunks or all are wanted; otherwise of
  /// 1e10 chunks perhaps ten are.
  struct TaskNumbers {
    std::vector<std::uint32_t> list;  // [number]: task + 1, 0 for none
    std::unordered_map<std::size_t, std::uint32_t> map;
  };
  std::uint32_t& task_number(std::uint32_t node, std::size_t number);

  std::vector<TaskNumbers> tasks_of_;  // [node]
};

}  // namespace functionfuse::detail
