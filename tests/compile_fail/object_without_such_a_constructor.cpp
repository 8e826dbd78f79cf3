// expect: functionfuse: no constructor of this class takes these arguments
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
struct Counter { explicit Counter(int start); };
auto object = ff::workflow<Counter>()(std::string("x"));
