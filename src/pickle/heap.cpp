#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "functionfuse/arrays/dtype.hpp"
#include "functionfuse/error.hpp"
#include "functionfuse/pickle/object.hpp"
#include "arrays/buffer.hpp"

namespace functionfuse::detail {

namespace {
constexpr std::size_t kLargestChunk = std::size_t{8} << 20;
// From here on memory comes in huge pages: fresh from the kernel, small ones cost more than what is
// put into them.
constexpr std::size_t kLargeChunk = std::size_t{4} << 20;
// A container of this many slots leaves the chunks for a block that realloc can grow in place.
constexpr std::size_t kBlockSlots = 256;
}  // namespace

Heap::~Heap() {
  for (char* chunk : chunks_) std::free(chunk);
  for (Slot* block : slot_blocks_) std::free(block);
}

void* Heap::allocate_slow(std::size_t size) {
  const bool own_chunk = size > chunk_size_ / 2;
  std::size_t chunk_size = own_chunk ? size : chunk_size_;
  char* chunk = new_chunk(chunk_size);
  if (own_chunk) {
    if (chunk_size_ < kLargestChunk) chunk_size_ *= 2;
    return chunk;
  }
  next_ = chunk + size;
  end_ = chunk + chunk_size;
  if (chunk_size_ < kLargestChunk) chunk_size_ *= 2;
  return chunk;
}

char* Heap::new_chunk(std::size_t size) {
  if (size >= kLargeChunk) {
    auto buffer = allocate_buffer(size, false);
    auto* chunk = reinterpret_cast<char*>(buffer.get());
    keep(std::move(buffer));
    return chunk;
  }
  chunks_.reserve(chunks_.size() + 1);
  auto* chunk = static_cast<char*>(std::malloc(size));
  if (chunk == nullptr) throw std::bad_alloc();
  chunks_.push_back(chunk);
  return chunk;
}

void Heap::fail_copies() {
  throw CorruptError("a pickle that expands to far more than its own size: not a valid pickle");
}

Text* Heap::make_text(Kind kind, std::string_view text) {
  auto* t = new (allocate(sizeof(Text) + text.size())) Text;
  t->kind = kind;
  t->size = text.size();
  if (!text.empty()) std::memcpy(t->data(), text.data(), text.size());
  return t;
}

Blob* Heap::make_blob(Kind kind, const void* data, std::size_t size) {
  auto* blob = make<Blob>(kind, size);
  std::byte* copy = allocate_payload(size);
  if (size != 0) std::memcpy(copy, data, size);
  blob->data = copy;
  return blob;
}

Container* Heap::make_container(Kind kind, const Slot* items, std::size_t slots) {
  auto* c = make<Container>(kind);
  if (slots != 0) {
    reserve(*c, 0, slots);
    std::memcpy(static_cast<void*>(c->items), items, slots * sizeof(Slot));
  }
  c->size = kind == Kind::dict ? slots / 2 : slots;
  return c;
}

Dtype* Heap::make_dtype(const DType& dtype) {
  auto* object = make<Dtype>(Kind::dtype);
  auto kept = std::make_shared<const DType>(dtype);
  object->dtype = kept.get();
  keep(std::move(kept));
  return object;
}

Opaque* Heap::make_opaque(Opaque::How how, Slot cls, Slot args) {
  static_assert(sizeof(Opaque) >= sizeof(Array) && sizeof(Opaque) >= sizeof(Dtype));
  auto* object = make<Opaque>(Kind::object);
  object->how = how;
  object->cls = cls;
  object->args = args;
  return object;
}

void Heap::reserve(Container& c, std::size_t used, std::size_t extra) {
  if (c.capacity - used >= extra) return;
  std::size_t capacity = used == 0 ? extra : std::max(used + extra, c.capacity * 2);
  if (capacity < kBlockSlots) {
    auto* items = static_cast<Slot*>(allocate(capacity * sizeof(Slot)));
    if (used != 0) std::memcpy(static_cast<void*>(items), c.items, used * sizeof(Slot));
    c.items = items;
  } else {
    const bool is_block = c.capacity >= kBlockSlots;
    std::size_t index =
        is_block ? static_cast<std::size_t>(c.items[-1].integer) : slot_blocks_.size();
    if (!is_block) slot_blocks_.push_back(nullptr);
    void* grown = std::realloc(static_cast<void*>(slot_blocks_[index]),
                               (capacity + 1) * sizeof(Slot));
    if (grown == nullptr) throw std::bad_alloc();
    auto* block = static_cast<Slot*>(grown);
    if (!is_block && used != 0) {
      std::memcpy(static_cast<void*>(block + 1), c.items, used * sizeof(Slot));
    }
    block[0] = Slot(static_cast<std::int64_t>(index));
    slot_blocks_[index] = block;
    c.items = block + 1;
  }
  c.capacity = capacity;
}

std::byte* Heap::allocate_payload(std::size_t size) {
  constexpr std::size_t kLarge = 1 << 20;
  if (size < kLarge) return static_cast<std::byte*>(allocate(size));
  auto buffer = allocate_buffer(size, false);
  std::byte* data = buffer.get();
  keep(std::move(buffer));
  return data;
}

}  // namespace functionfuse::detail
