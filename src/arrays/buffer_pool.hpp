#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace functionfuse::detail {

/// Memory for chunks, kept when a chunk is done with: a fresh page costs the kernel about as much as
/// the work on it.
///
/// \threads safe
class BufferPool : public std::enable_shared_from_this<BufferPool> {
 public:
  /// Bytes that a chunk of `size` bytes takes in memory.
  [[nodiscard]] static std::size_t rounded(std::size_t size) noexcept;
  /// Content unspecified; comes back to the pool with its last owner.
  [[nodiscard]] std::shared_ptr<std::byte> take(std::size_t size);
  /// Bytes that are kept and not in use.
  [[nodiscard]] std::size_t free_bytes() const noexcept { return free_bytes_.load(std::memory_order_relaxed); }
  /// Gives kept ones back to the system until no more than `most` bytes are left.
  void trim(std::size_t most);

 private:
  void give_back(std::shared_ptr<std::byte> buffer, std::size_t size) noexcept;

  std::mutex mutex_;
  std::map<std::size_t, std::vector<std::shared_ptr<std::byte>>> free_;  // by rounded size
  std::atomic<std::size_t> free_bytes_ = 0;
};

}  // namespace functionfuse::detail
