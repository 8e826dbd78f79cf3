// expect: functionfuse: argument 1 of this node is not convertible to the function's parameter
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
std::string greet(const std::string& who) { return "hello " + who; }
double one() { return 1; }
auto node = ff::workflow<greet>()(ff::workflow<one>()());
