// save_with_record PATH WORKFLOW TASK   Saves 1.5, with a record of what made it.

#include "open_storage.hpp"

int main(int argc, char** argv) {
  namespace ff = functionfuse;
  if (argc != 4) return 2;
  const auto storage = open_storage(argv[1]);
  const ff::Record record{.function = "fit", .version = "2"};
  storage->save(argv[2], argv[3], 1.5, &record);
  storage->sync(argv[2]);
}
