// expect: use of deleted function
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
std::vector<double> numbers() { return {1, 2}; }
double f() {
  double total = 0;
  for (auto x : ff::workflow<numbers>()()) total += x;
  return total;
}
