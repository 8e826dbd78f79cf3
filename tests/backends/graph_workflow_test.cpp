// Pictures of workflows: the text for Graphviz, and what Graphviz makes of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "backends/memory_storage.hpp"
#include "functionfuse/functionfuse.hpp"

namespace ff = functionfuse;
namespace fs = std::filesystem;
using ff::test::MemoryStorage;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

struct Parts {
  std::vector<double> left, right;
};
FUNCTIONFUSE_FIELDS(Parts, left, right)

std::vector<double> load(int n) { return std::vector<double>(static_cast<std::size_t>(n)); }
Parts halve(const std::vector<double>& x) { return {x, x}; }
int add(int a, int b) { return a + b; }
int increase(int a) { return a + 1; }
int size_of(const std::vector<double>& x) { return static_cast<int>(x.size()); }
void tell(int) {}
std::map<std::string, int> numbers() { return {{"one", 1}}; }
int total(const std::vector<int>& x) { return static_cast<int>(x.size()); }

struct Counter {
  int count = 0;
  int up(int by) { return count += by; }
};
FUNCTIONFUSE_FIELDS(Counter, count)
int look(const Counter& counter) { return counter.count; }

class GraphWorkflowTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "graph_workflow_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { fs::remove_all(folder); }

  static std::string bytes_of(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
  }
  /// The line of the box or arrow that begins with `start`.
  static std::string line(const std::string& dot, const std::string& start) {
    const std::size_t at = dot.find("  " + start + " ");
    if (at == std::string::npos) {
      const std::size_t whole = dot.find("  " + start + "\n");
      return whole == std::string::npos ? "no line " + start + " in " + dot : start;
    }
    return dot.substr(at + 2, dot.find('\n', at) - at - 2);
  }
  static std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++n;
    return n;
  }
  ff::Error error_of(const ff::GraphWorkflow& graph, const fs::path& file) {
    try {
      graph.write(file);
    } catch (const ff::Error& error) {
      return error;
    }
    return ff::Error(ff::Errc::io, "nothing was thrown");
  }

  fs::path folder;
};

TEST_F(GraphWorkflowTest, EveryTaskIsABoxWithNameFunctionAndType) {
  auto a = ff::workflow<load>()(3).set_name("measured");
  auto b = ff::workflow<size_of>()(a);
  auto c = ff::workflow<tell>()(b).set_name("tell").set_version("2");
  const std::string dot = ff::GraphWorkflow({c}, "some work").dot();
  EXPECT_THAT(dot, StartsWith("digraph \"some work\" {\n"));
  EXPECT_THAT(dot, HasSubstr("<b>some work</b>"));
  EXPECT_THAT(line(dot, "\"measured\""),
              ContainsRegex("label=<measured<br/>.*>load</font>.*>vector&lt;double&gt;</font>>"));
  EXPECT_THAT(line(dot, "\"size_of_0000\""), ContainsRegex("label=<size_of_0000<br/>[^/]*>int<"));
  // Not the function's name a second time, and no type where there is none.
  EXPECT_THAT(line(dot, "\"tell\""), ContainsRegex("label=<tell<br/>[^/]*>version 2</font>>,"));
  EXPECT_THAT(dot, HasSubstr("  \"measured\" -> \"size_of_0000\"\n"));
  EXPECT_THAT(dot, HasSubstr("  \"size_of_0000\" -> \"tell\"\n"));
  EXPECT_EQ(count(dot, "->"), 2u);
  EXPECT_EQ(dot, ff::GraphWorkflow({c}, "some work").dot());

  ff::GraphWorkflow without_types({c}, "some work");
  without_types.show_types(false);
  EXPECT_THAT(line(without_types.dot(), "\"size_of_0000\""), HasSubstr("label=<size_of_0000>"));
}

TEST_F(GraphWorkflowTest, ItemsAreTextsOfArrows) {
  auto parts = ff::workflow<halve>()(ff::workflow<load>()(4)).set_name("parts");
  auto left = ff::workflow<size_of>()(parts[&Parts::left]);
  auto first = ff::workflow("first", [](double x) { return x; })(parts[&Parts::right][0]);
  auto map = ff::workflow<numbers>()();
  auto both = ff::workflow<add>()(map["one"], map["two"]);
  auto given = map["three"];
  const std::string dot = ff::GraphWorkflow({left, first, both, given}, "w").dot();
  EXPECT_THAT(line(dot, "\"parts\" -> \"size_of_0000\""), HasSubstr("label=\"  .left \""));
  EXPECT_THAT(line(dot, "\"parts\" -> \"first_0000\""), HasSubstr("label=\"  .right[0] \""));
  EXPECT_THAT(line(dot, "\"numbers_0000\" -> \"add_0000\""),
              HasSubstr(R"(label="  [\"one\"], [\"two\"] ")"));
  EXPECT_EQ(count(dot, "\"numbers_0000\" -> \"add_0000\""), 1u);
  // An item that the workflow was given stands by itself.
  EXPECT_THAT(line(dot, R"("/numbers_0000[\"three\"]")"), HasSubstr("shape=plaintext"));
  EXPECT_THAT(dot, HasSubstr(R"("numbers_0000" -> "/numbers_0000[\"three\"]")"));
}

TEST_F(GraphWorkflowTest, NodesInAContainerAreArrowsToo) {
  std::vector<ff::Node<int>> nodes;
  for (int i = 0; i < 3; ++i) nodes.push_back(ff::workflow<increase>()(i));
  const std::string dot = ff::GraphWorkflow(ff::workflow<total>()(nodes), "w").dot();
  for (const ff::Node<int>& node : nodes) {
    EXPECT_THAT(dot, HasSubstr("\"" + node.name() + "\" -> \"total_0000\"\n"));
  }
}

TEST_F(GraphWorkflowTest, OrderIsDashedAndInTheLegend) {
  auto a = ff::workflow<increase>()(1).set_name("a");
  auto b = ff::workflow<increase>()(2).set_name("b").after(a);
  const std::string dot = ff::GraphWorkflow({b}, "w").dot();
  EXPECT_THAT(line(dot, "\"a\" -> \"b\""), HasSubstr("style=dashed"));
  EXPECT_THAT(dot, HasSubstr("runs after"));
  EXPECT_THAT(dot, Not(HasSubstr("order of calls")));
}

TEST_F(GraphWorkflowTest, AnObjectAndItsCallsShareAFrame) {
  auto counter = ff::workflow<Counter>()().set_name("counter");
  auto one = counter.call<&Counter::up>(1);
  auto seen = ff::workflow<look>()(counter).set_name("seen");
  auto two = counter.call<&Counter::up>(one);
  const std::string dot = ff::GraphWorkflow({seen, two}, "w").dot();
  const std::size_t begin = dot.find("subgraph \"cluster_counter\" {");
  ASSERT_NE(begin, std::string::npos) << dot;
  const std::string frame = dot.substr(begin, dot.find("\n  }\n", begin) - begin);
  EXPECT_THAT(frame, HasSubstr("label=\"Counter\""));
  for (const char* name : {"\"counter\" [", "\"counter.up_0000\" [", "\"counter.up_0001\" ["}) {
    EXPECT_THAT(frame, HasSubstr(name));
  }
  EXPECT_THAT(frame, Not(HasSubstr("seen")));
  EXPECT_THAT(line(dot, "\"counter\" -> \"counter.up_0000\""), HasSubstr("style=dashed"));
  const std::string both = "\"counter.up_0000\" -> \"counter.up_0001\"";
  EXPECT_EQ(count(dot, both), 2u) << "the order of the calls, and the argument";
  EXPECT_THAT(line(dot, "\"counter.up_0000\" -> \"seen\""), HasSubstr("label=\"  state \""));
  EXPECT_EQ(count(dot, " -> "), 4u) << dot;
  EXPECT_THAT(dot, HasSubstr("order of calls"));
}

class GraphWithStorage : public GraphWorkflowTest {
 protected:
  std::string dot(const ff::NodeRef& node, ff::OnStale on_stale = ff::OnStale::recompute) {
    ff::GraphWorkflow graph({node}, "w");
    graph.set_storage(storage);
    graph.on_stale(on_stale);
    return graph.dot();
  }
  void run(const ff::NodeRef& node) {
    ff::LocalWorkflow workflow({node}, "w");
    workflow.set_storage(storage);
    workflow.set_progress(false);
    static_cast<void>(workflow.run());
  }
  std::shared_ptr<MemoryStorage> storage = std::make_shared<MemoryStorage>();
};

TEST_F(GraphWithStorage, SaysWhatIsStoredAndWhatIsStale) {
  auto chain = [](const char* version) {
    auto a = ff::workflow<increase>()(1).set_name("a");
    auto b = ff::workflow<increase>()(a).set_name("b").set_version(version);
    return ff::workflow<increase>()(b).set_name("c");
  };
  std::string text = dot(chain("1"));
  EXPECT_THAT(text, HasSubstr("> 3 not stored<"));
  EXPECT_THAT(line(text, "\"a\""), HasSubstr("style=\"rounded,filled,dashed\""));

  run(chain("1"));
  text = dot(chain("1"));
  EXPECT_THAT(text, HasSubstr("> 3 stored<"));
  EXPECT_THAT(text, Not(HasSubstr("not stored")));
  EXPECT_THAT(line(text, "\"c\""), HasSubstr("tooltip=\"c: "));
  EXPECT_THAT(line(text, "\"c\""), HasSubstr(", stored\""));

  text = dot(chain("2"));
  EXPECT_THAT(text, HasSubstr("> 1 stored<"));
  EXPECT_THAT(text, HasSubstr("> 2 stale<"));
  EXPECT_THAT(line(text, "\"b\""), HasSubstr(", stale\""));
  EXPECT_THAT(line(text, "\"c\""), HasSubstr(", stale\""));

  // What is used all the same makes nothing below it stale.
  text = dot(chain("2"), ff::OnStale::keep);
  EXPECT_THAT(text, HasSubstr("> 2 stored<"));
  EXPECT_THAT(text, HasSubstr("> 1 stale<"));
  EXPECT_TRUE(storage->read.empty()) << "a picture reads no result";
}

TEST_F(GraphWithStorage, KnowsTheStateOfAnObject) {
  auto calls = [](int by, int count) {
    auto counter = ff::workflow<Counter>()().set_name("counter");
    auto last = counter.call<&Counter::up>(by);
    for (int i = 1; i < count; ++i) last = counter.call<&Counter::up>(by);
    return last;
  };
  run(calls(1, 2));
  EXPECT_THAT(dot(calls(1, 2)), HasSubstr("> 3 stored<"));
  // It can go on from its state after the second call.
  std::string text = dot(calls(1, 3));
  EXPECT_THAT(text, HasSubstr("> 3 stored<"));
  EXPECT_THAT(text, HasSubstr("> 1 not stored<"));
  text = dot(calls(5, 2));
  EXPECT_THAT(text, HasSubstr("> 3 stale<"));
}

TEST_F(GraphWorkflowTest, WithoutAStorageThereIsNothingToSayAboutIt) {
  const std::string dot = ff::GraphWorkflow(ff::workflow<increase>()(1), "w").dot();
  EXPECT_THAT(dot, Not(HasSubstr("stored")));
  EXPECT_THAT(dot, Not(HasSubstr("dashed")));
}

TEST_F(GraphWorkflowTest, NamesOfAnyKindSurviveGraphviz) {
  auto a = ff::workflow<increase>()(1).set_name("say \"hi\" <b>&amp; \\N \\");
  auto b = ff::workflow<increase>()(a).set_name("two\nlines \x01\xff é 日本語");
  auto c = ff::workflow<numbers>()().after(b);
  auto d = ff::workflow<increase>()(c["k\"<&>\\\n"]).set_name("\\x01");
  auto e = ff::workflow<increase>()(d).set_name("\x01");
  auto f = ff::workflow<increase>()(e).set_name(std::string(255, 'x'));
  const ff::GraphWorkflow graph({f}, "a \"w\" \\ <i> & é");
  const std::string dot = graph.dot();
  EXPECT_THAT(dot, HasSubstr(R"("say \"hi\" <b>&amp; \\N \\" -> "two\nlines \x01\xff é 日本語")"));
  EXPECT_THAT(dot, HasSubstr("say &quot;hi&quot; &lt;b&gt;&amp;amp; &#92;&#8203;N &#92;&#8203;<br/>"));
  EXPECT_THAT(dot, HasSubstr(R"("\\x01" -> "\x01")")) << "different names are different boxes";

  graph.write(folder / "odd.svg");
  const std::string svg = bytes_of(folder / "odd.svg");
  EXPECT_THAT(svg, HasSubstr(">say &quot;hi&quot; &lt;b&gt;&amp;amp; \\\u200bN \\\u200b</text>"));
  EXPECT_THAT(svg, HasSubstr(">two\\\u200bnlines \\\u200bx01\\\u200bxff é 日本語</text>"));
  EXPECT_EQ(count(svg, "class=\"node\""), 6u);
  EXPECT_EQ(count(svg, "class=\"edge\""), 5u);
}

TEST_F(GraphWorkflowTest, WideGraphsGoToTheRight) {
  std::vector<ff::Node<int>> nodes;
  for (int i = 0; i < 30; ++i) nodes.push_back(ff::workflow<increase>()(i));
  ff::GraphWorkflow graph(ff::workflow<total>()(nodes), "w");
  EXPECT_THAT(graph.dot(), HasSubstr("rankdir=LR"));
  graph.set_direction(ff::GraphWorkflow::Direction::down);
  EXPECT_THAT(graph.dot(), HasSubstr("rankdir=TB"));
  EXPECT_THAT(ff::GraphWorkflow(ff::workflow<increase>()(1), "w").dot(), HasSubstr("rankdir=TB"));
}

// An arrow from one node to each of a long chain would take Graphviz minutes.
TEST_F(GraphWorkflowTest, LargeGraphsAreDrawnToo) {
  auto common = ff::workflow<increase>()(0).set_name("common");
  auto last = ff::workflow<increase>()(1);
  for (int i = 0; i < 300; ++i) last = ff::workflow<add>()(last, common);
  const ff::GraphWorkflow graph({last}, "large");
  const std::string dot = graph.dot();
  EXPECT_EQ(count(dot, "\"common\" -> "), count(dot, "tooltip=\"add_") - count(dot, ">↖ common<"));
  EXPECT_THAT(dot, HasSubstr("also needs"));
  graph.write(folder / "large.svg");
  EXPECT_EQ(count(bytes_of(folder / "large.svg"), "class=\"node\""), 302u);
}

TEST_F(GraphWorkflowTest, WritesPicturesByTheEndOfTheName) {
  const ff::GraphWorkflow graph({ff::workflow<increase>()(1).set_name("a")}, "w");
  graph.write(folder / "w.svg");
  EXPECT_THAT(bytes_of(folder / "w.svg"), HasSubstr("<svg "));
  graph.write(folder / "w.png");
  EXPECT_THAT(bytes_of(folder / "w.png"), StartsWith("\x89PNG\r\n"));
  graph.write(folder / "w.pdf");
  EXPECT_THAT(bytes_of(folder / "w.pdf"), StartsWith("%PDF-"));
  graph.write(folder / "w.dot");
  EXPECT_EQ(bytes_of(folder / "w.dot"), graph.dot());
  graph.write(folder / "w.dot");  // over another
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 4) << "and nothing else";
}

TEST_F(GraphWorkflowTest, RunDrawsToTheDocPath) {
  ff::GraphWorkflow graph({ff::workflow<increase>()(1)}, "some work");
  graph.set_doc_path(folder / "docs" / "pictures");
  EXPECT_EQ(graph.run(), folder / "docs" / "pictures" / "some work.svg");
  EXPECT_TRUE(fs::exists(folder / "docs" / "pictures" / "some work.svg"));

  // As one of the backends.
  fs::remove_all(folder / "docs");
  ff::BaseWorkflow& any = graph;
  static_cast<void>(any.run());
  EXPECT_TRUE(fs::exists(folder / "docs" / "pictures" / "some work.svg"));
  EXPECT_THROW(static_cast<void>(any.run<int>()), ff::UnsupportedError);
}

TEST_F(GraphWorkflowTest, ErrorsSayWhatToDo) {
  const ff::GraphWorkflow graph({ff::workflow<increase>()(1)}, "w");
  ff::Error error = error_of(graph, folder / "w.jpeg");
  EXPECT_EQ(error.code(), ff::Errc::invalid_argument);
  EXPECT_THAT(error.what(), HasSubstr(".svg, .png, .pdf or .dot"));

  error = error_of(graph, folder / "none" / "w.svg");
  EXPECT_EQ(error.code(), ff::Errc::io);
  EXPECT_THAT(error.what(), HasSubstr((folder / "none").string()));

  const std::string path = ::getenv("PATH");
  ::setenv("PATH", folder.c_str(), 1);
  error = error_of(graph, folder / "w.svg");
  std::ofstream(folder / "dot") << "#!/bin/sh\necho 'no more ink' >&2\nexit 3\n";
  fs::permissions(folder / "dot", fs::perms::owner_all);
  std::ofstream(folder / "w.svg") << "the old one";
  const ff::Error failed = error_of(graph, folder / "w.svg");
  graph.write(folder / "w.dot");  // needs no program
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(error.code(), ff::Errc::unsupported);
  EXPECT_THAT(error.what(), HasSubstr("apt install graphviz"));
  EXPECT_EQ(failed.code(), ff::Errc::io);
  EXPECT_THAT(failed.what(), HasSubstr("failed with status 3: no more ink"));
  EXPECT_EQ(bytes_of(folder / "w.svg"), "the old one");
  EXPECT_THAT(bytes_of(folder / "w.dot"), StartsWith("digraph"));

  auto a = ff::workflow<increase>()(1).set_name("same");
  auto b = ff::workflow<increase>()(a).set_name("same");
  EXPECT_THROW(static_cast<void>(ff::GraphWorkflow({b}, "w").dot()), ff::Error);
}

}  // namespace
