// expect: functionfuse: the result of this function can't be stored. A type becomes storable if (1) it is a standard type (numbers, std::string, containers of storable types, ff::NdArray, ...), or (2) it has FUNCTIONFUSE_FIELDS(Type, field, ...), or (3) it has a cereal serialize() and functionfuse/pickle/cereal.hpp is included, or (4) a persistent serializer keeps it
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
struct Model { double* weights; };
Model fit(double x) { return {&x}; }
auto node = ff::workflow<fit>()(1);
