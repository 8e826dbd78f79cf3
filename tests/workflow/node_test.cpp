// What can be made a node, and what can be an argument.

#include <sys/resource.h>

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/functionfuse.hpp"

namespace ff = functionfuse;

namespace {

double sum(double a, double b) { return a + b; }
double twice(double x) noexcept { return 2 * x; }
std::string greet(const std::string& who) { return "hello " + who; }
std::size_t length(std::string_view text) { return text.size(); }
std::size_t c_length(const char* text) { return std::string(text).size(); }
double mean(std::span<const double> x) {
  double total = 0;
  for (double v : x) total += v;
  return total / static_cast<double>(x.size());
}
std::vector<double> ones(int n) { return std::vector<double>(static_cast<std::size_t>(n), 1.0); }
double total(const std::vector<double>& x) {
  double t = 0;
  for (double v : x) t += v;
  return t;
}
std::string take(std::string&& text) { return std::move(text) + "!"; }
ff::Value describe(ff::Value v) { return v; }
struct Point {
  double x = 0, y = 0;
  double norm1() const { return x + y; }
  double scaled(double by) const noexcept { return by * (x + y); }
};
FUNCTIONFUSE_FIELDS(Point, x, y)
Point point(double x, double y) { return {x, y}; }
double plus_one(int n) { return n + 1; }
int answer() { return 42; }
template <class T>
T identity(T t) {
  return t;
}
struct Halve {
  double operator()(double x) const { return x / 2; }
};

template <class T>
T run(const ff::Node<T>& node) {
  ff::LocalWorkflow workflow({node}, "test");
  return workflow.run<T>();
}

TEST(Node, PlainValuesAreConvertedToTheParameters) {
  EXPECT_EQ(run(ff::workflow<sum>()(1, 2.5f)), 3.5);
  EXPECT_EQ(run(ff::workflow<greet>()("you")), "hello you");
  EXPECT_EQ(run(ff::workflow<answer>()()), 42);
}

TEST(Node, NodesAreArguments) {
  auto a = ff::workflow<sum>()(1, 2);
  auto b = ff::workflow<twice>()(a);
  EXPECT_EQ(run(ff::workflow<sum>()(a, b)), 9);
  EXPECT_EQ(run(ff::workflow<sum>()(a, a)), 6);
}

TEST(Node, ResultsAreConvertedAsInACall) {
  auto n = ff::workflow<answer>()();
  EXPECT_EQ(run(ff::workflow<sum>()(n, 0.5)), 42.5);
  EXPECT_EQ(run(ff::workflow<plus_one>()(ff::workflow<twice>()(1.6))), 4);
}

TEST(Node, TaskIsAnotherNameOfWorkflow) {
  EXPECT_EQ(run(ff::task<sum>()(1, 2)), 3);
  EXPECT_EQ(run(ff::task("f", [] { return 1; })()), 1);
}

TEST(Node, TextParametersKeepTheirArgument) {
  ff::Node<std::size_t> a = [] {
    std::string text = "a text that is too long to lie in the string itself";
    return ff::workflow<length>()(text);
  }();
  EXPECT_EQ(run(a), 51u);
  ff::Node<std::size_t> b = [] { return ff::workflow<c_length>()(std::string("abc").c_str()); }();
  EXPECT_EQ(run(b), 3u);
  EXPECT_EQ(run(ff::workflow<length>()(ff::workflow<greet>()("x"))), 7u);
}

TEST(Node, SpanParametersKeepTheirArgument) {
  EXPECT_EQ(run(ff::workflow<mean>()(std::vector<double>{1, 2, 3})), 2);
  EXPECT_EQ(run(ff::workflow<mean>()(ff::workflow<ones>()(4))), 1);
}

TEST(Node, RvalueParametersGetACopy) {
  auto text = ff::workflow<greet>()("x");
  auto one = ff::workflow<take>()(text);
  auto two = ff::workflow<take>()(text);
  auto plain = ff::workflow<take>()("plain");
  ff::LocalWorkflow workflow({one, two, plain, text}, "test");
  for (int i = 0; i < 2; ++i) {
    auto [a, b, c, d] = workflow.run<std::string, std::string, std::string, std::string>();
    EXPECT_EQ(a, "hello x!");
    EXPECT_EQ(b, "hello x!");
    EXPECT_EQ(c, "plain!");
    EXPECT_EQ(d, "hello x");
  }
}

TEST(Node, AFunctionOfAValueTakesAnything) {
  EXPECT_EQ(run(ff::workflow<describe>()(ff::workflow<answer>()())).as_int(), 42);
  EXPECT_EQ(run(ff::workflow<describe>()(1.5)).as_float(), 1.5);
  ff::Value v = run(ff::workflow<describe>()(ff::workflow<point>()(1, 2)));
  EXPECT_EQ(v["y"].as_float(), 2);
}

TEST(Node, AValueIsConvertedToTheParameterWhenTheNodeRuns) {
  auto v = ff::workflow<describe>()(ff::Value::list({1.0, 2.5}));
  EXPECT_EQ(run(ff::workflow<total>()(v)), 3.5);
  EXPECT_EQ(run(ff::workflow<sum>()(v[0], v[1])), 3.5);
  auto bad = ff::workflow<greet>()(v);
  EXPECT_THROW(run(bad), ff::NodeError);
}

// Original: a node inside a list or a dict argument is passed as a node.
TEST(Node, NodesInsideContainersAreArguments) {
  auto a = ff::workflow<sum>()(1, 2);
  auto b = ff::workflow<twice>()(a);
  EXPECT_EQ(run(ff::workflow<total>()(std::vector<ff::Node<double>>{a, b, a})), 12);
  EXPECT_EQ(run(ff::workflow<mean>()(std::vector<ff::Node<double>>{a, b})), 4.5);
  auto by_name = ff::workflow("by_name", [](const std::map<std::string, double>& m) {
    return m.at("a") * 100 + m.at("b");
  });
  EXPECT_EQ(run(by_name(std::map<std::string, ff::Node<double>>{{"a", a}, {"b", b}})), 306);
  auto both = ff::workflow("both", [](std::array<double, 2> x) { return x[0] * 100 + x[1]; });
  EXPECT_EQ(run(both(std::array<ff::Node<double>, 2>{a, b})), 306);
  auto ints = std::vector<ff::Node<int>>{ff::workflow<answer>()()};
  EXPECT_EQ(run(ff::workflow<total>()(ints)), 42);
  EXPECT_EQ(run(ff::workflow<total>()(std::vector<ff::Node<double>>{})), 0);
}

TEST(Node, ContainersOfNodesMayHoldItems) {
  auto p = ff::workflow<point>()(3, 4);
  EXPECT_EQ(run(ff::workflow<total>()(std::vector<ff::Node<double>>{p[&Point::x], p[&Point::y]})), 7);
}

// Original: unhashable callables and methods fail.
TEST(Node, AnyCallableCanHaveAName) {
  int by = 3;
  EXPECT_EQ(run(ff::workflow("lambda", [by](int x) { return by * x; })(2)), 6);
  EXPECT_EQ(run(ff::workflow("functor", Halve())(3)), 1.5);
  EXPECT_EQ(run(ff::workflow("function", std::function<double(double)>(twice))(3)), 6);
  EXPECT_EQ(run(ff::workflow("pointer", &twice)(3)), 6);
  EXPECT_EQ(run(ff::workflow("method", &Point::norm1)(Point{1, 2})), 3);
  EXPECT_EQ(run(ff::workflow("generic", [](auto a, const auto& b) { return a + b; })(
                ff::workflow<answer>()(), 0.5)),
            42.5);
  auto owned = std::make_unique<int>(7);
  EXPECT_EQ(run(ff::workflow("move_only", [p = std::move(owned)](int x) { return *p + x; })(1)), 8);
  int calls = 0;
  auto counting = ff::workflow("mutable", [&calls, n = 0](int x) mutable {
    ++calls;
    return x + n++;
  });
  EXPECT_EQ(run(counting(1)), 1);
  EXPECT_EQ(calls, 1);
}

TEST(Node, MethodsAreFunctionsOfTheirObject) {
  auto p = ff::workflow<point>()(1, 2);
  EXPECT_EQ(run(ff::workflow<&Point::norm1>()(p)), 3);
  EXPECT_EQ(run(ff::workflow<&Point::scaled>()(p, 10)), 30);
  EXPECT_EQ(ff::workflow<&Point::scaled>()(p, 10).name(), "scaled_0001");
}

TEST(Node, FunctionObjectsWithoutStateHaveTheirClassName) {
  auto h = ff::workflow<Halve{}>()(3);
  EXPECT_EQ(h.name(), "Halve_0000");
  EXPECT_EQ(run(h), 1.5);
}

// Original: functions are kept alive for ever.
TEST(Node, CallablesGoWithTheirNodes) {
  auto alive = std::make_shared<int>(1);
  std::weak_ptr<int> watch = alive;
  {
    auto f = ff::workflow("f", [alive](int x) { return *alive + x; });
    auto node = f(1);
    alive.reset();
    EXPECT_EQ(run(node), 2);
    EXPECT_FALSE(watch.expired());
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Node, PlainArgumentsGoWithTheirNodes) {
  auto shared = std::make_shared<int>(5);
  std::weak_ptr<int> watch = shared;
  {
    auto node = ff::workflow("f", [](const std::shared_ptr<int>& p) { return *p; })(shared);
    shared.reset();
    EXPECT_EQ(run(node), 5);
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Node, ArgumentsThatCannotBeStoredAreFine) {
  struct Opaque {
    int* p;
  };
  int x = 4;
  EXPECT_EQ(run(ff::workflow("f", [](const Opaque& o) { return *o.p; })(Opaque{&x})), 4);
  struct Base {
    virtual ~Base() = default;
    virtual int value() const = 0;
  };
  struct Derived : Base {
    int value() const override { return 9; }
  };
  EXPECT_EQ(run(ff::workflow("g", [](const Base& b) { return b.value(); })(Derived())), 9);
}

TEST(Node, VoidFunctionsRunForWhatTheyDo) {
  std::string log;
  auto first = ff::workflow("first", [&log] { log += "1"; })();
  auto second = ff::workflow("second", [&log] {
                  log += "2";
                  return 5;
                })().after(first);
  static_assert(std::is_same_v<decltype(first), ff::Node<void>>);
  EXPECT_EQ(run(second), 5);
  EXPECT_EQ(log, "12");
  ff::LocalWorkflow both({first, second}, "both");
  auto [nothing, five] = both.run<void, int>();
  static_assert(std::is_same_v<decltype(nothing), std::monostate>);
  EXPECT_EQ(five, 5);
  ff::LocalWorkflow one({first}, "one");
  one.run<void>();
}

TEST(Node, AfterWantsAnOlderNode) {
  auto a = ff::workflow<answer>()();
  auto b = ff::workflow<answer>()();
  EXPECT_THROW(a.after(b), ff::Error);
  EXPECT_THROW(a.after(a), ff::Error);
  b.after(a);
  EXPECT_EQ(b.name(), "answer_0001");  // they belong together now
}

TEST(Node, HandlesAreCopiesOfOneNode) {
  auto a = ff::workflow<answer>()();
  auto b = a;
  b.set_name("b");
  EXPECT_EQ(a.name(), "b");
  EXPECT_TRUE(a == b);
  ff::NodeRef erased = a;
  EXPECT_EQ(ff::Node<int>(erased), a);
  EXPECT_THROW(ff::Node<double>{erased}, ff::Error);
}

TEST(Node, ReferencesAsResultsAreCopied) {
  static std::string text = "static";
  auto f = ff::workflow("f", []() -> const std::string& { return text; })();
  static_assert(std::is_same_v<decltype(f), ff::Node<std::string>>);
  EXPECT_EQ(run(f), "static");
  EXPECT_EQ(text, "static");
}

TEST(Node, OneMayRunAfterManyOthers) {
  constexpr int kMany = 20'000;
  int before = 0;
  std::vector<ff::Node<void>> nodes;
  for (int i = 0; i < kMany; ++i) nodes.push_back(ff::workflow("n", [&] { ++before; })());
  auto last = ff::workflow("last", [&] { return before; })();
  struct rusage usage;
  ::getrusage(RUSAGE_SELF, &usage);
  const long kilobytes = usage.ru_maxrss;
  for (const auto& node : nodes) last.after(node);
  ::getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss - kilobytes, 100'000) << "once a gigabyte";
  EXPECT_EQ(run(last), kMany);
}

TEST(Node, MoveOnlyResultsPassThrough) {
  auto p = ff::workflow("make", [] { return std::make_unique<int>(3); })();
  auto q = ff::workflow("use", [](const std::unique_ptr<int>& x) { return *x + 1; })(p);
  EXPECT_EQ(run(q), 4);
  EXPECT_EQ(*run(p), 3);
  ff::LocalWorkflow twice({p, p}, "twice");
  EXPECT_THROW((twice.run<std::unique_ptr<int>, std::unique_ptr<int>>()), ff::Error);
}

TEST(Node, OverAlignedResultsAreAligned) {
  struct alignas(64) Wide {
    double x = 1;
    static bool aligned(const Wide& w) { return reinterpret_cast<std::uintptr_t>(&w) % 64 == 0; }
  };
  auto w = ff::workflow("w", [](const Wide& x) { return Wide::aligned(x); })(Wide());
  EXPECT_TRUE(run(w));
}

}  // namespace
