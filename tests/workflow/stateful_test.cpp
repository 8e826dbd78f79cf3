// Stateful objects as nodes, and calls of their methods.

#include "functionfuse/workflow/stateful.hpp"

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

Names* trace = nullptr;
void note(const std::string& what) {
  if (trace != nullptr) trace->push_back(what);
}

int minus(int a, int b) { return a - b; }

/// Not storable: its state can't be kept.
class IncrementalSum {
 public:
  explicit IncrementalSum(int start) : sum_(start) { note("new"); }
  int add(int n) {
    note("add " + std::to_string(n));
    return sum_ += n;
  }
  int value() const { return sum_; }
  void reset() { sum_ = 0; }
  std::vector<int> history() const { return {sum_, -sum_}; }

 private:
  int sum_;
};

struct Base {
  int calls = 0;
  int count() { return ++calls; }
};
struct Derived : Base {
  double scale = 2;
};

/// Storable: its state is kept.
struct Counter {
  Counter() = default;
  explicit Counter(int start) : n(start) { note("new"); }
  int add(int by) {
    note("add " + std::to_string(by));
    return n += by;
  }
  int get() const { return n; }
  int n = 0;
};
FUNCTIONFUSE_FIELDS(Counter, n)

int read_counter(const Counter& c) { return c.n; }

class Stateful : public testing::Test {
 protected:
  Stateful() { trace = &ran; }
  ~Stateful() override { trace = nullptr; }

  std::shared_ptr<MemoryStorage> storage = std::make_shared<MemoryStorage>();
  Names ran;
  std::ostringstream log;
  Names take_ran() { return std::exchange(ran, {}); }

  template <class T>
  T run(const ff::Node<T>& node, bool with_storage = false) {
    ff::LocalWorkflow workflow({node}, "w");
    workflow.set_log(log);
    if (with_storage) workflow.set_storage(storage);
    return workflow.template run<T>();
  }
};

TEST_F(Stateful, CallsRunInTheOrderInWhichTheyWereMade) {
  auto one = ff::workflow<minus>()(4, 3);
  auto sum = ff::workflow<IncrementalSum>()(one);
  auto two = ff::workflow<minus>()(3, one);
  sum.call<&IncrementalSum::add>(two);
  sum.call<&IncrementalSum::add>(two);
  auto six = sum.call<&IncrementalSum::add>(one);
  EXPECT_EQ(run(ff::workflow<minus>()(six, 2)), 4);
  EXPECT_EQ(take_ran(), Names({"new", "add 2", "add 2", "add 1"}));
}

TEST_F(Stateful, RunsAgainFromTheStart) {
  auto sum = ff::workflow<IncrementalSum>()(1);
  auto n = sum.call<&IncrementalSum::add>(2);
  ff::LocalWorkflow workflow({n}, "w");
  EXPECT_EQ(workflow.run<int>(), 3);
  EXPECT_EQ(workflow.run<int>(), 3);
}

// Original: an item of a call as a leaf, a class without __init__, inherited methods, the object as
// a leaf all fail.
TEST_F(Stateful, AnItemOfACallIsAResult) {
  auto sum = ff::workflow<IncrementalSum>()(1);
  auto history = sum.call<&IncrementalSum::history>();
  EXPECT_EQ(run(history[1]), -1);
}

TEST_F(Stateful, ClassesWithoutConstructorsAndInheritedMethods) {
  auto d = ff::workflow<Derived>()();
  d.call<&Derived::count>();
  EXPECT_EQ(run(d.call<&Base::count>()), 2);
  auto e = ff::workflow<Derived>()(Base{5}, 1.5);
  EXPECT_EQ(run(e.call<&Derived::count>()), 6);
  EXPECT_EQ(run(e[&Derived::scale]), 1.5);
}

TEST_F(Stateful, TheObjectIsAResult) {
  auto sum = ff::workflow<IncrementalSum>()(1);
  sum.call<&IncrementalSum::add>(2);
  EXPECT_EQ(run(sum).value(), 3);
  EXPECT_EQ(run(ff::workflow<IncrementalSum>()(7)).value(), 7);
}

TEST_F(Stateful, AsAnArgumentItIsItsStateByThen) {
  auto c = ff::workflow<Counter>()(1);
  auto before = ff::workflow<read_counter>()(c);
  auto item = c[&Counter::n];
  c.call<&Counter::add>(10);
  auto between = ff::workflow<read_counter>()(c);
  c.call<&Counter::add>(100);
  auto after = ff::workflow<read_counter>()(c);
  auto late = ff::workflow<minus>()(item, 0);
  ff::LocalWorkflow workflow({before, between, after, late}, "w");
  auto [x, y, z, w] = workflow.run<int, int, int, int>();
  EXPECT_EQ(x, 1);
  EXPECT_EQ(y, 11);
  EXPECT_EQ(z, 111);
  EXPECT_EQ(w, 1);
}

TEST_F(Stateful, ConstAndVoidMethods) {
  auto sum = ff::workflow<IncrementalSum>()(5);
  auto value = sum.call<&IncrementalSum::value>();
  auto reset = sum.call<&IncrementalSum::reset>();
  auto zero = sum.call<&IncrementalSum::value>();
  static_assert(std::is_same_v<decltype(reset), ff::Node<void>>);
  ff::LocalWorkflow workflow({value, zero}, "w");
  auto [a, b] = workflow.run<int, int>();
  EXPECT_EQ(a, 5);
  EXPECT_EQ(b, 0);
}

TEST_F(Stateful, NamesOfObjectsAndCalls) {
  auto a = ff::workflow<IncrementalSum>()(1);
  auto b = ff::workflow<IncrementalSum>()(a.call<&IncrementalSum::add>(1));
  auto x = a.call<&IncrementalSum::add>(2);
  auto y = b.call<&IncrementalSum::add>(2);
  auto z = b.call<&IncrementalSum::value>().set_name("z");
  ff::LocalWorkflow workflow({z}, "w");
  EXPECT_EQ(a.name(), "IncrementalSum_0000");
  EXPECT_EQ(b.name(), "IncrementalSum_0001");
  EXPECT_EQ(x.name(), "IncrementalSum_0000.add_0001");
  EXPECT_EQ(y.name(), "IncrementalSum_0001.add_0000");
  b.set_name("total");
  EXPECT_EQ(y.name(), "total.add_0000");
  EXPECT_EQ(z.name(), "z");
}

TEST_F(Stateful, ObjectsThatCannotBeCopiedOrMoved) {
  struct Fixed {
    explicit Fixed(int first) : n(first) {}
    Fixed(const Fixed&) = delete;
    int next() { return ++n; }
    int n;
  };
  auto f = ff::workflow<Fixed>()(1);
  EXPECT_EQ(run(f.call<&Fixed::next>()), 2);
  EXPECT_THROW((void)f[&Fixed::n], ff::Error);
}

TEST_F(Stateful, AFailingCallFailsItsNode) {
  struct Bad {
    int go() { throw std::runtime_error("broken"); }
  };
  auto b = ff::workflow<Bad>()();
  try {
    run(b.call<&Bad::go>());
    FAIL();
  } catch (const ff::NodeError& e) {
    EXPECT_EQ(e.node(), "Bad_0000.go_0000");
  }
}

// Original: calls are run again at every start.
TEST_F(Stateful, StoredCallsDoNotRun) {
  auto build = [] {
    auto sum = ff::workflow<IncrementalSum>()(1);
    sum.call<&IncrementalSum::add>(2);
    return sum.call<&IncrementalSum::add>(3);
  };
  EXPECT_EQ(run(build(), true), 6);
  take_ran();
  EXPECT_EQ(run(build(), true), 6);
  EXPECT_EQ(take_ran(), Names());
}

TEST_F(Stateful, WithoutAStoredStateEarlierCallsAreReplayed) {
  auto build = [](int more) {
    auto sum = ff::workflow<IncrementalSum>()(1);
    auto last = sum.call<&IncrementalSum::add>(2);
    for (int i = 0; i < more; ++i) last = sum.call<&IncrementalSum::add>(10);
    return last;
  };
  EXPECT_EQ(run(build(0), true), 3);
  take_ran();
  storage->forget_requests();
  EXPECT_EQ(run(build(1), true), 13);
  EXPECT_EQ(take_ran(), Names({"new", "add 2", "add 10"}));
  EXPECT_EQ(storage->saved, Names({"IncrementalSum_0000.add_0001"}));  // the others are untouched
  EXPECT_EQ(run(build(2), true), 23);
  EXPECT_EQ(take_ran(), Names({"new", "add 2", "add 10", "add 10"}));
}

TEST_F(Stateful, AStoredStateIsWhereItGoesOn) {
  auto build = [](int more) {
    auto c = ff::workflow<Counter>()(ff::workflow<minus>()(3, 2));
    auto last = c.call<&Counter::add>(2);
    for (int i = 0; i < more; ++i) last = c.call<&Counter::add>(10);
    return last;
  };
  EXPECT_EQ(run(build(0), true), 3);
  ff::Value state = storage->read_task("w", "Counter_0000");
  EXPECT_EQ(state[0].as_int(), 1);
  EXPECT_EQ(state[1]["n"].as_int(), 3);
  take_ran();
  EXPECT_EQ(run(build(2), true), 23);
  EXPECT_EQ(take_ran(), Names({"add 10", "add 10"}));
  EXPECT_EQ(run(build(2), true), 23);
  EXPECT_EQ(take_ran(), Names());
}

TEST_F(Stateful, AStateThatIsTooNewIsNotUsed) {
  auto build = [] {
    auto c = ff::workflow<Counter>()(0);
    c.call<&Counter::add>(1);
    c.call<&Counter::add>(2);
    return c.call<&Counter::add>(3);
  };
  EXPECT_EQ(run(build(), true), 6);
  take_ran();
  storage->corrupt("Counter_0000.add_0001");
  storage->remove_task("w", "Counter_0000.add_0002");
  storage->forget_requests();
  EXPECT_EQ(run(build(), true), 6);
  EXPECT_EQ(take_ran(), Names({"new", "add 1", "add 2", "add 3"}));
  EXPECT_EQ(storage->saved, Names({"Counter_0000.add_0002"}));  // 0001 was not needed, nor read
}

TEST_F(Stateful, ADamagedStateIsMadeAgain) {
  auto build = [](int more) {
    auto c = ff::workflow<Counter>()(0);
    auto last = c.call<&Counter::add>(1);
    for (int i = 0; i < more; ++i) last = c.call<&Counter::add>(2);
    return last;
  };
  run(build(0), true);
  take_ran();
  storage->corrupt("Counter_0000");
  EXPECT_EQ(run(build(1), true), 3);
  EXPECT_EQ(take_ran(), Names({"new", "add 1", "add 2"}));
  EXPECT_EQ(run(build(2), true), 5);
  EXPECT_EQ(take_ran(), Names({"add 2"}));
}

TEST_F(Stateful, AKillBetweenCallAndStateReplays) {
  auto build = [] {
    auto c = ff::workflow<Counter>()(0);
    c.call<&Counter::add>(1);
    c.call<&Counter::add>(2);
    return c.call<&Counter::add>(3);
  };
  int saves = 0;
  storage->before_save = [&](std::string_view) {
    if (++saves == 5) throw ff::Error(ff::Errc::io, "killed");  // the state after the second call
  };
  EXPECT_THROW(run(build(), true), ff::NodeError);
  storage->before_save = nullptr;
  take_ran();
  EXPECT_EQ(run(build(), true), 6);
  EXPECT_EQ(take_ran(), Names({"add 2", "add 3"}));
}

TEST_F(Stateful, ChangedArgumentsMakeLaterCallsStale) {
  auto build = [](int start, int second, std::string version = "") {
    auto c = ff::workflow<Counter>()(start).set_version(version);
    c.call<&Counter::add>(1);
    c.call<&Counter::add>(second);
    return c.call<&Counter::add>(3);
  };
  EXPECT_EQ(run(build(0, 2), true), 6);
  take_ran();
  EXPECT_EQ(run(build(0, 7), true), 11);
  EXPECT_EQ(take_ran(), Names({"new", "add 1", "add 7", "add 3"}));
  EXPECT_EQ(run(build(5, 7), true), 16);
  EXPECT_EQ(take_ran(), Names({"new", "add 1", "add 7", "add 3"}));
  EXPECT_EQ(run(build(5, 7, "2"), true), 16);
  EXPECT_EQ(take_ran(), Names({"new", "add 1", "add 7", "add 3"}));
  EXPECT_EQ(run(build(5, 7, "2"), true), 16);
  EXPECT_EQ(take_ran(), Names());
}

TEST_F(Stateful, AStoredObjectIsReadAsAResult) {
  auto build = [] {
    auto c = ff::workflow<Counter>()(0);
    c.call<&Counter::add>(4);
    return c;
  };
  EXPECT_EQ(run(build(), true).n, 4);
  take_ran();
  EXPECT_EQ(run(build(), true).n, 4);
  auto c = build();
  ff::LocalWorkflow workflow({c}, "w");
  workflow.set_storage(storage);
  auto results = workflow.run();
  EXPECT_EQ(results.get(c).n, 4);
  EXPECT_EQ(take_ran(), Names());
}

TEST_F(Stateful, AnObjectWithoutCallsIsKeptToo) {
  EXPECT_EQ(run(ff::workflow<Counter>()(3), true).n, 3);
  take_ran();
  EXPECT_EQ(run(ff::workflow<Counter>()(3), true).n, 3);
  EXPECT_EQ(take_ran(), Names());
  EXPECT_EQ(run(ff::workflow<read_counter>()(ff::workflow<Counter>()(3)), true), 3);
  EXPECT_EQ(take_ran(), Names());
}

TEST_F(Stateful, StatesAreMadeWhereAConsumerMustRun) {
  auto build = [](int by) {
    auto c = ff::workflow<Counter>()(1);
    c.call<&Counter::add>(1);
    auto seen = ff::workflow("seen", [](const Counter& x, int y) { return x.n * y; })(c, by);
    c.call<&Counter::add>(5);
    return seen;
  };
  EXPECT_EQ(run(build(1), true), 2);
  take_ran();
  EXPECT_EQ(run(build(10), true), 20);
  EXPECT_EQ(take_ran(), Names({"new", "add 1"}));  // the stored state is past it
}

TEST_F(Stateful, TwoObjectsInOneCall) {
  auto a = ff::workflow<IncrementalSum>()(1);
  auto b = ff::workflow<IncrementalSum>()(10);
  auto x = a.call<&IncrementalSum::add>(b.call<&IncrementalSum::add>(1));
  auto y = b.call<&IncrementalSum::add>(x);
  EXPECT_EQ(run(y), 23);
}

/// Not storable, and every call draws a number.
class RandomWalk {
 public:
  std::uint64_t step() { return place_ += ff::random_state()() % 1000; }

 private:
  std::uint64_t place_ = 0;
};

TEST_F(Stateful, CallsThatRunAgainHaveTheirPlugin) {
  auto storage = std::make_shared<MemoryStorage>();
  auto walk = [&](int steps, std::shared_ptr<ff::Storage> kept_in) {
    auto object = ff::workflow<RandomWalk>()().set_name("walk");
    std::vector<ff::Node<std::uint64_t>> calls;
    for (int i = 0; i < steps; ++i) calls.push_back(object.call<&RandomWalk::step>());
    ff::LocalWorkflow workflow(calls.back(), "w");
    workflow.set_plugin(std::make_shared<ff::RandomStatePlugin>(7));
    workflow.set_storage(std::move(kept_in));
    return workflow.run<std::uint64_t>();
  };
  const std::uint64_t whole = walk(3, nullptr);
  walk(2, storage);
  EXPECT_EQ(walk(3, storage), whole);
}

}  // namespace
