// expect: functionfuse: this type can't be stored
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
struct Model { double* weights; };
void keep(ff::Storage& storage, const Model& model) { storage.save("w", "model", model); }
