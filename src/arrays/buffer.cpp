#include "buffer.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/mman.h>

#include <functionfuse/error.hpp>

namespace functionfuse::detail {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kLarge = std::size_t{4} << 20;

[[noreturn]] void fail(std::size_t size) {
  throw Error(Errc::io, "no memory for an array of " + std::to_string(size) + " bytes");
}

// mmap aligns to 4 KiB only: map a huge page more than needed and keep the aligned part.
std::shared_ptr<std::byte> map_large(std::size_t size) {
  std::size_t mapped = 0;
  if (__builtin_add_overflow(size, 2 * kHugePage, &mapped)) fail(size);
  mapped = mapped / kHugePage * kHugePage;
  void* start = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) fail(size);
  auto* first = static_cast<std::byte*>(start);
  const std::size_t skipped =
      (kHugePage - reinterpret_cast<std::uintptr_t>(first) % kHugePage) % kHugePage;
  const std::size_t kept = (size + kHugePage - 1) / kHugePage * kHugePage;
  const std::size_t behind = mapped - skipped - kept;
  if (skipped > 0) ::munmap(first, skipped);
  if (behind > 0) ::munmap(first + skipped + kept, behind);
  ::madvise(first + skipped, kept, MADV_HUGEPAGE);  // refused by some kernels, and no harm then
  return {first + skipped, [kept](std::byte* data) { ::munmap(data, kept); }};
}

}  // namespace

std::shared_ptr<std::byte> map_buffer(std::size_t size) {
  if (size >= kLarge) return map_large(size);
  void* start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) fail(size);
  return {static_cast<std::byte*>(start), [size](std::byte* data) { ::munmap(data, size); }};
}

std::shared_ptr<std::byte> allocate_buffer(std::size_t size, bool zeroed) {
  if (size >= kLarge) return map_large(size);
  const std::size_t rounded = (size / kCacheLine + 1) * kCacheLine;
  auto* data = static_cast<std::byte*>(std::aligned_alloc(kCacheLine, rounded));
  if (data == nullptr) fail(size);
  if (zeroed) std::memset(data, 0, rounded);
  return {data, [](std::byte* memory) { std::free(memory); }};
}

}  // namespace functionfuse::detail
