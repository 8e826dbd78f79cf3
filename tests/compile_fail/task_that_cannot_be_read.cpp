// expect: functionfuse: this type can't be stored
#include <functionfuse/functionfuse.hpp>
namespace ff = functionfuse;
struct Model { double* weights; };
auto read(const ff::Storage& storage) { return storage.read_task<std::vector<Model>>("w", "model"); }
