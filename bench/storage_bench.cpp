// Storing in the folder that is given: nodes in microseconds each, the array in seconds and MB.
// Peer: python_peers.py.
#include <filesystem>
#include <numeric>

#include <functionfuse/functionfuse.hpp>

#include "report.hpp"

namespace ff = functionfuse;

namespace {

constexpr int kNodes = 10'000;

double scale(int i, double factor) { return i * factor; }

using Nodes = std::vector<ff::Node<double>>;

Nodes make_nodes() {
  Nodes nodes;
  for (int i = 0; i < kNodes; ++i) nodes.push_back(ff::workflow<scale>()(i, 0.5));
  return nodes;
}

double sum(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.);
}

template <class Wanted>
double run(const std::shared_ptr<ff::Storage>& storage, const Wanted& wanted) {
  ff::LocalWorkflow workflow(wanted, "nodes");
  workflow.set_storage(storage);
  workflow.set_progress(false);
  const double seconds = bench::seconds([&] {
    ff::Results results = workflow.run();
    if constexpr (std::is_same_v<Wanted, Nodes>) {  // a stored result is read when it is asked for
      for (const auto& node : wanted) (void)results.get(node);
    }
  });
  return seconds * 1e6 / kNodes;
}

void array(const std::shared_ptr<ff::Storage>& storage) {
  constexpr std::size_t kCount = 125'000'000;
  constexpr double kMB = 1e6;
  std::vector<double> numbers(kCount);
  for (std::size_t i = 0; i < kCount; ++i) numbers[i] = static_cast<double>(i);
  bench::forget_peak();
  double before = bench::peak_memory();
  bench::report("array of 1 GB, save", bench::seconds([&] { storage->save("a", "x", numbers); }));
  bench::report("array of 1 GB, save, memory", (bench::peak_memory() - before) / kMB);
  numbers = {};
  bench::forget_peak();
  before = bench::peak_memory();
  std::vector<double> back;
  bench::report("array of 1 GB, read",
                bench::seconds([&] { back = storage->read_task<std::vector<double>>("a", "x"); }));
  bench::report("array of 1 GB, read, memory", (bench::peak_memory() - before - 8. * kCount) / kMB);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::filesystem::path folder(argv[1]);
  auto storage = ff::storage_factory(
      {{"kind", "file"}, {"options", {{"path", (folder / "storage").string()}}}});
  bench::report("node, run and store", run(storage, ff::workflow<sum>()(make_nodes())));
  bench::report("node, find stored", run(storage, ff::workflow<sum>()(make_nodes())));
  bench::report("node, read stored", run(storage, make_nodes()));
  array(storage);
}
