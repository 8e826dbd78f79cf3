// expect: functionfuse: a parameter of this node's function is a non-const reference
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
double change(double& a) { return a = 1; }
auto node = ff::workflow<change>()(1.0);
