// An object that lives while the workflow runs: calls of its methods are nodes, and run in the order
// in which they are made. Run this program twice: stored calls don't run again. Then make three
// rounds of the two: the object goes on from its stored state.
//
//     seed ──> Walker ──> walk ──> walk ──> report
//                           └────────────────┘

#include <cmath>
#include <functionfuse/functionfuse.hpp>
#include <iostream>
#include <string>

namespace ff = functionfuse;

struct Walker {
  Walker() = default;
  explicit Walker(double start) : x(start) {}

  double walk(int steps) {
    std::cout << "  walking " << steps << " steps from " << x << "\n";
    for (int i = 0; i < steps; ++i) x = std::cos(x);
    walked += steps;
    return x;
  }

  double x = 0;
  int walked = 0;
};
FUNCTIONFUSE_FIELDS(Walker, x, walked)  // can be stored, and so the state is kept

double seed() { return 0.5; }

std::string report(double before, double after) {
  return "the last walk moved by " + std::to_string(after - before);
}

int main(int argc, char** argv) {
  int rounds = argc > 1 ? std::stoi(argv[1]) : 2;

  auto walker = ff::workflow<Walker>()(ff::workflow<seed>()()).set_name("walker");
  auto before = walker.call<&Walker::walk>(3);
  auto after = before;
  for (int i = 1; i < rounds; ++i) {
    before = after;
    after = walker.call<&Walker::walk>(10);
  }
  auto text = ff::workflow<report>()(before, after);
  auto walked = walker[&Walker::walked];  // of its state after the calls so far

  ff::LocalWorkflow workflow({text, walked}, "stateful");
  workflow.set_storage(ff::storage_factory({{"kind", "file"}, {"options", {{"path", "storage"}}}}));
  auto [line, steps] = workflow.run<std::string, int>();
  std::cout << after.name() << ": " << line << "; " << steps << " steps in all\n";
}
