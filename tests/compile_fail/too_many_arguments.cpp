// expect: functionfuse: this node has more arguments than the function has parameters
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
double twice(double a) { return 2 * a; }
auto node = ff::workflow<twice>()(1, 2);
