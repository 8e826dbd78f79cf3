#include "functionfuse/backends/graph.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "functionfuse/functionfuse.hpp"

namespace ff = functionfuse;

namespace {

int number(int x) { return x; }
int total(const std::vector<int>& x) {
  int t = 0;
  for (int v : x) t += v;
  return t;
}

TEST(Graph, ArgumentsJoinTheirGraphs) {
  auto a = ff::workflow<number>()(1);
  auto b = ff::workflow<number>()(2);
  EXPECT_NE(a.graph(), b.graph());
  auto c = ff::workflow<total>()(std::vector<ff::Node<int>>{a, b});
  EXPECT_EQ(a.graph(), b.graph());
  EXPECT_EQ(a.graph(), c.graph());
  EXPECT_EQ(c.graph()->size(), 3u);
}

TEST(Graph, KeepsAllNodesAsLongAsOneHandle) {
  auto alive = std::make_shared<int>(0);
  std::weak_ptr<int> watch = alive;
  {
    std::unique_ptr<ff::Node<int>> kept;
    {
      auto a = ff::workflow("a", [alive] { return *alive; })();
      auto b = ff::workflow<number>()(a);
      auto c = ff::workflow<number>()(a);
      kept = std::make_unique<ff::Node<int>>(c);
    }
    alive.reset();
    EXPECT_FALSE(watch.expired());
    EXPECT_EQ(kept->graph()->size(), 3u);
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Graph, ManyMergesInAnyOrderKeepTheOrderOfTheNodes) {
  std::mt19937 random(1);
  std::vector<ff::Node<int>> ends;
  for (int i = 0; i < 1000; ++i) ends.push_back(ff::workflow<number>()(1));
  while (ends.size() > 1) {
    std::swap(ends[random() % ends.size()], ends.back());
    auto a = ends.back();
    ends.pop_back();
    std::size_t k = random() % ends.size();
    ends[k] = ff::workflow<total>()(std::vector<ff::Node<int>>{a, ends[k]});
  }
  std::vector<ff::NodeBase*> nodes;
  ends[0].graph()->nodes(nodes);
  ASSERT_EQ(nodes.size(), 1999u);
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    EXPECT_LT(nodes[i - 1]->sequence(), nodes[i]->sequence());
  }
  EXPECT_EQ(ff::LocalWorkflow({ends[0]}, "w").run<int>(), 1000);
  EXPECT_EQ(ff::LocalWorkflow({ends[0]}, "w").run<int>(), 1000);
}

TEST(Graph, AFunctionMayTakeThousandsOfNodes) {
  std::vector<ff::Node<int>> parts;
  for (int i = 0; i < 20'000; ++i) parts.push_back(ff::workflow<number>()(i % 7));
  auto all = ff::workflow<total>()(parts);
  EXPECT_EQ(all.node()->parents().size(), 20'000u);
  EXPECT_GT(ff::LocalWorkflow({all}, "w").run<int>(), 0);
}

TEST(Graph, AnArgumentThatThrowsLeavesTheGraphAsItWas) {
  struct Bad {
    Bad() = default;
    Bad(const Bad&) { throw std::runtime_error("copy"); }
  };
  auto a = ff::workflow<number>()(1);
  auto f = ff::workflow("f", [](int x, const Bad&) { return x; });
  Bad bad;
  EXPECT_THROW(f(a, bad), std::runtime_error);
  EXPECT_EQ(a.graph()->size(), 1u);
  EXPECT_EQ(ff::LocalWorkflow({a}, "w").run<int>(), 1);
}

}  // namespace
