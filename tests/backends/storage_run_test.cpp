// Runs with a storage: what runs, what is read, what is saved.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "backends/memory_storage.hpp"
#include "functionfuse/functionfuse.hpp"

namespace ff = functionfuse;
using ff::test::MemoryStorage;
using Names = std::vector<std::string>;

namespace {

class StorageRun : public testing::Test {
 protected:
  std::shared_ptr<MemoryStorage> storage = std::make_shared<MemoryStorage>();
  Names ran;
  std::ostringstream log;

  /// A function that adds up and notes that it ran.
  auto node(const std::string& name, std::string version = "") {
    return [this, name, version](auto... arguments) {
      auto f = ff::workflow(name, [this, name](decltype(value_of(arguments))... x) {
        ran.push_back(name);
        return (x + ... + 0);
      });
      auto n = f(arguments...).set_name(name);
      if (!version.empty()) n.set_version(version);
      return n;
    };
  }
  static int value_of(int x) { return x; }
  static int value_of(const ff::Node<int>&) { return 0; }

  ff::LocalWorkflow workflow(std::vector<ff::NodeRef> given) {
    ff::LocalWorkflow w(given, "w");
    w.set_storage(storage);
    w.set_log(log);
    return w;
  }
  Names take_ran() { return std::exchange(ran, {}); }
  bool logged(std::string_view text) { return log.str().find(text) != std::string::npos; }
};

TEST_F(StorageRun, SavesAllAndFindsItAgain) {
  for (int i = 0; i < 2; ++i) {
    auto a = node("a")(1);
    auto b = node("b")(a, 2);
    EXPECT_EQ(workflow({b}).run<int>(), 3);
    EXPECT_EQ(take_ran(), i == 0 ? Names({"a", "b"}) : Names());
  }
  EXPECT_EQ(storage->saved, Names({"a", "b"}));
  EXPECT_EQ(storage->read_task("w", "b").as_int(), 3);
  EXPECT_TRUE(logged("\"b\" was read"));
  EXPECT_TRUE(logged("2 found stored of which 1 read"));
}

// Original: a re-run reads every stored result though only a leaf is wanted.
TEST_F(StorageRun, ReadsOnlyWhatSomethingNeeds) {
  auto a = node("a")(1);
  auto b = node("b")(a);
  auto c = node("c")(b);
  auto d = node("d")(b);
  EXPECT_EQ(workflow({c}).run<int>(), 1);
  storage->forget_requests();
  auto results = workflow({c, d}).run();
  EXPECT_EQ(storage->read, Names());
  EXPECT_EQ(results.get(d), 1);
  EXPECT_EQ(results.get(d), 1);
  EXPECT_EQ(storage->read, Names({"d"}));
  storage->forget_requests();
  storage->remove_task("w", "d");
  EXPECT_EQ(workflow({c}).run<int>(), 1);
  EXPECT_EQ(storage->read, Names({"b", "c"}));
  EXPECT_EQ(storage->saved, Names({"d"}));
  EXPECT_EQ(ran.back(), "d");
}

TEST_F(StorageRun, AsksForAllTasksAtOnce) {
  auto a = node("a")(1);
  auto b = node("b")(a);
  workflow({b}).run<int>();
  EXPECT_EQ(storage->indices, 1);
  EXPECT_EQ(storage->syncs, 1);
}

TEST_F(StorageRun, DefaultNamesFindTheirResultsAgain) {
  int runs = 0;
  for (int i = 0; i < 3; ++i) {
    auto f = [&runs](int x) { return ++runs, x + 1; };
    ff::Node<int> last = ff::workflow("f", f)(0);
    for (int k = 0; k < 4; ++k) last = ff::workflow("f", f)(last);
    EXPECT_EQ(workflow({last}).run<int>(), 5);
  }
  EXPECT_EQ(runs, 5);
}

// Original: changed arguments under the same name give the stale result, without a word.
TEST_F(StorageRun, ChangedArgumentsAreComputedAgain) {
  workflow({node("a")(1)}).run<int>();
  EXPECT_EQ(workflow({node("a")(2)}).run<int>(), 2);
  EXPECT_EQ(take_ran(), Names({"a", "a"}));
  EXPECT_TRUE(logged("\"a\" is stale: arguments changed"));
  EXPECT_EQ(workflow({node("a")(2)}).run<int>(), 2);
  EXPECT_EQ(take_ran(), Names());
}

TEST_F(StorageRun, AChangedVersionIsComputedAgain) {
  workflow({node("a")(1)}).run<int>();
  take_ran();
  workflow({node("a", "2")(1)}).run<int>();
  EXPECT_EQ(take_ran(), Names({"a"}));
  EXPECT_TRUE(logged("version \"\" → \"2\"")) << log.str();
  workflow({node("a", "2")(1)}).run<int>();
  EXPECT_EQ(take_ran(), Names());
}

TEST_F(StorageRun, AChangedFunctionIsComputedAgain) {
  workflow({ff::workflow("f", [] { return 1; })().set_name("x")}).run<int>();
  EXPECT_EQ(workflow({ff::workflow("g", [] { return 2; })().set_name("x")}).run<int>(), 2);
  EXPECT_TRUE(logged("function f → g"));
}

TEST_F(StorageRun, AChangeAboveIsComputedAgainBelow) {
  auto build = [&](int x) {
    auto a = node("a")(x);
    auto b = node("b")(a);
    auto c = node("c")(1);
    return node("d")(b, c);
  };
  EXPECT_EQ(workflow({build(1)}).run<int>(), 2);
  take_ran();
  EXPECT_EQ(workflow({build(5)}).run<int>(), 6);
  EXPECT_EQ(take_ran(), Names({"a", "b", "d"}));
  EXPECT_TRUE(logged("\"b\" is stale: parent \"a\" changed")) << log.str();
}

TEST_F(StorageRun, OtherParentsOrItemsAreAChange) {
  auto build = [&](int which) {
    auto v = ff::workflow("v", [] { return std::vector<int>{1, 2}; })().set_name("v");
    return ff::workflow("f", [](int x) { return x; })(v[which]).set_name("f");
  };
  EXPECT_EQ(workflow({build(0)}).run<int>(), 1);
  EXPECT_EQ(workflow({build(1)}).run<int>(), 2);
  EXPECT_TRUE(logged("\"f\" is stale: parents changed")) << log.str();
}

TEST_F(StorageRun, StaleResultsCanBeUsedWithAWarningOrWithout) {
  auto build = [&](int x) { return node("b")(node("a")(x)); };
  workflow({build(1)}).run<int>();
  take_ran();
  for (auto what : {ff::OnStale::warn, ff::OnStale::keep}) {
    log.str("");
    auto w = workflow({build(7)});
    w.on_stale(what);
    EXPECT_EQ(w.run<int>(), 1);
    EXPECT_EQ(take_ran(), Names());
    EXPECT_EQ(logged("warning: w: \"a\" is stale: arguments changed"), what == ff::OnStale::warn);
    EXPECT_FALSE(logged("\"b\" is stale"));  // it is what a's stored result made
  }
  EXPECT_EQ(workflow({build(1)}).run<int>(), 1);
  EXPECT_EQ(take_ran(), Names());
}

TEST_F(StorageRun, ATaskWithoutARecordIsTakenAsItIs) {
  storage->new_workflow("w");
  storage->save("w", "a", 10);
  EXPECT_EQ(workflow({node("b")(node("a")(1), 1)}).run<int>(), 11);
  EXPECT_EQ(take_ran(), Names({"b"}));
}

// Original: a broken or half-written task makes every later run fail.
TEST_F(StorageRun, ACorruptResultIsComputedAgain) {
  auto build = [&] {
    auto a = node("a")(1);
    auto b = node("b")(a);
    return node("c")(b);
  };
  workflow({build()}).run<int>();
  take_ran();
  storage->corrupt("c");
  storage->corrupt("b");
  EXPECT_EQ(workflow({build()}).run<int>(), 1);
  EXPECT_EQ(take_ran(), Names({"b", "c"}));
  EXPECT_TRUE(logged("warning: w: \"c\" is computed again")) << log.str();
  EXPECT_EQ(workflow({build()}).run<int>(), 1);
  EXPECT_EQ(take_ran(), Names());
}

TEST_F(StorageRun, CorruptResultsAllTheWayUpNeedNoStack) {
  constexpr int kLong = 20'000;
  auto build = [&] {
    ff::Node<int> last = ff::workflow("f", [](int x) { return x; })(0);
    for (int i = 0; i < kLong; ++i) last = ff::workflow("f", [](int x) { return x + 1; })(last);
    return last;
  };
  workflow({build()}).run<int>();
  for (auto& [name, task] : storage->workflows["w"]) task.pickle = "broken";
  storage->forget_requests();
  EXPECT_EQ(workflow({build()}).run<int>(), kLong);
  EXPECT_EQ(storage->saved.size(), kLong + 1u);
}

TEST_F(StorageRun, AResultThatIsLostBetweenIsComputedAgain) {
  auto build = [&] { return node("b")(node("a")(1)); };
  workflow({build()}).run<int>();
  take_ran();
  auto w = workflow({build()});
  auto results = w.run();
  auto given = ff::Node<int>(w.nodes()[0]);
  storage->remove_task("w", "b");
  storage->corrupt("a");
  EXPECT_EQ(results.get(given), 1);
  EXPECT_EQ(take_ran(), Names({"a", "b"}));
}

TEST_F(StorageRun, AResultOfAnotherTypeIsComputedAgainIfWeMadeIt) {
  auto build = [&] { return ff::workflow("f", [] { return std::string("text"); })().set_name("x"); };
  workflow({build()}).run<std::string>();
  auto record = *storage->task("x").record;
  storage->save("w", "x", 5, &record);
  EXPECT_EQ(workflow({build()}).run<std::string>(), "text");
  storage->save("w", "x", 5);
  EXPECT_THROW(workflow({build()}).run<std::string>(), ff::NodeError);  // it may be somebody's
  EXPECT_EQ(storage->read_task("w", "x").as_int(), 5);
}

TEST_F(StorageRun, WhatFinishedBeforeAFailureStays) {
  bool fail = true;
  auto build = [&] {
    auto a = node("a")(1);
    auto b = node("b")(a);
    return ff::workflow("c", [&fail](int x) {
             if (fail) throw std::runtime_error("c");
             return x;
           })(b)
        .set_name("c");
  };
  EXPECT_THROW(workflow({build()}).run<int>(), ff::NodeError);
  EXPECT_EQ(storage->saved, Names({"a", "b"}));
  EXPECT_EQ(storage->syncs, 1);
  EXPECT_TRUE(logged("\"c\" failed"));
  fail = false;
  take_ran();
  EXPECT_EQ(workflow({build()}).run<int>(), 1);
  EXPECT_EQ(take_ran(), Names());
}

// Original: a result that can't be pickled leaves a 0-byte task.
TEST_F(StorageRun, AResultThatCannotBeSavedFailsItsNode) {
  auto a = ff::workflow("f", [] { return std::string("\xff\xfe"); })().set_name("bad");
  try {
    workflow({a}).run<std::string>();
    FAIL();
  } catch (const ff::NodeError& e) {
    EXPECT_EQ(e.node(), "bad");
    EXPECT_NE(std::string(e.what()).find("could not be saved"), std::string::npos) << e.what();
    EXPECT_THROW(std::rethrow_if_nested(e), ff::Error);
  }
  EXPECT_FALSE(storage->has("bad"));
}

TEST_F(StorageRun, AStorageThatFailsFailsTheNode) {
  storage->before_save = [](std::string_view task) {
    if (task == "b") throw ff::Error(ff::Errc::io, "disk full");
  };
  auto b = node("b")(node("a")(1));
  EXPECT_THROW(workflow({b}).run<int>(), ff::NodeError);
  EXPECT_TRUE(storage->has("a"));
}

// Original: on a first run the nodes after a lazy array use the unsaved one.
TEST_F(StorageRun, AlwaysReadGoesOnWithWhatWasSaved) {
  auto build = [&] {
    auto a = ff::workflow("a", [] {
      return std::chrono::nanoseconds(1500);  // of which Python keeps the microseconds
    })();
    return ff::workflow("b", [](std::chrono::nanoseconds x) { return x.count(); })(a);
  };
  EXPECT_EQ(workflow({build()}).run<long>(), 1500);
  storage->workflows.clear();
  storage->set_always_read(true);
  EXPECT_EQ(workflow({build()}).run<long>(), 1000);
}

TEST_F(StorageRun, AFreedResultIsReadWhenAFailedReadNeedsIt) {
  // d and e are stored, e is damaged: computing it takes a, which was freed after b had run.
  auto build = [&] {
    auto a = node("a")(1);
    auto b = node("b")(a);
    auto e = node("e")(a, 4);
    return node("f")(e, b);
  };
  workflow({build()}).run<int>();
  for (const char* name : {"a", "b", "f"}) storage->remove_task("w", name);
  storage->corrupt("e");
  take_ran();
  EXPECT_EQ(workflow({build()}).run<int>(), 6);
  EXPECT_EQ(take_ran(), Names({"a", "b", "e", "f"}));
}

TEST_F(StorageRun, ArgumentsOfAllKindsCount) {
  struct Options {
    double x;
    std::vector<std::string> names;
  };
  struct Opaque {
    int x;
  };
  auto run = [&](auto argument) {
    workflow({ff::workflow("f", [this](const decltype(argument)&) {
                ran.push_back("f");
                return 1;
              })(argument)
                  .set_name("f")})
        .template run<int>();
    return take_ran().size();
  };
  EXPECT_EQ(run(1), 1u);
  EXPECT_EQ(run(1), 0u);
  EXPECT_EQ(run(2), 1u);
  EXPECT_EQ(run(2.0), 1u);
  EXPECT_EQ(run(true), 1u);
  EXPECT_EQ(run(std::string("a")), 1u);
  EXPECT_EQ(run(std::string("a")), 0u);
  EXPECT_EQ(run(std::string("\xff")), 1u);
  EXPECT_EQ(run(std::string("\xfe")), 1u);
  EXPECT_EQ(run(std::vector<double>(1000, 1.0)), 1u);
  EXPECT_EQ(run(std::vector<double>(1000, 1.0)), 0u);
  EXPECT_EQ(run(std::vector<double>(1001, 1.0)), 1u);
  EXPECT_EQ(run(Opaque{1}), 1u);
  EXPECT_EQ(run(Opaque{2}), 0u);  // only its type counts
  EXPECT_EQ(run(std::string(10'000, 'x')), 1u);
  EXPECT_EQ(run(std::string(10'000, 'x')), 0u);
  EXPECT_EQ(run(std::string(10'000, 'y')), 1u);
}

// What a change of such an argument would go unseen with is said.
TEST_F(StorageRun, ArgumentsThatCannotBePickledAreSaid) {
  struct Opaque {
    int x;
  };
  auto build = [](const std::string& version) {
    auto n = ff::workflow("f", [](const Opaque& o) { return o.x; })(Opaque{1});
    if (!version.empty()) n.set_version(version);
    return n;
  };
  workflow({build("")}).run<int>();
  EXPECT_FALSE(logged("can't be pickled"));
  workflow({build("")}).run<int>();
  EXPECT_TRUE(logged("an argument of the stored \"f_0000\" can't be pickled")) << log.str();
  log.str("");
  workflow({build("2")}).run<int>();
  workflow({build("2")}).run<int>();
  EXPECT_FALSE(logged("can't be pickled"));
}

int over(int x) { return x + 1; }
int over(double x) { return static_cast<int>(x) + 100; }

TEST_F(StorageRun, OverloadsDoNotShareAResult) {
  auto n = node("n")(1);
  auto first = ff::workflow<static_cast<int (*)(int)>(over)>()(n).set_name("x");
  EXPECT_EQ(workflow({first}).run<int>(), 2);
  auto m = node("n")(1);
  auto second = ff::workflow<static_cast<int (*)(double)>(over)>()(m).set_name("x");
  EXPECT_EQ(workflow({second}).run<int>(), 101);
}

int seven(int) { return 7; }
int eight(int) { return 8; }

TEST_F(StorageRun, AReplacementIsNotTakenForAnother) {
  auto replaced = [&](auto f) {
    auto w = workflow({node("a")(1)});
    w.replace_func("a", f);
    return w.run<int>();
  };
  EXPECT_EQ(replaced([](int) { return 5; }), 5);
  EXPECT_EQ(replaced([](int) { return 6; }), 6);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(replaced(seven), 7);
    EXPECT_EQ(replaced(eight), 8);
    EXPECT_EQ(replaced(std::function<int(int)>(seven)), 7);
    EXPECT_EQ(replaced(std::function<int(int)>([](int) { return 9; })), 9);
    EXPECT_EQ(replaced(std::function<int(int)>([](int) { return 10; })), 10);
  }
  storage->forget_requests();
  EXPECT_EQ(replaced(seven), 7);
  EXPECT_EQ(replaced(seven), 7);
  EXPECT_EQ(storage->saved, Names({"a"})) << "the second time it is stored";
}

struct Ratio {
  int n;
  int operator/(int b) const { return n / b; }
};

// A name that no storage holds is found before anything runs, not when the result is to be saved.
TEST_F(StorageRun, DefaultNamesThatCannotBeKeptAreAnErrorBeforeAnythingRuns) {
  struct Counter {
    int add(int x) { return x; }
  };
  auto first = node("first")(1);
  auto slash = ff::workflow<&Ratio::operator/>()(Ratio{4}, first);
  auto counter = ff::workflow<Counter>()().set_name(std::string(250, 'x'));
  auto call = counter.call<&Counter::add>(first);
  for (const ff::NodeRef& given : {ff::NodeRef(slash), ff::NodeRef(call)}) {
    try {
      workflow({given}).run();
      FAIL();
    } catch (const ff::Error& e) {
      EXPECT_EQ(e.code(), ff::Errc::invalid_argument);
      EXPECT_NE(std::string(e.what()).find("set_name"), std::string::npos) << e.what();
    }
  }
  EXPECT_EQ(ran, Names());
}

struct Mesh {
  int cells = 0;
};
}  // namespace
template <>
inline constexpr bool ff::is_persistent<Mesh> = true;
namespace {

TEST_F(StorageRun, AResultWithoutItsSerializerIsAnErrorBeforeAnythingRuns) {
  auto mesh = ff::workflow("mesh", [this](int cells) {
    ran.push_back("mesh");
    return Mesh{cells};
  })(3);
  try {
    workflow({mesh}).run();
    FAIL();
  } catch (const ff::UnsupportedError& e) {
    EXPECT_NE(std::string(e.what()).find("register_persistent_serializers"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("mesh_0000"), std::string::npos);
  }
  EXPECT_EQ(ran, Names());
}

TEST_F(StorageRun, AddedNodesFindTheOthersStored) {
  auto a = node("a")(1);
  auto b = node("b")(a);
  auto w = workflow({b});
  w.run<int>();
  take_ran();
  auto c = node("c")(b);
  EXPECT_EQ(w.run<int>(), 1);
  EXPECT_EQ(take_ran(), Names({"c"}));
}

TEST_F(StorageRun, OrderOnlyParentsCount) {
  auto build = [&](int x) {
    auto a = ff::workflow("a", [this](int) { ran.push_back("a"); })(x).set_name("a");
    return ff::workflow("b", [this] { return ran.push_back("b"), 1; })().set_name("b").after(a);
  };
  workflow({build(1)}).run<int>();
  take_ran();
  workflow({build(1)}).run<int>();
  EXPECT_EQ(take_ran(), Names());
  workflow({build(2)}).run<int>();
  EXPECT_EQ(take_ran(), Names({"a", "b"}));
  EXPECT_TRUE(storage->read_task("w", "a").is_none());
}

TEST_F(StorageRun, NamesThatNoStorageHoldsAreErrorsBeforeAnythingRuns) {
  auto a = node("a")(1);
  auto b = ff::workflow("b", [](int x) { return x; })(a).set_name("a");
  EXPECT_THROW(workflow({b}).run<int>(), ff::Error);
  EXPECT_EQ(take_ran(), Names());
}

TEST_F(StorageRun, ResultsStayWhenTheWorkflowGoesOn) {
  auto a = node("a")(1);
  auto w = workflow({a});
  auto results = w.run();
  const int& x = results.get(a);
  storage->workflows.clear();
  (void)w.run();
  EXPECT_EQ(x, 1);
  auto other = node("other")(3);
  EXPECT_THROW((void)results.get(other), ff::Error);
  EXPECT_EQ(results.size(), 1u);
}

TEST_F(StorageRun, ItemsOfStoredNodesAreResults) {
  auto build = [&] {
    return ff::workflow("v", [this] {
             ran.push_back("v");
             return std::vector<std::vector<int>>{{1}, {2, 3}};
           })()
        .set_name("v");
  };
  auto v = build();
  EXPECT_EQ(workflow({v[1][1]}).run<int>(), 3);
  auto again = build();
  EXPECT_EQ(workflow({again[1][0]}).run<int>(), 2);
  auto results = workflow({again}).run();
  EXPECT_EQ(results.get(again[1]), (std::vector<int>{2, 3}));
  EXPECT_EQ(take_ran(), Names({"v"}));
}

}  // namespace
