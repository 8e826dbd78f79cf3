#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// The records that pickles and cereal's archives are compared with.
struct Item {
  std::int64_t id;
  std::string name;
  std::vector<double> values;
};

inline std::vector<Item> make_items(int count) {
  std::vector<Item> items(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    items[static_cast<std::size_t>(i)] = {
        i, "item " + std::to_string(10'000'000'000 + i), {1. * i, 2. * i, 3. * i, 4. * i}};
  }
  return items;
}
