// expect: functionfuse: argument 2 of this node is not convertible to the function's parameter
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
double sum(double a, double b) { return a + b; }
auto node = ff::workflow<sum>()(1, "two");
