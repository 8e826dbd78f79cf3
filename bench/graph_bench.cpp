// Building, running and freeing graphs of 100,000 nodes that do next to nothing: microseconds a
// node. Peers: flow_graph_bench.cpp (oneTBB), python_peers.py.
#include <functionfuse/functionfuse.hpp>

#include <optional>
#include <random>

#include "report.hpp"

namespace ff = functionfuse;

namespace {

constexpr int kNodes = 100'000;

int next(int x) { return x + 1; }
int add(int a, int b) { return a ^ b; }  // a sum would overflow

std::vector<ff::Node<int>> chain() {
  std::vector<ff::Node<int>> nodes;
  nodes.reserve(kNodes);
  nodes.push_back(ff::workflow<next>()(0));
  for (int i = 1; i < kNodes; ++i) nodes.push_back(ff::workflow<next>()(nodes.back()));
  return nodes;
}

std::vector<ff::Node<int>> fan_out() {
  std::vector<ff::Node<int>> nodes;
  nodes.reserve(kNodes);
  nodes.push_back(ff::workflow<next>()(0));
  for (int i = 1; i < kNodes; ++i) nodes.push_back(ff::workflow<next>()(nodes.front()));
  return nodes;
}

std::vector<ff::Node<int>> random_dag() {
  std::mt19937 random(1);
  std::vector<ff::Node<int>> nodes;
  nodes.reserve(kNodes);
  nodes.push_back(ff::workflow<next>()(0));
  for (int i = 1; i < kNodes; ++i) {
    auto parent = [&] { return nodes[random() % nodes.size()]; };
    nodes.push_back(ff::workflow<add>()(parent(), parent()));
  }
  return nodes;
}

void measure(const std::string& name, std::vector<ff::Node<int>> (*build)()) {
  const double us = 1e6 / kNodes;
  std::optional<std::vector<ff::Node<int>>> nodes;
  double built = bench::seconds([&] { nodes = build(); });
  double ran = 0;
  double freed = 0;
  {
    std::optional<ff::LocalWorkflow> workflow;
    workflow.emplace(nodes->back(), "bench");
    workflow->set_progress(false);
    ran = bench::seconds([&] { workflow->run(); });
    freed = bench::seconds([&] {
      workflow.reset();
      nodes.reset();
    });
  }
  bench::report(name + ", build", built * us);
  bench::report(name + ", run", ran * us);
  bench::report(name + ", all", (built + ran + freed) * us);
}

}  // namespace

int main() {
  measure("chain", chain);
  measure("fan-out", fan_out);
  measure("random DAG", random_dag);
}
