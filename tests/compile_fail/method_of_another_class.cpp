// expect: functionfuse: call<&Class::method>: a method of another class
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
struct Counter { int add(int x) { return x; } };
struct Other { int add(int x) { return x; } };
auto object = ff::workflow<Counter>()();
auto node = object.call<&Other::add>(1);
