// expect: functionfuse: argument 1 of this node is not convertible to the function's parameter
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
double total(const std::vector<double>& x) { return x[0]; }
std::vector<ff::Node<std::string>> parts;
auto node = ff::workflow<total>()(parts);
