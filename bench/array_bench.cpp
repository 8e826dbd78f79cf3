// Chunked arrays: computed, and kept as HDF5 in the folder that is given. Peer: array_peers.py (dask and h5py).
//
//     array_bench compute FOLDER      seconds; microseconds a chunk and a task
//     array_bench files FOLDER        seconds for 1 GiB of float64; the figure of dd beside it is synced as ours
#include <functionfuse/functionfuse.hpp>

#include <filesystem>
#include <numeric>
#include <string_view>

#include "report.hpp"

namespace ff = functionfuse;

namespace {

/// xoshiro256+: uniform numbers in [0, 1).
class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {  // splitmix64
      std::uint64_t z = seed += 0x9e3779b97f4a7c15;
      z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
      z = (z ^ z >> 27) * 0x94d049bb133111eb;
      word = z ^ z >> 31;
    }
  }
  double operator()() {
    const std::uint64_t sum = state_[0] + state_[3], shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = state_[3] << 45 | state_[3] >> 19;
    return static_cast<double>(sum >> 11) * 0x1p-53;
  }

 private:
  std::uint64_t state_[4];
};

ff::ChunkedArray random_numbers(std::int64_t length, std::int64_t chunk) {
  return ff::ChunkedArray::from_function<double>(
      {length, length}, {chunk, chunk}, [](std::span<double> values, const ff::Block& where) {
        Random random(where.number);
        for (double& value : values) value = random();
      });
}

/// Computes and forgets.
class Nowhere final : public ff::ChunkSink {
 public:
  void write(std::size_t, const ff::NdArray&) override {}
};

void compute(const std::filesystem::path& folder) {
  const auto large = random_numbers(20'000, 2'000);
  bench::report("sum of 20,000 x 20,000 random numbers", bench::seconds([&] { (void)large.sum().compute(); }));
  bench::report("x * x + 1 of them into HDF5",
                bench::seconds([&] { ff::save_hdf5(folder / "x.h5", "x", large * large + 1); }));
  std::filesystem::remove(folder / "x.h5");

  const auto small = random_numbers(4'000, 40);
  bench::report("sum of 10,000 chunks of 40 x 40, a chunk",
                bench::seconds([&] { (void)small.sum().compute(); }) * 1e6 / 10'000);
  const auto trivial = ff::ChunkedArray::from_function<double>(
      {100'000}, {1}, [](std::span<double> value, const ff::Block&) { value[0] = 1; });
  Nowhere nowhere;
  bench::report("100,000 trivial tasks, a task", bench::seconds([&] { trivial.store(nowhere); }) * 1e6 / 100'000);
}

void files(const std::filesystem::path& folder) {
  constexpr std::int64_t kCount = std::int64_t{1} << 27;
  std::vector<double> values(kCount);
  std::iota(values.begin(), values.end(), 0.0);
  const ff::NdArray numbers = ff::NdArray::from(std::move(values));
  const std::pair<const char*, std::int64_t> sizes[] = {{"16 MiB", 2 << 20}, {"1 MiB", 128 << 10}, {"256 KiB", 32 << 10}};
  for (const auto& [size, chunk] : sizes) {
    const std::string what = std::string("1 GiB in chunks of ") + size + ", ";
    const auto file = folder / "x.h5";
    const auto array = ff::ChunkedArray::from_array(numbers, {chunk});
    bench::report(what + "save", bench::seconds([&] { ff::save_hdf5(file, "x", array); }));
    double sum = 0;
    bench::report(what + "read and sum", bench::seconds([&] {
                    sum = ff::open_hdf5(file, "x").sum().compute_scalar<double>();
                  }));
    if (sum != static_cast<double>(kCount) * (kCount - 1) / 2) std::exit(1);
    bench::report(what + "read whole", bench::seconds([&] { (void)ff::open_hdf5(file, "x").compute(); }));
    std::filesystem::remove(file);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string_view what = argv[1];
  if (what == "compute") compute(argv[2]);
  if (what == "files") files(argv[2]);
  return 0;
}
