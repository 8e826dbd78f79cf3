// saver STORAGE SCENARIO: does what the scenario says between two marks that a tracer can see.
// Exits with 0, or with 3 for an ff::Error.

#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "crash/scenarios.hpp"

using namespace functionfuse;

namespace {

void mark() {
  const ssize_t ignored = ::write(-1, "mark", 4);
  (void)ignored;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  for (const test::Scenario& scenario : test::scenarios()) {
    if (scenario.name != argv[2]) continue;
    const auto storage = test::open_storage(argv[1]);
    int status = 0;
    std::string error;
    mark();
    try {
      scenario.act(*storage);
    } catch (const Error& e) {
      error = e.what();
      status = 3;
    }
    mark();
    if (status != 0) std::fprintf(stderr, "%s\n", error.c_str());
    return status;
  }
  return 2;
}
