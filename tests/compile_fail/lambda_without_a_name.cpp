// expect: functionfuse: a lambda has no name; write workflow("name", lambda)
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
auto node = ff::workflow<[](int x) { return x; }>()(1);
