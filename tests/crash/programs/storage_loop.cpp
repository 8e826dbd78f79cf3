// storage_loop STORAGE SEED N: saves two tasks of workflow "loop" N times, and syncs.

#include <cstdlib>
#include <string>
#include <vector>

#include "functionfuse/serializers/bytes_serializer.hpp"
#include "functionfuse/storage/file_storage.hpp"

namespace ff = functionfuse;

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string seed = argv[2];
  ff::FileStorage storage(argv[1]);
  storage.register_persistent_serializers(ff::BytesSerializer({.threshold = 1000}));
  ff::Record record;
  record.function = seed;
  for (int i = 0; i < std::atoi(argv[3]); ++i) {
    storage.save("loop", "x", ff::Bytes(std::string(5000, seed[0])), &record);
    storage.save("loop", "y", std::vector<std::string>(10, seed), &record);
  }
  storage.sync("loop");
  return 0;
}
