// expect: functionfuse: the types of this callable's parameters can't be told
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
double one() { return 1; }
void f() {
  ff::LocalWorkflow workflow({ff::workflow<one>()()}, "w");
  workflow.replace_func("one.*", [](auto x) { return x; });
}
