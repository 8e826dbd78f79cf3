// node[...], get<I>(node): parts of results.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "functionfuse/functionfuse.hpp"

namespace ff = functionfuse;

namespace {

struct Split {
  std::vector<double> train, test;
};
FUNCTIONFUSE_FIELDS(Split, train, test)
struct Deep {
  Split split;
  std::map<std::string, std::vector<Split>> by_name;
};
FUNCTIONFUSE_FIELDS(Deep, split, by_name)

Split split(double a) { return {{a, a + 1}, {a + 2}}; }
Deep deep() { return {{{1, 2}, {3}}, {{"x", {{{4}, {5, 6}}}}}}; }
std::tuple<int, std::string, std::vector<int>> triple() { return {1, "two", {3, 4}}; }
std::vector<bool> flags() { return {true, false}; }
double first(const std::vector<double>& v) { return v.at(0); }
double same(double x) { return x; }
ff::Value value() { return ff::Value::dict({{"a", ff::Value::list({1.5, 2.5})}, {"n", 7}}); }

template <class T>
T run(const ff::Node<T>& node) {
  ff::LocalWorkflow workflow({node}, "test");
  return workflow.run<T>();
}

TEST(Item, MembersOfStructs) {
  auto s = ff::workflow<split>()(1);
  EXPECT_EQ(run(ff::workflow<first>()(s[&Split::test])), 3);
}

TEST(Item, ElementsOfTuples) {
  auto t = ff::workflow<triple>()();
  EXPECT_EQ(run(ff::workflow("f", [](int a, const std::string& b) { return b + std::to_string(a); })(
                get<0>(t), get<1>(t))),
            "two1");
  EXPECT_EQ(run(get<2>(t)[1]), 4);
}

TEST(Item, ElementsOfVectorsAndMaps) {
  auto m = ff::workflow("m", [] {
    return std::map<std::string, std::vector<double>>{{"a", {1, 2}}};
  })();
  EXPECT_EQ(run(ff::workflow<same>()(m["a"][1])), 2);
  auto by_number = ff::workflow("n", [] { return std::map<int, double>{{-3, 0.5}}; })();
  EXPECT_EQ(run(by_number[-3]), 0.5);
  EXPECT_EQ(run(ff::workflow("b", [](bool a, bool b) { return a && !b; })(
                ff::workflow<flags>()()[0], ff::workflow<flags>()()[1])),
            true);
}

// Original: node["a"][1] fails.
TEST(Item, ItemsOfItems) {
  auto d = ff::workflow<deep>()();
  EXPECT_EQ(run(d[&Deep::by_name]["x"][0][&Split::test][1]), 6);
  EXPECT_EQ(run(ff::workflow<same>()(d[&Deep::split][&Split::train][1])), 2);
}

TEST(Item, ItemsOfValues) {
  auto v = ff::workflow<value>()();
  EXPECT_EQ(run(ff::workflow<same>()(v["a"][1])), 2.5);
  EXPECT_EQ(run(v["n"]).as_int(), 7);
}

TEST(Item, AsGivenNodes) {
  auto s = ff::workflow<split>()(1);
  EXPECT_EQ(run(s[&Split::train]), (std::vector<double>{1, 2}));
  ff::LocalWorkflow workflow({s[&Split::train], s[&Split::train][0], s, s[&Split::test]}, "test");
  auto [train, x, all, test] =
      workflow.run<std::vector<double>, double, Split, std::vector<double>>();
  EXPECT_EQ(train, (std::vector<double>{1, 2}));
  EXPECT_EQ(x, 1);
  EXPECT_EQ(all.train, (std::vector<double>{1, 2}));
  EXPECT_EQ(test, (std::vector<double>{3}));
}

TEST(Item, ThatIsNotThereFailsTheRunWithItsPlace) {
  auto s = ff::workflow<split>()(1).set_name("s");
  auto bad = ff::workflow<same>()(s[&Split::train][7]);
  try {
    (void)run(bad);
    FAIL();
  } catch (const ff::NodeError& e) {
    EXPECT_NE(std::string(e.what()).find("s.train[7]"), std::string::npos) << e.what();
  }
  auto m = ff::workflow("m", [] { return std::map<std::string, int>{}; })();
  EXPECT_THROW(run(m["missing"]), ff::Error);
  auto v = ff::workflow("v", [](const std::vector<double>& x) { return x; })(std::vector<double>{});
  EXPECT_THROW((void)v[-1], ff::Error);
}

TEST(Item, HasNoNameOfItsOwn) {
  auto s = ff::workflow<split>()(1);
  ff::Node<std::vector<double>> item = s[&Split::train];
  EXPECT_EQ(item.name(), "split_0000.train");
  EXPECT_THROW(item.set_name("x"), ff::Error);
  auto v = ff::workflow<value>()().set_name("v");
  EXPECT_EQ(v["a"][1].name(), "v[\"a\"][1]");
}

TEST(Item, MembersWithoutFieldsWorkToo) {
  struct Plain {
    double a, b;
  };
  auto s = ff::workflow("f", [](double x) { return std::vector<double>{x}; })(2);
  auto acc = ff::workflow<Plain>()(1.0, 2.0);
  EXPECT_EQ(run(ff::workflow<same>()(acc[&Plain::b])), 2);
  EXPECT_EQ(run(s[0]), 2);
}

template <class N>
concept HasBegin = requires(N n) { n.begin(); } || requires(N n) { std::begin(n); };

// Original: `for x in node` never ends.
TEST(Item, NodesAreNoRanges) {
  static_assert(!HasBegin<ff::Node<std::vector<double>>>);
  static_assert(!HasBegin<const ff::Node<std::vector<double>>>);
}

}  // namespace
