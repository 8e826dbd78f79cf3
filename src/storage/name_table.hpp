#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace functionfuse::detail {

/// Numbers names in the order in which they come: 0, 1, 2, ... A flat hash table; what the names
/// point to must outlive it.
class NameTable {
 public:
  using Index = std::uint32_t;
  explicit NameTable(std::size_t expected = 0);
  /// The number of `name`, a new one if need be.
  Index insert(std::string_view name);
  [[nodiscard]] std::optional<Index> find(std::string_view name) const;
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    Index number = 0;  ///< plus 1; 0 is a free slot
  };
  [[nodiscard]] std::size_t place(std::string_view name, std::uint32_t hash) const;
  void grow();

  std::vector<std::string_view> names_;
  std::vector<Slot> slots_;  // a power of two, at most half full
};

}  // namespace functionfuse::detail
