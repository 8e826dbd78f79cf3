// expect: functionfuse: an argument of this node is a node of a function that returns nothing
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
void prepare() {}
int use(int x) { return x; }
auto node = ff::workflow<use>()(ff::workflow<prepare>()());
