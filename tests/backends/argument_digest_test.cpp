#include "functionfuse/backends/argument_digest.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "functionfuse/functionfuse.hpp"

// Arguments that differ have different digests, or the digest says that it can't tell; those that
// are equal have the same.

namespace ff = functionfuse;

namespace {

struct File {
  std::string path;
  double size = 0;
};
FUNCTIONFUSE_FIELDS(File, path, size)

struct Graph {
  int id = 0;
  std::unordered_map<std::string, std::shared_ptr<Graph>> next;
};
FUNCTIONFUSE_FIELDS(Graph, id, next)

struct Metres {
  double x = 0;
};
FUNCTIONFUSE_FIELDS(Metres, x)
struct Feet {
  double x = 0;
};
FUNCTIONFUSE_FIELDS(Feet, x)

struct Mesh {
  int cells = 0;
};
FUNCTIONFUSE_FIELDS(Mesh, cells)
struct Job {
  Mesh mesh;
  int steps = 0;
};
FUNCTIONFUSE_FIELDS(Job, mesh, steps)

struct Refusing {
  int x = 0;
};
struct Unknown {
  int x = 0;
};

}  // namespace

template <>
inline constexpr bool functionfuse::is_persistent<Mesh> = true;
template <>
struct functionfuse::Pickle<Refusing> {
  static void save(Pickler&, const Refusing&) { throw Error(Errc::invalid_argument, "no"); }
  static Refusing load(const Reading&) { return {}; }
};

namespace {

struct Digest {
  ff::Record::Digest bytes;
  bool opaque;
  friend bool operator==(const Digest&, const Digest&) = default;
};
void PrintTo(const Digest& d, std::ostream* out) { *out << (d.opaque ? "opaque" : "a digest"); }

template <class T>
Digest digest(const T& argument) {
  ff::ArgumentDigest digest;
  ff::detail::digest_plain(digest, argument);
  const bool opaque = digest.opaque();
  return {digest.finish(), opaque};
}

TEST(ArgumentDigest, TextNeedNotBeUtf8) {
  EXPECT_NE(digest(File{"caf\xe9", 1}), digest(File{"caf\xe9", 2}));
  EXPECT_NE(digest(File{"caf\xe9", 1}), digest(File{"caf\xe8", 1}));
  EXPECT_EQ(digest(File{"caf\xe9", 1}), digest(File{"caf\xe9", 1}));
  EXPECT_FALSE(digest(File{"caf\xe9", 1}).opaque);
  EXPECT_NE(digest(std::vector<std::string>{"\xff"}), digest(std::vector<std::string>{"\xfe"}));
}

TEST(ArgumentDigest, OfWhatCannotBePickledTheTypeCountsAndThatIsSaid) {
  EXPECT_EQ(digest(Unknown{1}), digest(Unknown{2}));
  EXPECT_TRUE(digest(Unknown{1}).opaque);
  EXPECT_EQ(digest(Refusing{1}), digest(Refusing{2}));
  EXPECT_TRUE(digest(Refusing{1}).opaque);
  EXPECT_TRUE(digest(std::vector<Refusing>(1)).opaque);
  EXPECT_NE(digest(Unknown{1}).bytes, digest(Refusing{1}).bytes);
  EXPECT_FALSE(digest(1).opaque);

  ff::ArgumentDigest one_after_another;
  ff::detail::digest_plain(one_after_another, Unknown{1});
  ff::detail::digest_plain(one_after_another, 1);
  EXPECT_TRUE(one_after_another.opaque());
  static_cast<void>(one_after_another.finish());
  EXPECT_FALSE(one_after_another.opaque());
}

TEST(ArgumentDigest, OfAPersistentTypeTheTypeCountsAndOfTheRestTheValue) {
  EXPECT_EQ(digest(Job{{1}, 5}), digest(Job{{2}, 5}));
  EXPECT_NE(digest(Job{{1}, 5}), digest(Job{{1}, 6}));
  EXPECT_TRUE(digest(Job{{1}, 5}).opaque);
  EXPECT_TRUE(digest(std::vector<Mesh>(2)).opaque);
  EXPECT_FALSE(digest(std::vector<Mesh>()).opaque);
  const std::vector<std::shared_ptr<Mesh>> held{std::make_shared<Mesh>(Mesh{1})};
  EXPECT_EQ(digest(held), digest(std::vector(1, std::make_shared<Mesh>(Mesh{2}))));
}

TEST(ArgumentDigest, WhoElseHoldsAPointerDoesNotCount) {
  using Pointers = std::vector<std::shared_ptr<std::vector<double>>>;
  auto make = [] { return std::make_shared<std::vector<double>>(3, 1.0); };
  const Pointers alone{make(), make(), make()};
  const Digest expected = digest(alone);
  const Pointers::value_type second = alone[1];
  EXPECT_EQ(digest(alone), expected);
  const Pointers all = alone;
  EXPECT_EQ(digest(alone), expected);

  std::vector<std::shared_ptr<File>> files{std::make_shared<File>(), std::make_shared<File>()};
  const Digest of_files = digest(files);
  const auto file = files[0];
  EXPECT_EQ(digest(files), of_files);
  file->size = 1;
  EXPECT_NE(digest(files), of_files);
  const std::vector<std::shared_ptr<Mesh>> meshes{std::make_shared<Mesh>()};
  const Digest of_meshes = digest(meshes);
  const auto mesh = meshes[0];
  EXPECT_EQ(digest(meshes), of_meshes);
}

TEST(ArgumentDigest, WhatAPointerRefersToCounts) {
  const auto a = std::make_shared<File>(File{"a", 1}), b = std::make_shared<File>(File{"b", 1});
  using Files = std::vector<std::shared_ptr<File>>;
  EXPECT_NE(digest(Files{a, b, a}), digest(Files{a, b, b}));
  EXPECT_EQ(digest(Files{a, b, a}), digest(Files{a, b, a}));
}

TEST(ArgumentDigest, WhoElseHoldsAValueDoesNotCount) {
  const ff::Value inner = ff::Value::list({1, 2});
  const ff::Value value = ff::Value::list({ff::loads(ff::dumps(inner)), 3});
  const Digest expected = digest(value);
  const ff::Value holder = ff::Value::list({value});
  EXPECT_EQ(digest(value), expected);
}

TEST(ArgumentDigest, TheOrderOfInsertionDoesNotCount) {
  auto filled = [](bool other, auto container, auto insert) {
    if (other) container.reserve(1000);
    for (int i = 0; i < 100; ++i) insert(container, other ? 99 - i : i);
    return container;
  };
  auto map = [&](bool other, int last = 99) {
    return filled(other, std::unordered_map<std::string, int>(),
                  [last](auto& m, int i) { m["k" + std::to_string(i)] = i == 99 ? last : i; });
  };
  EXPECT_NE(map(false).begin()->first, map(true).begin()->first);
  EXPECT_EQ(digest(map(false)), digest(map(true)));
  EXPECT_NE(digest(map(false)), digest(map(true, 0)));
  EXPECT_EQ(digest(std::vector{map(false)}), digest(std::vector{map(true)}));

  auto set = [&](bool other, int step = 1) {
    return filled(other, std::unordered_set<int>(), [step](auto& s, int i) { s.insert(i * step); });
  };
  EXPECT_EQ(digest(set(false)), digest(set(true)));
  EXPECT_NE(digest(set(false)), digest(set(true, 2)));

  struct Any {
    bool operator()(const std::unordered_set<int>& a, const std::unordered_set<int>& b) const {
      return a.size() < b.size();
    }
  };
  using Sets = std::set<std::unordered_set<int>, Any>;
  EXPECT_EQ(digest(Sets{set(false)}), digest(Sets{set(true)}));
}

// Sorted by address, as it is without a comparison of one's own.
TEST(ArgumentDigest, AddressesOfKeysDoNotCount) {
  const auto a = std::make_shared<int>(1), b = std::make_shared<int>(1);
  const bool a_first = a < b;
  using Map = std::map<std::pair<std::shared_ptr<int>, int>, std::string>;
  *(a_first ? a : b) = 2;
  const Digest falling =
      digest(Map{{{a, 0}, *a == 2 ? "two" : "one"}, {{b, 0}, *b == 2 ? "two" : "one"}});
  std::swap(*a, *b);
  const Digest rising =
      digest(Map{{{a, 0}, *a == 2 ? "two" : "one"}, {{b, 0}, *b == 2 ? "two" : "one"}});
  EXPECT_EQ(falling, rising);
}

TEST(ArgumentDigest, AGraphWithCyclesTakesOneWalk) {
  auto graph = [](int last, bool other) {
    std::vector<std::shared_ptr<Graph>> nodes;
    for (int i = 0; i < 40; ++i) nodes.push_back(std::make_shared<Graph>(Graph{i, {}}));
    nodes.back()->id = last;
    for (const auto& node : nodes) {
      if (other) node->next.reserve(500);
      for (int k = 0; k < 40; ++k) {
        const int to = other ? 39 - k : k;
        node->next[std::to_string(to)] = nodes[static_cast<std::size_t>(to)];
      }
    }
    const Digest result = digest(nodes[0]);
    for (const auto& node : nodes) node->next.clear();
    return result;
  };
  EXPECT_EQ(graph(39, false), graph(39, true));
  EXPECT_NE(graph(39, false), graph(40, false));
}

TEST(ArgumentDigest, WhatAPickleRoundsOrLeavesOutCounts) {
  using namespace std::chrono_literals;
  EXPECT_NE(digest(100ns), digest(200ns));
  EXPECT_NE(digest(std::chrono::sys_time<std::chrono::nanoseconds>(100ns)),
            digest(std::chrono::sys_time<std::chrono::nanoseconds>(200ns)));
  EXPECT_FALSE(digest(std::chrono::hours(1'000'000'000'000)).opaque);
  using Length = std::variant<Metres, Feet>;
  EXPECT_NE(digest(Length(Metres{1})), digest(Length(Feet{1})));
  using Number = std::variant<short, int>;
  EXPECT_NE(digest(std::set<Number>{short{1}}), digest(std::set<Number>{1}));
}

}  // namespace
