// Functions become nodes, nodes become a workflow, results are kept: run this program twice.
//
//     load ──> split ──[train]──> fit ──> score
//                └─────[test]───────────────┘

#include <functionfuse/functionfuse.hpp>
#include <iostream>
#include <numeric>
#include <vector>

namespace ff = functionfuse;

using Samples = std::vector<double>;

struct Split {
  Samples train, test;
};
FUNCTIONFUSE_FIELDS(Split, train, test)  // in Python a dict of these fields

Samples load(int count) {
  Samples samples(static_cast<std::size_t>(count));
  std::iota(samples.begin(), samples.end(), 1.0);
  return samples;
}

Split split(const Samples& samples, double fraction) {
  auto count = static_cast<double>(samples.size());
  auto middle = samples.begin() + static_cast<std::ptrdiff_t>(fraction * count);
  return {Samples(samples.begin(), middle), Samples(middle, samples.end())};
}

double fit(const Samples& train) {
  return std::accumulate(train.begin(), train.end(), 0.0) / static_cast<double>(train.size());
}

double score(double mean, const Samples& test) { return test.front() - mean; }

int main() {
  auto samples = ff::workflow<load>()(1000).set_name("samples");
  auto parts = ff::workflow<split>()(samples, 0.8);
  auto mean = ff::workflow<fit>()(parts[&Split::train]).set_name("mean");
  auto result = ff::workflow<score>()(mean, parts[&Split::test]);

  auto storage = ff::storage_factory({{"kind", "file"}, {"options", {{"path", "storage"}}}});

  ff::LocalWorkflow workflow({mean, result}, "quickstart");
  workflow.set_storage(storage);
  workflow.set_log(std::cout);  // which node runs, which is found stored
  auto [m, s] = workflow.run<double, double>();

  std::cout << "mean " << m << ", score " << s << "\n";
  std::cout << "stored: ";
  for (const auto& task : storage->list_tasks("quickstart")) std::cout << task << " ";
  std::cout << "\n";
}
