// expect: functionfuse: node[key]: the node's result has no such items
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
double one() { return 1; }
auto item = ff::workflow<one>()()["a"];
