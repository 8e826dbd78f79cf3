// The same graphs in oneTBB's flow graph, built, run and freed: microseconds a node.
#include <tbb/flow_graph.h>

#include <deque>
#include <random>

#include "report.hpp"

namespace {

using Node = tbb::flow::continue_node<tbb::flow::continue_msg>;
constexpr int kNodes = 100'000;

template <class Connect>
void measure(const std::string& name, Connect connect) {
  double all = bench::seconds([&] {
    tbb::flow::graph graph;
    std::deque<Node> nodes;
    for (int i = 0; i < kNodes; ++i) {
      nodes.emplace_back(graph, [](const tbb::flow::continue_msg& m) { return m; });
      if (i > 0) connect(nodes, i);
    }
    nodes.front().try_put(tbb::flow::continue_msg());
    graph.wait_for_all();
  });
  bench::report(name + ", all", all * 1e6 / kNodes);
}

}  // namespace

int main() {
  auto at = [](std::deque<Node>& nodes, unsigned long i) -> Node& { return nodes[i]; };
  measure("chain", [&](auto& nodes, int i) {
    make_edge(at(nodes, static_cast<unsigned long>(i - 1)), nodes.back());
  });
  measure("fan-out", [&](auto& nodes, int) { make_edge(nodes.front(), nodes.back()); });
  std::mt19937 random(1);
  measure("random DAG", [&](auto& nodes, int i) {
    for (int k = 0; k < 2; ++k) {
      make_edge(at(nodes, random() % static_cast<unsigned long>(i)), nodes.back());
    }
  });
}
