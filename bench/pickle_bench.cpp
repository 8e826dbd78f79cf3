// What pickling costs: every figure in milliseconds. Peers: cereal_bench.cpp, python_peers.py.
#include <functionfuse/functionfuse.hpp>

#include <map>
#include <optional>

#include "records.hpp"
#include "report.hpp"

namespace ff = functionfuse;

FUNCTIONFUSE_FIELDS(Item, id, name, values)

namespace {

template <class T>
void both_ways(const std::string& name, const T& object) {
  std::string pickle;
  bench::report(name + ", out", 1e3 * bench::seconds([&] { pickle = ff::dumps(object); }));
  std::optional<T> back;  // freed after the clock has stopped, as by all peers
  bench::report(name + ", in", 1e3 * bench::seconds([&] { back = ff::loads<T>(pickle); }));
}

}  // namespace

int main() {
  std::vector<ff::Value> floats;
  for (int i = 0; i < 1'000'000; ++i) floats.emplace_back(i * 0.37);
  both_ways("list of 1e6 floats", ff::Value::list(floats));

  std::map<std::string, int> map;
  for (int i = 0; i < 100'000; ++i) map.emplace("key " + std::to_string(i), i);
  both_ways("map of 1e5 str to int", map);

  both_ways("dict of 1e5 str to int as Value", ff::loads(ff::dumps(map)));

  std::vector<double> numbers(1'000'000);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i) * 0.37;
  both_ways("vector of 1e6 doubles", numbers);

  both_ways("1e5 records", make_items(100'000));
}
