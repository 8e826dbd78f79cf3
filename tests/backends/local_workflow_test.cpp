// Which nodes belong to a workflow, and how they run without a storage.

#include "functionfuse/backends/local_workflow.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "functionfuse/functionfuse.hpp"

namespace ff = functionfuse;

namespace {

double sum(double a, double b) { return a + b; }
double one() { return 1; }
double inc(double x) { return x + 1; }

/// Notes which node ran.
struct Trace {
  std::string text;
  auto node(const std::string& name) {
    return ff::workflow(name, [this, name](int x) {
      text += name;
      return x + 1;
    });
  }
};

TEST(LocalWorkflow, RunsAndGivesTypedResults) {
  auto a = ff::workflow<sum>()(1, 2).set_name("a");
  auto b = ff::workflow("twice", [](double x) { return 2 * x; })(a);
  ff::LocalWorkflow workflow({b, a}, "operations");
  auto [twice, three] = workflow.run<double, double>();
  EXPECT_EQ(twice, 6);
  EXPECT_EQ(three, 3);
  EXPECT_EQ(workflow.workflow_name(), "operations");
  EXPECT_EQ(workflow.nodes().size(), 2u);
}

TEST(LocalWorkflow, TakesNodesInManyForms) {
  auto a = ff::workflow<one>()();
  auto b = ff::workflow<inc>()(a);
  EXPECT_EQ(ff::LocalWorkflow({b}, "w").run<double>(), 2);
  EXPECT_EQ(ff::LocalWorkflow(b, "w").run<double>(), 2);
  EXPECT_EQ(std::get<1>(ff::LocalWorkflow(a, b, std::string("w")).run<double, double>()), 2);
  std::vector<ff::Node<double>> typed = {a, b};
  EXPECT_EQ(std::get<0>(ff::LocalWorkflow(typed, "w").run<double, double>()), 1);
  std::vector<ff::NodeRef> erased = {b, a};
  EXPECT_EQ(std::get<0>(ff::LocalWorkflow(erased, "w").run<double, double>()), 2);
  EXPECT_THROW(ff::LocalWorkflow(std::vector<ff::NodeRef>(), "w"), ff::Error);
}

TEST(LocalWorkflow, RunsAllThatDescendsFromTheRoots) {
  Trace t;
  auto root = t.node("r")(0);
  auto given = t.node("g")(root);
  {
    auto other = t.node("o")(root);  // handles are not needed
    auto beside = t.node("b")(5);    // needed by what descends from the root
    ff::workflow("j", [&t](int, int) {
      t.text += "j";
      return 1;
    })(other, beside);
  }
  auto apart = t.node("x")(7);
  EXPECT_EQ(ff::LocalWorkflow({given}, "w").run<int>(), 2);
  EXPECT_EQ(t.text, "rgobj");
}

TEST(LocalWorkflow, LeavesOutWhatHasOtherRoots) {
  Trace t;
  auto left = t.node("l")(0);
  auto right = t.node("r")(0);
  auto join = ff::workflow("j", [&t](int a, int b) {
    t.text += "j";
    return a + b;
  })(left, right);
  auto only_right = t.node("q")(right);
  EXPECT_EQ(ff::LocalWorkflow({left}, "w").run<int>(), 1);
  EXPECT_EQ(t.text, "lrj");  // q descends from r only, which is needed but is no root of left
  t.text.clear();
  EXPECT_EQ(ff::LocalWorkflow({only_right}, "w").run<int>(), 2);
  EXPECT_EQ(t.text, "lrjq");
}

// Original: the order of roots is random from process to process.
TEST(LocalWorkflow, RunsInTheOrderInWhichNodesWereMade) {
  Trace t;
  std::vector<ff::Node<int>> nodes;
  for (char c = 'a'; c <= 'h'; ++c) nodes.push_back(t.node(std::string(1, c))(0));
  ff::workflow("z", [](const std::vector<int>& x) { return x.size(); })(
      std::vector<ff::Node<int>>(nodes.rbegin(), nodes.rend()));
  (void)ff::LocalWorkflow({nodes[4]}, "w").run();
  EXPECT_EQ(t.text, "abcdefgh");
}

// Original: running again, a second workflow, and running after a failure raise.
TEST(LocalWorkflow, RunsAgain) {
  Trace t;
  auto a = t.node("a")(1);
  auto b = t.node("b")(a);
  ff::LocalWorkflow first({b}, "w");
  EXPECT_EQ(first.run<int>(), 3);
  EXPECT_EQ(first.run<int>(), 3);
  auto c = t.node("c")(b);
  ff::LocalWorkflow second({c}, "v");
  EXPECT_EQ(second.run<int>(), 4);
  EXPECT_EQ(first.run<int>(), 3);  // which has c now, too
  EXPECT_EQ(t.text, "abababcabc");
}

TEST(LocalWorkflow, RunsAgainAfterAFailure) {
  bool fail = true;
  auto a = ff::workflow<one>()();
  auto b = ff::workflow("b", [&fail](double x) {
    if (fail) throw std::runtime_error("no luck");
    return x;
  })(a);
  ff::LocalWorkflow workflow({b}, "w");
  EXPECT_THROW(workflow.run<double>(), ff::NodeError);
  EXPECT_THROW(workflow.run<double>(), ff::NodeError);
  fail = false;
  EXPECT_EQ(workflow.run<double>(), 1);
}

TEST(LocalWorkflow, AFailureSaysWhereAndNestsItsCause) {
  auto a = ff::workflow("divide", [](int x) -> int {
    if (x == 0) throw std::domain_error("division by zero");
    return 1 / x;
  })(0).set_name("quotient");
  ff::LocalWorkflow workflow({a}, "arithmetic");
  try {
    (void)workflow.run();
    FAIL();
  } catch (const ff::NodeError& e) {
    std::string text = e.what();
    for (std::string part : {"arithmetic", "quotient", "divide", "division by zero"}) {
      EXPECT_NE(text.find(part), std::string::npos) << text;
    }
    EXPECT_EQ(e.node(), "quotient");
    EXPECT_EQ(e.code(), ff::Errc::node_failed);
    EXPECT_THROW(std::rethrow_if_nested(e), std::domain_error);
  }
}

TEST(LocalWorkflow, WhatIsNoExceptionFailsTheNodeToo) {
  auto a = ff::workflow("a", []() -> int { throw 42; })();
  try {
    (void)ff::LocalWorkflow({a}, "w").run();
    FAIL();
  } catch (const ff::NodeError& e) {
    EXPECT_THROW(std::rethrow_if_nested(e), int);
  }
}

/// Counts its living instances.
struct Counted {
  explicit Counted(int* living) : count(living) { ++*count; }
  Counted(const Counted& other) : count(other.count) { ++*count; }
  Counted(Counted&& other) noexcept : count(other.count) { ++*count; }
  ~Counted() { --*count; }
  Counted& operator=(const Counted&) = delete;
  int* count;
};

}  // namespace

template <>
struct functionfuse::Pickle<Counted> {
  static void save(Pickler& pickler, const Counted&) { pickler.none(); }
  static Counted load(const Reading&) { throw std::logic_error("not here"); }
};

namespace {

// Original: no result is freed before the end.
TEST(LocalWorkflow, AResultIsFreedWhenItsLastConsumerHasRun) {
  int alive = 0, most = 0;
  ff::Node<Counted> last = ff::workflow("first", [&] { return Counted(&alive); })();
  for (int i = 0; i < 10; ++i) {
    last = ff::workflow("next", [&](const Counted& c) {
      most = std::max(most, alive);
      return Counted(c.count);
    })(last);
  }
  auto end = ff::workflow("end", [&](const Counted&) { return alive; })(last);
  ff::LocalWorkflow workflow({end}, "w");
  EXPECT_EQ(workflow.run<int>(), 1);
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(most, 1);
}

TEST(LocalWorkflow, AResultIsFreedThoughAnItemRefersToIt) {
  int alive = 0;
  auto pair = ff::workflow("pair", [&] {
    return std::pair<Counted, int>(Counted(&alive), 5);
  })();
  auto use = ff::workflow("use", [&](const Counted&) { return alive; })(get<0>(pair));
  auto later = ff::workflow("later", [&](int) { return alive; })(use);
  auto [during, after] = ff::LocalWorkflow({use, later}, "w").run<int, int>();
  EXPECT_EQ(during, 1);
  EXPECT_EQ(after, 0);
}

TEST(LocalWorkflow, NothingIsLeftAfterAFailure) {
  int alive = 0;
  auto a = ff::workflow("a", [&] { return Counted(&alive); })();
  auto b = ff::workflow("b", [](const Counted&) -> int { throw std::runtime_error("b"); })(a);
  EXPECT_THROW(ff::LocalWorkflow({b}, "w").run(), ff::NodeError);
  EXPECT_EQ(alive, 0);
}

TEST(LocalWorkflow, AnUnusedResultIsFreedAtOnce) {
  int alive = 0;
  auto a = ff::workflow("a", [&] { return Counted(&alive); })();
  auto b = ff::workflow("b", [&] { return alive; })().after(a);
  EXPECT_EQ(ff::LocalWorkflow({b}, "w").run<int>(), 0);
}

// Original: the type of run()'s result depends on the number of leaves.
TEST(LocalWorkflow, ANodeOfNoWorkflowHasNoResult) {
  auto a = ff::workflow("number", [] { return 1; })();
  auto b = ff::workflow("half", [] { return 2; })();
  ff::Results results = ff::LocalWorkflow(a, "w").run();
  try {
    (void)results.get(b);
    FAIL();
  } catch (const ff::Error& e) {
    EXPECT_TRUE(std::string_view(e.what()).starts_with("Results::get: a node of half is not among"))
        << e.what();
  }
}

TEST(LocalWorkflow, TypesOfResultsAreChecked) {
  auto a = ff::workflow<one>()();
  bool ran = false;
  auto b = ff::workflow("b", [&](double) { return ran = true; })(a);
  ff::LocalWorkflow workflow({a, b}, "w");
  EXPECT_THROW(workflow.run<double>(), ff::Error);
  EXPECT_THROW((workflow.run<double, bool, int>()), ff::Error);
  try {
    (void)workflow.run<double, int>();
    FAIL();
  } catch (const ff::Error& e) {
    EXPECT_EQ(e.code(), ff::Errc::type_mismatch);
    std::string text = e.what();
    EXPECT_NE(text.find("bool"), std::string::npos) << text;
    EXPECT_NE(text.find("int"), std::string::npos) << text;
  }
  EXPECT_FALSE(ran);
}

TEST(LocalWorkflow, NodesOfSeveralGraphs) {
  auto a = ff::workflow<one>()();
  auto b = ff::workflow<one>()();
  auto c = ff::workflow<inc>()(b);
  auto d = ff::workflow<inc>()(a);
  ff::LocalWorkflow workflow({a, c, d}, "w");
  auto [x, y, z] = workflow.run<double, double, double>();
  EXPECT_EQ(x + y + z, 5);
  EXPECT_EQ(workflow.query(".*").names(),
            (std::vector<std::string>{"one_0000", "one_0001", "inc_0000", "inc_0001"}));
}

TEST(LocalWorkflow, ANodeMayRunAWorkflowOfItsOwn) {
  auto outer = ff::workflow("outer", [](double x) {
    auto inner = ff::workflow<inc>()(x);
    return ff::LocalWorkflow({inner}, "inner").run<double>();
  })(ff::workflow<one>()());
  EXPECT_EQ(ff::LocalWorkflow({outer}, "outer").run<double>(), 2);
}

TEST(LocalWorkflow, ANodeMustNotRunItsOwnWorkflow) {
  ff::LocalWorkflow* self = nullptr;
  auto a = ff::workflow("a", [&self] {
    (void)self->run();
    return 1;
  })();
  ff::LocalWorkflow workflow({a}, "w");
  self = &workflow;
  EXPECT_THROW(workflow.run(), ff::NodeError);
  EXPECT_THROW(workflow.run(), ff::NodeError);  // not: is being run already
}

TEST(LocalWorkflow, UnconnectedWorkflowsRunInThreads) {
  std::vector<std::thread> threads;
  std::vector<double> results(4);
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&results, t] {
      ff::Node<double> last = ff::workflow<one>()();
      for (int i = 0; i < 1000; ++i) last = ff::workflow<inc>()(last);
      results[t] = ff::LocalWorkflow({last}, "w").run<double>();
    });
  }
  for (auto& thread : threads) thread.join();
  for (double r : results) EXPECT_EQ(r, 1001);
}

TEST(LocalWorkflow, AWorkflowCanBeMoved) {
  auto a = ff::workflow<one>()();
  ff::LocalWorkflow first({a}, "w");
  ff::LocalWorkflow second(std::move(first));
  EXPECT_EQ(second.run<double>(), 1);
}

// Original: a fan-out is built in quadratic time.
TEST(LocalWorkflow, LargeGraphsTakeLinearTimeAndNoStack) {
  constexpr int kMany = 200'000;
  auto root = ff::workflow<one>()();
  ff::Node<double> chain = root;
  for (int i = 0; i < kMany; ++i) {
    chain = ff::workflow<inc>()(chain);
    ff::workflow<inc>()(root);
  }
  EXPECT_EQ(ff::LocalWorkflow({chain}, "w").run<double>(), kMany + 1);
}

TEST(LocalWorkflow, AMillionLongChainIsFreed) {
  ff::Node<double> chain = ff::workflow<one>()();
  for (int i = 0; i < 1'000'000; ++i) chain = ff::workflow<inc>()(chain);
  EXPECT_EQ(chain.name(), "inc_999999");
}

}  // namespace
