// expect: functionfuse: get<I>(node): I is out of range
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
std::pair<int, int> two() { return {1, 2}; }
auto item = get<2>(ff::workflow<two>()());
