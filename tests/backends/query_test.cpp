// find_nodes, query, replace_func, plugins, logs.

#include "functionfuse/backends/query.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "backends/memory_storage.hpp"
#include "functionfuse/functionfuse.hpp"

namespace ff = functionfuse;
using ff::test::MemoryStorage;
using Names = std::vector<std::string>;

namespace {

int number(int x) { return x; }
int sum(int a, const int& b) { return a + b; }
std::string text(int n, std::string_view s) { return std::string(s) + std::to_string(n); }

Names names(const std::vector<ff::NodeRef>& nodes) {
  Names out;
  for (const auto& node : nodes) out.push_back(node.name());
  return out;
}

TEST(Query, FindsNodesByTheirWholeName) {
  auto a = ff::workflow<number>()(1).set_name("load");
  auto b = ff::workflow<number>()(a).set_name("load_more");
  auto c = ff::workflow<sum>()(a, b);
  ff::LocalWorkflow workflow({c}, "w");
  EXPECT_EQ(names(workflow.find_nodes("load")), Names({"load"}));
  EXPECT_EQ(names(workflow.find_nodes("load.*")), Names({"load", "load_more"}));
  EXPECT_EQ(names(workflow.find_nodes("sum_\\d+")), Names({"sum_0000"}));
  EXPECT_EQ(names(workflow.find_nodes("oad")), Names());
  EXPECT_THROW((void)workflow.find_nodes("("), ff::Error);
}

// Original: find_nodes before run makes nodes run whose parents have not; after run it raises.
TEST(Query, FindsNodesBeforeAndAfterARun) {
  int runs = 0;
  auto a = ff::workflow<number>()(1);
  auto b = ff::workflow("b", [&runs](int x) { return ++runs, x + 1; })(a);
  ff::LocalWorkflow workflow({b}, "w");
  EXPECT_EQ(workflow.find_nodes("b_.*").size(), 1u);
  EXPECT_EQ(workflow.run<int>(), 2);
  EXPECT_EQ(workflow.find_nodes("b_.*").size(), 1u);
  EXPECT_EQ(workflow.run<int>(), 2);
  EXPECT_EQ(runs, 2);
}

TEST(Query, ItemsAreNotFound) {
  auto v = ff::workflow("v", [] { return std::vector<int>{1}; })();
  auto n = ff::workflow<number>()(v[0]);
  ff::LocalWorkflow workflow({n}, "w");
  EXPECT_EQ(names(workflow.find_nodes(".*")), Names({"v_0000", "number_0000"}));
}

TEST(Query, FoundNodesKnowTheirType) {
  auto a = ff::workflow<number>()(1);
  auto c = ff::workflow<number>()(2);
  ff::LocalWorkflow workflow({a, c}, "w");
  auto found = workflow.find_nodes("number_0001");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(ff::Node<int>(found[0]), c);
  EXPECT_EQ(found[0].function_name(), "number");
}

TEST(Query, SetsVersions) {
  auto storage = std::make_shared<MemoryStorage>();
  int runs = 0;
  auto run = [&](const std::string& version) {
    auto a = ff::workflow("f", [&runs] { return ++runs; })();
    ff::LocalWorkflow workflow({a}, "w");
    workflow.set_storage(storage);
    workflow.query("f_.*").set_version(version);
    return workflow.run<int>();
  };
  EXPECT_EQ(run("1"), 1);
  EXPECT_EQ(run("1"), 1);
  EXPECT_EQ(run("2"), 2);
}

TEST(Query, ReplacesFunctions) {
  auto a = ff::workflow<number>()(1);
  auto b = ff::workflow<sum>()(a, 2);
  auto c = ff::workflow<text>()(b, "n=");
  ff::LocalWorkflow workflow({b, c}, "w");
  workflow.replace_func("sum_.*", [](int x, int y) { return 10 * x + y; });
  workflow.query("text_.*").replace_func(
      [](const int& n, std::string_view s) { return std::string(s) + "!" + std::to_string(n); });
  auto [x, y] = workflow.run<int, std::string>();
  EXPECT_EQ(x, 12);
  EXPECT_EQ(y, "n=!12");
  workflow.replace_func(b, sum);
  EXPECT_EQ(std::get<0>(workflow.run<int, std::string>()), 3);
  EXPECT_EQ(ff::LocalWorkflow({b}, "other").run<int>(), 3);
}

TEST(Query, AReplacementNeedsTheSameTypes) {
  auto a = ff::workflow<sum>()(1, 2);
  ff::LocalWorkflow workflow({a}, "w");
  try {
    workflow.replace_func("sum_.*", [](double x, int y) { return x + y; });
    FAIL();
  } catch (const ff::Error& e) {
    EXPECT_EQ(e.code(), ff::Errc::type_mismatch);
    std::string what = e.what();
    EXPECT_NE(what.find("int(int, int)"), std::string::npos) << what;
    EXPECT_NE(what.find("double(double, int)"), std::string::npos) << what;
  }
  EXPECT_THROW(workflow.replace_func("nothing", number), ff::Error);
  EXPECT_EQ(workflow.run<int>(), 3);
}

TEST(Query, AReplacedFunctionIsNotFoundStored) {
  auto storage = std::make_shared<MemoryStorage>();
  auto run = [&](bool replace) {
    auto a = ff::workflow<sum>()(1, 2);
    ff::LocalWorkflow workflow({a}, "w");
    workflow.set_storage(storage);
    if (replace) workflow.replace_func("sum_.*", [](int, int) { return 77; });
    return workflow.run<int>();
  };
  EXPECT_EQ(run(false), 3);
  EXPECT_EQ(run(true), 77);
  EXPECT_EQ(run(false), 3);
}

class Recorder final : public ff::Plugin {
 public:
  Names calls;
  void local_initialize(std::string_view node) override { calls.push_back("l " + std::string(node)); }
  void remote_initialize(std::string_view node) override {
    calls.push_back("r " + std::string(node));
  }
};

TEST(Plugin, IsCalledBeforeEachNodeThatRuns) {
  auto storage = std::make_shared<MemoryStorage>();
  auto recorder = std::make_shared<Recorder>();
  for (int i = 0; i < 2; ++i) {
    auto a = ff::workflow<number>()(1).set_name("a");
    auto b = ff::workflow<number>()(a).set_name("b");
    ff::LocalWorkflow workflow({b}, "w");
    workflow.set_storage(storage);
    workflow.set_plugin(recorder);
    workflow.run<int>();
  }
  EXPECT_EQ(recorder->calls, Names({"l a", "r a", "l b", "r b"}));
}

TEST(Plugin, OfSomeNodesOnly) {
  auto recorder = std::make_shared<Recorder>();
  int initialized = 0;
  auto a = ff::workflow<number>()(1).set_name("a");
  auto b = ff::workflow<number>()(a).set_name("b");
  ff::LocalWorkflow workflow({b}, "w");
  workflow.set_plugin(std::make_shared<ff::InitializerPlugin>([&] { ++initialized; }));
  workflow.query("b").set_plugin(std::make_shared<ff::PluginCollection>(
      std::vector<std::shared_ptr<ff::Plugin>>{recorder, recorder}));
  workflow.run<int>();
  EXPECT_EQ(initialized, 1);
  EXPECT_EQ(recorder->calls, Names({"l b", "l b", "r b", "r b"}));
}

TEST(Plugin, ThatThrowsFailsTheNode) {
  auto a = ff::workflow<number>()(1);
  ff::LocalWorkflow workflow({a}, "w");
  workflow.set_plugin(
      std::make_shared<ff::InitializerPlugin>([] { throw std::runtime_error("no licence"); }));
  EXPECT_THROW(workflow.run<int>(), ff::NodeError);
}

TEST(Query, NamesAreThoseOfItsWorkflow) {
  auto a = ff::workflow<number>()(1);
  auto b = ff::workflow<number>()(2);
  ff::LocalWorkflow both({a, b}, "both");
  const ff::Query query = both.query("number_0001");
  EXPECT_EQ(query.names(), Names({"number_0001"}));
  ff::LocalWorkflow one({b}, "one");
  EXPECT_EQ(query.names(), Names({"number_0001"}));
}

TEST(Plugin, RandomStateDependsOnSeedAndNameOnly) {
  auto draw = [](const std::string& name) {
    return ff::workflow("draw", [](int) { return ff::random_state()(); })(0).set_name(name);
  };
  auto run = [](std::vector<ff::Node<std::uint64_t>> nodes, std::uint64_t seed) {
    ff::LocalWorkflow workflow(nodes, "w");
    workflow.set_plugin(std::make_shared<ff::RandomStatePlugin>(seed));
    auto results = workflow.run();
    std::vector<std::uint64_t> values;
    for (const auto& node : nodes) values.push_back(results.get(node));
    return values;
  };
  auto ab = run({draw("a"), draw("b")}, 1);
  auto ba = run({draw("b"), draw("a")}, 1);
  EXPECT_NE(ab[0], ab[1]);
  EXPECT_EQ(ab[0], ba[1]);
  EXPECT_EQ(ab[1], ba[0]);
  EXPECT_NE(run({draw("a")}, 2)[0], ab[0]);
  EXPECT_THROW((void)ff::random_state(), ff::Error);
  auto lonely = draw("lonely");
  EXPECT_THROW(ff::LocalWorkflow({lonely}, "w").run(), ff::NodeError);
}

TEST(Log, SaysWhatHappened) {
  std::vector<std::string> lines;
  auto a = ff::workflow<number>()(1).set_name("a");
  ff::LocalWorkflow workflow({a}, "w");
  workflow.set_log([&](std::string_view line) { lines.emplace_back(line); });
  workflow.run<int>();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].starts_with("w: \"a\" ran in ")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("w: 1 nodes: 1 ran, 0 found stored")) << lines[1];
}

TEST(Log, IsSilentByDefault) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  auto storage = std::make_shared<MemoryStorage>();
  for (int i = 0; i < 2; ++i) {
    ff::LocalWorkflow workflow({ff::workflow<number>()(i)}, "w");
    workflow.set_storage(storage);
    workflow.run<int>();
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  storage->corrupt("number_0000");
  testing::internal::CaptureStderr();
  ff::LocalWorkflow workflow({ff::workflow<number>()(1)}, "w");
  workflow.set_storage(storage);
  workflow.run<int>();
  EXPECT_TRUE(testing::internal::GetCapturedStderr().starts_with("warning: w: \"number_0000\""));
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

// Original: log_nodes prints nothing and turns storing off.
TEST(Log, LogNodesShowsResultsAndStoresThem) {
  auto storage = std::make_shared<MemoryStorage>();
  testing::internal::CaptureStderr();
  auto a = ff::workflow<number>()(1).set_name("a");
  auto b = ff::workflow<number>()(a).set_name("b");
  ff::LocalWorkflow workflow({b}, "w");
  workflow.set_storage(storage);
  workflow.log_nodes("a");
  workflow.run<int>();
  std::string text = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(text.starts_with("w: \"a\" ran in ")) << text;
  EXPECT_TRUE(text.ends_with(": 1\n")) << text;
  EXPECT_TRUE(storage->has("a"));
  EXPECT_THROW(workflow.log_nodes("c"), ff::Error);
}

}  // namespace
