#include "storage/name_table.hpp"

#include <xxhash.h>

#include <algorithm>
#include <bit>

namespace functionfuse::detail {
namespace {

std::uint32_t hash_of(std::string_view name) {
  return static_cast<std::uint32_t>(XXH3_64bits(name.data(), name.size()));
}

}  // namespace

NameTable::NameTable(std::size_t expected)
    : slots_(std::bit_ceil(std::max<std::size_t>(16, 2 * expected))) {
  names_.reserve(expected);
}

std::size_t NameTable::place(std::string_view name, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.number == 0 || (slot.hash == hash && names_[slot.number - 1] == name)) return i;
  }
}

NameTable::Index NameTable::insert(std::string_view name) {
  if (2 * names_.size() >= slots_.size()) grow();
  const std::uint32_t hash = hash_of(name);
  Slot& slot = slots_[place(name, hash)];
  if (slot.number == 0) {
    names_.push_back(name);
    slot = {hash, static_cast<Index>(names_.size())};
  }
  return slot.number - 1;
}

std::optional<NameTable::Index> NameTable::find(std::string_view name) const {
  const Slot& slot = slots_[place(name, hash_of(name))];
  if (slot.number == 0) return {};
  return slot.number - 1;
}

void NameTable::grow() {
  std::vector<Slot> old(2 * slots_.size());
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.number == 0) continue;
    std::size_t i = slot.hash & mask;
    while (slots_[i].number != 0) i = (i + 1) & mask;
    slots_[i] = slot;
  }
}

}  // namespace functionfuse::detail
