// The same objects through cereal's binary archive, in milliseconds.
#include <cereal/archives/binary.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>
#include <sstream>

#include "records.hpp"
#include "report.hpp"

template <class Archive>
void serialize(Archive& archive, Item& item) {
  archive(item.id, item.name, item.values);
}

namespace {

template <class T>
void both_ways(const std::string& name, const T& object) {
  std::stringstream stream;
  bench::report(name + ", out", 1e3 * bench::seconds([&] {
                                  cereal::BinaryOutputArchive archive(stream);
                                  archive(object);
                                }));
  T read;
  bench::report(name + ", in", 1e3 * bench::seconds([&] {
                                 cereal::BinaryInputArchive archive(stream);
                                 archive(read);
                               }));
}

}  // namespace

int main() {
  std::map<std::string, int> map;
  for (int i = 0; i < 100'000; ++i) map.emplace("key " + std::to_string(i), i);
  both_ways("map of 1e5 str to int", map);
  std::vector<double> numbers(1'000'000);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i) * 0.37;
  both_ways("vector of 1e6 doubles", numbers);
  both_ways("1e5 records", make_items(100'000));
}
