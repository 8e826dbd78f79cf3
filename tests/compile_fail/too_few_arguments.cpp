// expect: functionfuse: this node has fewer arguments than the function has parameters
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
double sum(double a, double b = 2) { return a + b; }
auto node = ff::workflow<sum>()(1);
