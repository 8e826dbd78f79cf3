#pragma once

#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include <functionfuse/error.hpp>

#include "formats/zarr/store.hpp"

namespace functionfuse::test {

inline std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// What every store must do. \param store  without keys, and left so
inline void check_store(formats::zarr::Store& store) {
  using testing::ElementsAre;
  using testing::IsEmpty;
  const auto get = [&](const std::string& key) {
    const auto bytes = store.get(key, 1000);
    return bytes ? std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size())
                 : std::string("(absent)");
  };
  const auto keys = [&] {
    std::set<std::string> found;
    store.list([&](const std::string& key) { return found.insert(key).second; });
    return found;
  };
  std::vector<std::byte> room(10);

  EXPECT_THAT(keys(), IsEmpty());
  EXPECT_EQ(get("x"), "(absent)");
  EXPECT_EQ(store.get("deep/x", room), std::nullopt);

  store.put("x", bytes_of("one"));
  store.put("x", bytes_of("a second one"));
  store.put("deep/er/x", bytes_of("three"));
  store.put("empty", {});
  store.sync();
  EXPECT_EQ(get("x"), "a second one");
  EXPECT_EQ(get("empty"), "");
  EXPECT_EQ(store.get("empty", room), 0u);
  EXPECT_EQ(store.get("deep/er/x", room), 5u);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(room.data()), 5), "three");
  EXPECT_THAT(keys(), ElementsAre("deep/er/x", "empty", "x"));
  int visited = 0;
  store.list([&](const std::string&) { return ++visited < 2; });
  EXPECT_EQ(visited, 2);

  EXPECT_THROW(static_cast<void>(store.get("x", 11)), CorruptError);
  EXPECT_THROW(static_cast<void>(store.get("x", room)), CorruptError);
  EXPECT_EQ(store.get("x", 12)->size(), 12u);

  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        for (int k = 0; k < 20; ++k) {
          const std::string key = "t/" + std::to_string(i) + "/" + std::to_string(k);
          store.put(key, bytes_of(key));
          store.put("t/same", bytes_of("of anybody"));
          EXPECT_EQ(get(key), key);
          EXPECT_EQ(get("t/same"), "of anybody");
        }
      });
    }
  }
  EXPECT_EQ(keys().size(), 3u + 161u);
  EXPECT_EQ(store.url("a/b/"), store.location() + "/a/b");
  EXPECT_EQ(store.url(""), store.location());
  store.remove_all();
  EXPECT_THAT(keys(), IsEmpty());
  EXPECT_EQ(get("x"), "(absent)");
  store.remove_all();
}

}  // namespace functionfuse::test
