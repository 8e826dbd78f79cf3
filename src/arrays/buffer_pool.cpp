#include "buffer_pool.hpp"

#include <algorithm>
#include <bit>
#include <new>

#include "buffer.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::size_t kSmall = 16 << 10;  // malloc is quick with these
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kMapped = 512 << 10;  // of what is less, malloc may keep what it gets back
constexpr std::size_t kHuge = std::size_t{4} << 20;  // mapped in huge pages

}  // namespace

std::size_t BufferPool::rounded(std::size_t size) noexcept {
  if (size < kSmall) return (size + 64) & ~std::size_t{63};
  // In eighths of a power of two, so that chunks of about one length share their buffers.
  const std::size_t step = size >= kHuge ? kHugePage : std::bit_floor(size) / 8;
  if (size > ~step) return size;
  return (size + step - 1) / step * step;
}

std::shared_ptr<std::byte> BufferPool::take(std::size_t size) {
  if (size < kSmall) return allocate_buffer(size, false);
  size = rounded(size);
  std::shared_ptr<std::byte> buffer;
  {
    std::lock_guard lock(mutex_);
    auto found = free_.find(size);
    if (found != free_.end() && !found->second.empty()) {
      buffer = std::move(found->second.back());
      found->second.pop_back();
      free_bytes_.fetch_sub(size, std::memory_order_relaxed);
    }
  }
  // Room was made for this much: not beside buffers of other sizes that nobody uses.
  if (!buffer && free_bytes() > 0) trim(free_bytes() - std::min(free_bytes(), size));
  if (!buffer) buffer = size < kMapped ? allocate_buffer(size, false) : map_buffer(size);
  std::byte* data = buffer.get();
  return {data, [self = shared_from_this(), kept = std::move(buffer), size](std::byte*) mutable {
            self->give_back(std::move(kept), size);
          }};
}

void BufferPool::give_back(std::shared_ptr<std::byte> buffer, std::size_t size) noexcept {
  try {
    std::lock_guard lock(mutex_);
    free_[size].push_back(std::move(buffer));
    free_bytes_.fetch_add(size, std::memory_order_relaxed);
  } catch (const std::bad_alloc&) {
    // Then it is not kept.
  }
}

void BufferPool::trim(std::size_t most) {
  std::vector<std::shared_ptr<std::byte>> dropped;  // unmapped outside the lock
  std::lock_guard lock(mutex_);
  while (!free_.empty() && free_bytes() > most) {
    auto largest = std::prev(free_.end());
    if (largest->second.empty()) {
      free_.erase(largest);
      continue;
    }
    dropped.push_back(std::move(largest->second.back()));
    largest->second.pop_back();
    free_bytes_.fetch_sub(largest->first, std::memory_order_relaxed);
  }
}

}  // namespace functionfuse::detail
