// A user's program: nothing but the installed headers and the installed library.
#include <functionfuse/functionfuse.hpp>

namespace ff = functionfuse;

int main() {
  auto start = ff::workflow("start", [](double x) { return x + 1; })(20.0);
  auto node = ff::workflow("twice", [](double x) { return 2 * x; })(start);
  ff::LocalWorkflow workflow({node}, "consumer");
  return workflow.run<double>() == 42.0 ? 0 : 1;
}
