// expect: CheckArgument<2, functionfuse::detail::StaticFunction<sum>, double, std::__cxx11::basic_string<char>
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
double sum(double a, double b) { return a + b; }
auto node = ff::workflow<sum>()(1, std::string("two"));
