#include "functionfuse/backends/graph.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include "functionfuse/backends/node_base.hpp"

namespace functionfuse {

namespace {
constexpr std::size_t kLargestChunk = 1024 * 1024;
}

Graph::~Graph() {
  for (NodeBase* node = first_; node != nullptr;) {
    NodeBase* next = node->next_;
    node->~NodeBase();
    node = next;
  }
  while (chunks_ != nullptr) {
    Chunk* next = chunks_->next;
    std::free(chunks_);
    chunks_ = next;
  }
}

const std::shared_ptr<Graph>& Graph::find_slow(const std::shared_ptr<Graph>& graph) noexcept {
  // Not shortened on the way: the smaller always goes to the larger, so that no way is longer than
  // the logarithm of the number of nodes, and looking for it changes nothing.
  const std::shared_ptr<Graph>* at = &graph;
  while ((*at)->forward_ != nullptr) at = &(*at)->forward_;
  return *at;
}

const std::shared_ptr<Graph>& Graph::merge(const std::shared_ptr<Graph>& a,
                                           const std::shared_ptr<Graph>& b) {
  const auto& first = find(a);
  const auto& second = find(b);
  if (first == second) return first;
  bool to_first = first->size_ >= second->size_;
  const auto& to = to_first ? first : second;
  Graph& from = to_first ? *second : *first;
  to->absorb(from);
  from.forward_ = to;
  return from.forward_;
}

void Graph::absorb(Graph& other) noexcept {
  if (other.first_ != nullptr) {
    if (last_ != nullptr) {
      sorted_ = sorted_ && other.sorted_ && last_->sequence() < other.first_->sequence();
      last_->next_ = other.first_;
    } else {
      first_ = other.first_;
      sorted_ = other.sorted_;
    }
    last_ = other.last_;
  }
  size_ += other.size_;
  if (other.chunks_ != nullptr) {
    if (chunks_ == nullptr) {
      chunks_ = other.chunks_;
    } else {
      last_chunk_->next = other.chunks_;
    }
    last_chunk_ = other.last_chunk_;
  }
  if (other.running) running = true;
  other.first_ = other.last_ = nullptr;
  other.chunks_ = other.last_chunk_ = nullptr;
  other.size_ = 0;
  other.next_ = other.end_ = 0;
}

void* Graph::allocate_slow(std::size_t size, std::size_t alignment) {
  std::size_t wanted = sizeof(Chunk) + size + alignment;
  std::size_t chunk_size = std::max(chunk_size_, wanted);
  auto* chunk = static_cast<Chunk*>(std::malloc(chunk_size));
  if (chunk == nullptr) throw std::bad_alloc();
  chunk->next = nullptr;
  if (chunks_ == nullptr) {
    chunks_ = chunk;
  } else {
    last_chunk_->next = chunk;
  }
  last_chunk_ = chunk;
  chunk_size_ = std::min(2 * chunk_size_, kLargestChunk);
  next_ = reinterpret_cast<std::uintptr_t>(chunk + 1);
  end_ = reinterpret_cast<std::uintptr_t>(chunk) + chunk_size;
  return allocate(size, alignment);
}

void Graph::add(NodeBase* node) noexcept {
  if (last_ == nullptr) {
    first_ = node;
  } else {
    last_->next_ = node;
    sorted_ = sorted_ && last_->sequence() < node->sequence();
  }
  last_ = node;
  ++size_;
}

void Graph::nodes(std::vector<NodeBase*>& out) {
  std::size_t before = out.size();
  out.reserve(before + size_);
  for (NodeBase* node = first_; node != nullptr; node = node->next_) out.push_back(node);
  if (sorted_) return;
  auto begin = out.begin() + static_cast<std::ptrdiff_t>(before);
  std::sort(begin, out.end(),
            [](NodeBase* a, NodeBase* b) { return a->sequence() < b->sequence(); });
  for (auto it = begin; it + 1 != out.end(); ++it) (*it)->next_ = it[1];
  first_ = *begin;
  last_ = out.back();
  last_->next_ = nullptr;
  sorted_ = true;
}

}  // namespace functionfuse
