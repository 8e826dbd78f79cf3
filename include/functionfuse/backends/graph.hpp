#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace functionfuse {

class NodeBase;

/// Nodes that are connected with each other, and their memory. A handle to any of them keeps all of
/// them: children whose handles were dropped still belong to the workflow.
///
/// Making a node whose arguments come from several graphs merges them: the smaller hands its memory
/// and nodes to the larger and refers to it from then on. Nodes never move, and go all at once when
/// the last handle to any of them goes.
///
/// \threads one at a time for graphs that are, or become, connected; any number for others
class Graph {
 public:
  Graph() = default;
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  /// The graph that `graph` has become part of, itself where it was not merged.
  static const std::shared_ptr<Graph>& find(const std::shared_ptr<Graph>& graph) noexcept {
    return graph->forward_ == nullptr ? graph : find_slow(graph);
  }
  /// Makes one of two graphs and returns it.
  static const std::shared_ptr<Graph>& merge(const std::shared_ptr<Graph>& a,
                                             const std::shared_ptr<Graph>& b);

  void* allocate(std::size_t size, std::size_t alignment) {
    auto at = (next_ + alignment - 1) & ~(alignment - 1);
    if (at + size > end_) return allocate_slow(size, alignment);
    next_ = at + size;
    return reinterpret_cast<void*>(at);
  }

  /// Takes over a node that was built in this graph's memory, as its youngest.
  void add(NodeBase* node) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Appends the nodes in the order in which they were made.
  void nodes(std::vector<NodeBase*>& out);

  /// Set while a workflow runs nodes of this graph.
  std::atomic<bool> running = false;

 private:
  struct Chunk {
    Chunk* next;
  };
  static const std::shared_ptr<Graph>& find_slow(const std::shared_ptr<Graph>& graph) noexcept;
  void* allocate_slow(std::size_t size, std::size_t alignment);
  void absorb(Graph& other) noexcept;

  std::shared_ptr<Graph> forward_;  // where this graph's nodes went
  std::uintptr_t next_ = 0;
  std::uintptr_t end_ = 0;
  NodeBase* first_ = nullptr;
  NodeBase* last_ = nullptr;
  std::size_t size_ = 0;
  Chunk* chunks_ = nullptr;
  Chunk* last_chunk_ = nullptr;
  std::size_t chunk_size_ = 512;
  bool sorted_ = true;
};

}  // namespace functionfuse
