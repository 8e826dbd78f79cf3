// Names of functions and nodes.

#include <gtest/gtest.h>

#include <string>

#include "functionfuse/functionfuse.hpp"

namespace ff = functionfuse;

namespace names {
namespace inner {
int deep(int x) { return x; }
template <class T>
T templated(T t) {
  return t;
}
struct Tool {
  int method(int x) const { return x; }
  static int fixed(int x) { return x; }
};
}  // namespace inner
int sum(int a, int b) { return a + b; }
int overloaded(int x) { return x; }
[[maybe_unused]] double overloaded(double x) { return x; }
}  // namespace names

namespace {

int hidden(int x) { return x; }

TEST(Name, IsTheUnqualifiedNameAndANumber) {
  EXPECT_EQ(ff::workflow<names::sum>()(1, 2).name(), "sum_0000");
  EXPECT_EQ(ff::workflow<&names::inner::deep>()(1).name(), "deep_0000");
  EXPECT_EQ(ff::workflow<hidden>()(1).name(), "hidden_0000");
  EXPECT_EQ(ff::workflow<names::inner::templated<int>>()(1).name(), "templated_0000");
  EXPECT_EQ(ff::workflow<names::inner::Tool::fixed>()(1).name(), "fixed_0000");
  EXPECT_EQ(ff::workflow<static_cast<int (*)(int)>(names::overloaded)>()(1).name(),
            "overloaded_0000");
  EXPECT_EQ(ff::workflow("with name", [](int x) { return x; })(1).name(), "with name_0000");
}

TEST(Name, PartsOfFunctionNames) {
  using ff::detail::unqualified;
  EXPECT_EQ(unqualified("sum"), "sum");
  EXPECT_EQ(unqualified("a::b::sum"), "sum");
  EXPECT_EQ(unqualified("a::b<c::d, e>::sum<f::g>"), "sum");
  EXPECT_EQ(unqualified("a::operator/"), "operator/");
  EXPECT_EQ(unqualified("a::operator<"), "operator<");
  EXPECT_EQ(unqualified("operators::f"), "f");
  EXPECT_EQ(unqualified("operators::operator_norm<int>"), "operator_norm");
  EXPECT_EQ(unqualified("Tool"), "Tool");
}

// Original: default names count through the whole process.
TEST(Name, CountsWithinTheWorkflow) {
  for (int i = 0; i < 2; ++i) {
    auto a = ff::workflow<names::sum>()(1, 2);
    auto b = ff::workflow<names::sum>()(a, 2);
    auto c = ff::workflow<names::sum>()(b, 2);
    ff::LocalWorkflow workflow({c}, "w");
    EXPECT_EQ(a.name(), "sum_0000");
    EXPECT_EQ(b.name(), "sum_0001");
    EXPECT_EQ(c.name(), "sum_0002");
    EXPECT_EQ(workflow.query(".*").names(),
              (std::vector<std::string>{"sum_0000", "sum_0001", "sum_0002"}));
  }
}

TEST(Name, ANodeThatIsNamedCountsToo) {
  auto a = ff::workflow<names::sum>()(1, 2).set_name("a");
  auto b = ff::workflow<names::sum>()(a, 2);
  EXPECT_EQ(b.name(), "sum_0001");
  a.set_name("other");
  EXPECT_EQ(b.name(), "sum_0001");
}

TEST(Name, CallablesOfOneNameCountTogether) {
  auto f = [](int x) { return x; };
  auto a = ff::workflow("f", f)(1);
  auto b = ff::workflow("f", f)(a);
  EXPECT_EQ(b.name(), "f_0001");
}

TEST(Name, BeforeAnyWorkflowIsThatOfAWorkflowOfTheNode) {
  auto a = ff::workflow<hidden>()(1);
  auto b = ff::workflow<hidden>()(a);
  auto c = ff::workflow<hidden>()(a);
  EXPECT_EQ(c.name(), "hidden_0002");
  EXPECT_EQ(b.name(), "hidden_0001");
}

// Original: raw errors for "/", "bigdata" and long names; set_name("../../x") writes outside.
TEST(Name, ThatNoStorageCanHoldIsAnErrorAtOnce) {
  auto a = ff::workflow<hidden>()(1);
  for (std::string name : {"", "a/b", "../../x", "..", ".hidden", "bigdata", "/etc/x"}) {
    EXPECT_THROW(a.set_name(name), ff::Error) << name;
  }
  EXPECT_THROW(a.set_name(std::string(256, 'x')), ff::Error);
  EXPECT_THROW(a.set_name(std::string_view("a\0b", 3)), ff::Error);
  EXPECT_THROW(ff::workflow("a/b", hidden), ff::Error);
  EXPECT_THROW(ff::workflow(std::string(250, 'x'), hidden), ff::Error);
  EXPECT_NO_THROW(a.set_name("Größe [1] *?"));
  EXPECT_EQ(a.name(), "Größe [1] *?");
  EXPECT_THROW(ff::LocalWorkflow({a}, ".."), ff::Error);
  EXPECT_THROW(ff::LocalWorkflow({a}, "a/b"), ff::Error);
}

// Original: two nodes of one name silently share a result.
TEST(Name, TwoNodesOfOneNameAreAnErrorBeforeAnythingRuns) {
  int ran = 0;
  auto f = [&ran](int x) { return ++ran, x; };
  auto a = ff::workflow("f", f)(1).set_name("x");
  auto b = ff::workflow("g", f)(a).set_name("x");
  ff::LocalWorkflow workflow({b}, "w");
  try {
    (void)workflow.run();
    FAIL();
  } catch (const ff::Error& e) {
    std::string text = e.what();
    EXPECT_NE(text.find("\"x\""), std::string::npos) << text;
    EXPECT_NE(text.find("function f"), std::string::npos) << text;
    EXPECT_NE(text.find("function g"), std::string::npos) << text;
  }
  EXPECT_EQ(ran, 0);
  b.set_name("y");
  EXPECT_EQ(workflow.run<int>(), 1);
}

TEST(Name, ASetNameMustNotBeAnotherNodesDefaultName) {
  auto a = ff::workflow<hidden>()(1).set_name("hidden_0001");
  auto b = ff::workflow<hidden>()(a);
  ff::LocalWorkflow workflow({b}, "w");
  EXPECT_THROW(workflow.run(), ff::Error);
}

// Original: two functions of one name share a result.
TEST(Name, FunctionsOfOneNameCountTogether) {
  auto a = ff::workflow<names::sum>()(1, 2);
  auto b = ff::workflow("sum", [](int x) { return x; })(a);
  EXPECT_EQ(b.name(), "sum_0001");
}

}  // namespace
