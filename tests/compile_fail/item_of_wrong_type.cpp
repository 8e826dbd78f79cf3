// expect: functionfuse: argument 1 of this node is not convertible to the function's parameter
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
struct Split { std::vector<double> train; };
FUNCTIONFUSE_FIELDS(Split, train)
Split split() { return {}; }
double twice(double x) { return 2 * x; }
auto node = ff::workflow<twice>()(ff::workflow<split>()()[&Split::train]);
