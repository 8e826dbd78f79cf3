// expect: use of deleted function 'void functionfuse::Item<T>::set_name
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
std::vector<double> numbers() { return {1, 2}; }
void f() { ff::workflow<numbers>()()[0].set_name("first"); }
