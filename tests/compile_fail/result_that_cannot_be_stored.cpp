// expect: functionfuse: the result of this function can't be stored. A type becomes storable if (1)
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
struct Model { double* weights; };
Model fit(double x) { return {&x}; }
auto node = ff::workflow<fit>()(1);
