// expect: functionfuse: an argument of this node can't be copied, and the function takes it by value
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
int take(std::unique_ptr<int> p) { return *p; }
auto node = ff::workflow<take>()(std::make_unique<int>(1));
