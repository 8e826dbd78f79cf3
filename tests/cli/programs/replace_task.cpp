// replace_task PATH WORKFLOW TASK   Replaces a task until it is killed: the n-th result is a list
// of texts "n", and its record says version "n". A line on standard output after the first.

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "open_storage.hpp"

int main(int argc, char** argv) {
  namespace ff = functionfuse;
  if (argc != 4) return 2;
  const auto storage = open_storage(argv[1]);
  for (int n = 1;; ++n) {
    const std::string text = std::to_string(n);
    const ff::Record record{.function = "fit", .version = text};
    storage->save(argv[2], argv[3], std::vector<std::string>(100'000, text), &record);
    if (n == 1) std::puts("saved");
    if (n == 1) std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}
