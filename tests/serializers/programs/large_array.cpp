// large_array STORAGE BYTES LIMIT: stores a float64 array of so many bytes and reduces what was stored, within the
// memory limit. Prints its sum, its largest element, and the most memory that the program had resident, in bytes.

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include <functionfuse/functionfuse.hpp>

namespace ff = functionfuse;

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  constexpr std::int64_t kRow = 1024, kChunk = 1024;  // chunks of 8 MiB
  const std::int64_t rows = std::atoll(argv[2]) / 8 / kRow;
  ff::set_memory_limit(static_cast<std::size_t>(std::atoll(argv[3])));

  ff::FileStorage storage(argv[1]);
  storage.register_persistent_serializers<ff::DaskArraySerializer>();
  storage.save("large", "x",
               ff::ChunkedArray::from_function<double>(
                   {rows, kRow}, {kChunk, kRow}, [](std::span<double> values, const ff::Block& where) {
                     for (std::size_t i = 0; i < values.size(); ++i) {
                       values[i] = static_cast<double>(where.number * 1000 + i % 1000);
                     }
                   }));
  const auto x = storage.read_task<ff::ChunkedArray>("large", "x");
  const auto results = ff::compute_all({x.sum(), x.max(), (x - x.mean()).std({0})});

  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("%.17g %.17g %lld\n", results[0].at<double>(), results[1].at<double>(),
              static_cast<long long>(usage.ru_maxrss) * 1024);
  return 0;
}
