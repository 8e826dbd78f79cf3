// Results on S3, in the bucket that is given; endpoint and keys are those of the environment.
// Peers: s3_ceiling_bench.cpp (libcurl) and s3_peers.py (boto3, zarr and dask).
//
//     s3_bench arrays BUCKET        seconds for 256 MiB of float64
//     s3_bench CASE BUCKET          one of them, as "plain chunks of 4 MiB"
//     s3_bench nodes BUCKET         milliseconds a node
//     s3_bench memory BUCKET        MB that the process takes at most, with a limit of 64 MiB
//     s3_bench 'many nodes' BUCKET  seconds
#include <numeric>
#include <string_view>

#include <functionfuse/functionfuse.hpp>

#include "report.hpp"

namespace ff = functionfuse;

namespace {

constexpr std::int64_t kCount = 32 << 20;
constexpr const char* kWorkflow = "w";

/// A ramp with noise, of which blosc leaves a quarter; the same in s3_peers.py. Sums of them are
/// exact.
double number(std::uint64_t i) {
  std::uint64_t z = (i + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  return static_cast<double>(i % 4096) + static_cast<double>(z >> 56) / 256;
}

ff::ChunkedArray numbers(std::int64_t chunk) {
  return ff::ChunkedArray::from_function<double>(
      {kCount}, {chunk}, [chunk](std::span<double> values, const ff::Block& where) {
        std::uint64_t i = where.number * static_cast<std::uint64_t>(chunk);
        for (double& value : values) value = number(i++);
      });
}

std::shared_ptr<ff::S3Storage> open(const std::string& bucket,
                                    const ff::DaskArraySerializer::Options& options = {}) {
  auto storage = std::make_shared<ff::S3Storage>(ff::S3Options{.path = "/" + bucket + "/ours"});
  storage->register_persistent_serializers(ff::DaskArraySerializer(options));
  return storage;
}

void arrays(const std::string& bucket, std::string_view wanted) {
  struct Case {
    const char* name;
    const char* codec;
    std::int64_t chunk;
  };
  const Case cases[] = {{"plain chunks of 4 MiB", "", 512 << 10},
                        {"plain chunks of 1 MiB", "", 128 << 10},
                        {"plain chunks of 256 KiB", "", 32 << 10},
                        {"packed chunks of 4 MiB", "blosc", 512 << 10},
                        {"packed chunks of 256 KiB", "blosc", 32 << 10}};
  const ff::NdArray all = numbers(512 << 10).compute();
  const double total =
      ff::ChunkedArray::from_array(all, {512 << 10}).sum().compute_scalar<double>();
  for (const auto& [name, codec, chunk] : cases) {
    if (wanted != "arrays" && wanted != name) continue;
    const std::string what = std::string("256 MiB in ") + name + ", ";
    const ff::DaskArraySerializer::Options options{.zarr = {.codec = codec}};
    const auto storage = open(bucket, options);  // keeps its connections, as the peers do
    bench::report(what + "save", bench::seconds([&] {
                    storage->save(kWorkflow, "x", ff::ChunkedArray::from_array(all, {chunk}));
                  }));
    double sum = 0;
    bench::report(what + "read and sum", bench::seconds([&] {
                    const auto stored = storage->read_task<ff::ChunkedArray>(kWorkflow, "x");
                    sum = stored.sum().compute_scalar<double>();
                  }));
    if (sum != total) std::exit(1);
    storage->remove_workflow(kWorkflow);
  }
}

double scale(int i, double factor) { return i * factor; }

double total(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.);
}

using Nodes = std::vector<ff::Node<double>>;

/// Seconds of a run that knows nothing of the bucket yet.
template <class Wanted>
double run(const std::string& bucket, const Wanted& wanted) {
  ff::LocalWorkflow workflow(wanted, kWorkflow);
  workflow.set_storage(open(bucket));
  workflow.set_progress(false);
  return bench::seconds([&] {
    ff::Results results = workflow.run();
    if constexpr (std::is_same_v<Wanted, Nodes>) {  // a stored result is read when it is asked for
      for (const auto& node : wanted) (void)results.get(node);
    }
  });
}

Nodes make_nodes(int count) {
  Nodes nodes;
  for (int i = 0; i < count; ++i) nodes.push_back(ff::workflow<scale>()(i, 0.5));
  return nodes;
}

void nodes(const std::string& bucket) {
  constexpr int kNodes = 1000;
  const auto milliseconds = [](double seconds) { return seconds * 1e3 / kNodes; };
  bench::report("node, run and store",
                milliseconds(run(bucket, ff::workflow<total>()(make_nodes(kNodes)))));
  bench::report("node, find stored",
                milliseconds(run(bucket, ff::workflow<total>()(make_nodes(kNodes)))));
  bench::report("node, read stored", milliseconds(run(bucket, make_nodes(kNodes))));
  open(bucket)->remove_workflow(kWorkflow);
}

void memory(const std::string& bucket) {
  const ff::ComputeOptions limited{.memory_limit = std::size_t{64} << 20};
  const auto storage = open(bucket, {.compute = limited});
  const auto array = numbers(512 << 10);
  const auto peak_of = [](const char* what, const auto& work) {
    bench::forget_peak();
    work();
    bench::report(std::string("256 MiB with a limit of 64 MiB, ") + what,
                  bench::peak_memory() / 1e6);
  };
  peak_of("save, memory", [&] { storage->save(kWorkflow, "x", array); });
  peak_of("read and sum, memory", [&] {
    (void)open(bucket)->read_task<ff::ChunkedArray>(kWorkflow, "x").sum().compute(limited);
  });
  storage->remove_workflow(kWorkflow);
}

void many_nodes(const std::string& bucket) {
  constexpr int kNodes = 10'000;
  run(bucket, ff::workflow<total>()(make_nodes(kNodes)));
  bench::report("10,000 stored nodes, find",
                run(bucket, ff::workflow<total>()(make_nodes(kNodes))));
  open(bucket)->remove_workflow(kWorkflow);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string_view what = argv[1];
  if (what == "nodes") {
    nodes(argv[2]);
  } else if (what == "memory") {
    memory(argv[2]);
  } else if (what == "many nodes") {
    many_nodes(argv[2]);
  } else {
    arrays(argv[2], what);
  }
  return 0;
}
