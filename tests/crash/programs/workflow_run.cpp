// workflow_run STORAGE: runs workflow "shared" and exits with 0 if its result is right.

#include <chrono>
#include <numeric>
#include <thread>

#include <functionfuse/functionfuse.hpp>

namespace ff = functionfuse;

namespace {

void work() { std::this_thread::sleep_for(std::chrono::microseconds(300)); }

ff::Bytes repeat(int i) {
  work();
  return ff::Bytes(std::string(2000 + static_cast<std::size_t>(i), 'x'));  // kept beside the task
}
int length(const ff::Bytes& bytes) {
  work();
  return static_cast<int>(bytes.size());
}
int sum(const std::vector<int>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0);
}

struct Counter {
  int count = 0;
  int add(int n) {
    work();
    return count += n;
  }
};
FUNCTIONFUSE_FIELDS(Counter, count)

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto storage = ff::storage_factory({{"kind", "file"}, {"options", {{"path", argv[1]}}}});
  storage->register_persistent_serializers(ff::BytesSerializer({.threshold = 1000}));

  auto counter = ff::workflow<Counter>()().set_name("counter");
  std::vector<ff::Node<int>> numbers;
  for (int i = 0; i < 20; ++i) {
    numbers.push_back(counter.call<&Counter::add>(ff::workflow<length>()(ff::workflow<repeat>()(i))));
  }
  ff::LocalWorkflow workflow(ff::workflow<sum>()(numbers).set_name("total"), "shared");
  workflow.set_storage(storage);
  workflow.set_progress(false);

  int expected = 0;
  for (int i = 0, count = 0; i < 20; ++i) expected += count += 2000 + i;
  return workflow.run<int>() == expected ? 0 : 1;
}
