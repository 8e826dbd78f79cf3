// Two substances that diffuse and react (the model of Gray and Scott) make a pattern. The frames of
// the simulation are one array of time, y and x, larger than the memory that it may take. Kill this
// program in the middle and start it again: it goes on.
//
//     Simulation ──> advance ──> advance ──> ...
//                       └───────────┴─────────┴──> frames ──┬──> statistics
//                                                           └──> activity
//
//     reaction_diffusion [--size CELLS] [--frames COUNT] [--steps PER-FRAME] [--memory-limit 32MB]
//                        [--storage FOLDER | s3://BUCKET/PREFIX]
//
// On S3 the bucket has to be there; endpoint and credentials are those of the environment or of
// ~/.aws, as docs/s3.md says, and the frames are a Zarr array.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <functionfuse/functionfuse.hpp>

namespace ff = functionfuse;

using Field = std::vector<float>;  // of size * size cells

constexpr float trace = 1e-15F;  // of v everywhere: the numbers next to zero are slow

/// How much a cell differs from those around it.
float spread(const float* c, std::int64_t n) {
  return 0.2F * (c[-n] + c[-1] + c[1] + c[n]) - c[0] +
         0.05F * (c[-n - 1] + c[-n + 1] + c[n - 1] + c[n + 1]);
}

void step(std::int64_t n, const float* u, const float* v, float* __restrict next_u,
          float* __restrict next_v) {
  constexpr float feed = 0.037F, kill = 0.06F;
  for (std::int64_t i = n + 1; i < n * (n - 1) - 1; ++i) {
    const float reaction = u[i] * v[i] * v[i];
    next_u[i] = u[i] + spread(u + i, n) - reaction + feed * (1 - u[i]);
    next_v[i] = v[i] + 0.5F * spread(v + i, n) + reaction - (feed + kill) * (v[i] - trace);
  }
  for (float* edges : {next_u, next_v}) {  // are copies: what leaves here comes in there
    for (std::int64_t row = n; row < n * (n - 1); row += n) {
      edges[row] = edges[row + n - 2];
      edges[row + n - 1] = edges[row + 1];
    }
    std::copy_n(edges + n * (n - 2), n, edges);
    std::copy_n(edges + n, n, edges + n * (n - 1));
  }
}

/// A square dish. Its state is stored after every call: there a killed run goes on.
struct Simulation {
  Simulation() = default;

  /// Some drops of the second substance in the first one.
  explicit Simulation(std::int64_t cells)
      : size(cells), u(static_cast<std::size_t>(cells * cells), 1), v(u.size(), trace) {
    std::mt19937 random(1);
    for (std::int64_t drop = 0; drop < 1 + size * size / 8192; ++drop) {
      const std::size_t top = random() % (size - 8), left = random() % (size - 8);
      for (std::size_t i = 0; i < 64; ++i) {
        const std::size_t cell = (top + i / 8) * size + left + i % 8;
        u[cell] = 0.5F;
        v[cell] = 0.25F;
      }
    }
  }

  /// The next frames, as an array of time, y and x: where how much of the second substance is.
  ff::ChunkedArray advance(std::int64_t frames, int steps_per_frame) {
    Field block, next_u(u.size()), next_v(v.size());
    block.reserve(static_cast<std::size_t>(frames) * v.size());
    for (std::int64_t frame = 0; frame < frames; ++frame) {
      for (int i = 0; i < steps_per_frame; ++i) {
        step(size, u.data(), v.data(), next_u.data(), next_v.data());
        u.swap(next_u);
        v.swap(next_v);
      }
      block.insert(block.end(), v.begin(), v.end());
    }
    return ff::ChunkedArray::from_array(ff::NdArray::from(std::move(block), {frames, size, size}),
                                        {frames, 128, 128});
  }

  std::int64_t size = 0;
  Field u, v;
};
FUNCTIONFUSE_FIELDS(Simulation, size, u, v)

/// Copies nothing: the result is lazy, and is read and written chunk by chunk when it is stored.
ff::ChunkedArray frames(const std::vector<ff::ChunkedArray>& blocks) {
  return ff::ChunkedArray::concatenate(blocks);
}

struct Statistics {
  ff::NdArray mean, deviation, grown;  // of each frame
};
FUNCTIONFUSE_FIELDS(Statistics, mean, deviation, grown)

Statistics statistics(const ff::ChunkedArray& frames) {
  auto all = ff::compute_all(  // the frames are read once for the three
      {frames.mean({1, 2}), frames.std({1, 2}), (frames > 0.1F).mean({1, 2})});
  return {all[0], all[1], all[2]};
}

/// What still moves: how far each cell goes up and down in the last half of the time.
ff::ChunkedArray activity(const ff::ChunkedArray& frames) {
  auto late = frames.slice({{frames.shape()[0] / 2, {}}});
  return late.max({0}) - late.min({0});
}

void print(const Statistics& s) {
  std::printf("\nframe   mean  deviation  grown\n");
  const std::size_t count = s.mean.size(), step = std::max<std::size_t>(1, count / 8);
  for (std::size_t i = step - 1; i < count; i += step) {
    const int grown = static_cast<int>(100 * s.grown.at<double>(i));
    std::printf("%5zu  %.3f  %9.3f  %4d%% %s\n", i, s.mean.at<double>(i), s.deviation.at<double>(i),
                grown, std::string(static_cast<std::size_t>(grown) / 2, '#').c_str());
  }
}

std::size_t bytes(const std::string& text) {
  const std::map<std::string, double> units{{"", 1}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}};
  std::size_t end = 0;
  const double number = std::stod(text, &end);
  const auto unit = units.find(text.substr(end));
  if (unit == units.end()) throw std::invalid_argument(text + ": not in kB, MB or GB");
  return static_cast<std::size_t>(number * unit->second);
}

std::shared_ptr<ff::Storage> open_storage(const std::string& path) {
  const std::string kind = path.starts_with("s3:") ? "S3" : "file";
  auto storage = ff::storage_factory({{"kind", kind}, {"options", {{"path", path}}}});
  // Killed while it stores an array, the next run goes on with the chunks that are in the file.
  storage->register_persistent_serializers(ff::DaskArraySerializer({.resume = true}));
  return storage;
}

int main(int argc, char** argv) try {
  std::map<std::string, std::string> options{{"--size", "512"},
                                             {"--frames", "128"},
                                             {"--steps", "40"},
                                             {"--memory-limit", "32MB"},
                                             {"--storage", "storage"}};
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc || !options.contains(argv[i])) {
      throw std::invalid_argument(
          std::string(argv[i]) +
          "? Write --size 512 --frames 128 --steps 40 --memory-limit 32MB --storage FOLDER, or s3://BUCKET/PREFIX");
    }
    options[argv[i]] = argv[i + 1];
  }
  const std::int64_t size = std::stoll(options["--size"]), count = std::stoll(options["--frames"]);
  const int steps = std::stoi(options["--steps"]);
  if (size < 16 || count < 1 || steps < 1) throw std::invalid_argument("a --size from 16 on");
  ff::set_memory_limit(bytes(options["--memory-limit"]));

  auto simulation = ff::workflow<Simulation>()(size).set_name("simulation");
  std::vector<ff::Node<ff::ChunkedArray>> blocks;  // of 8 frames, or of some 8 MB
  const std::int64_t block = std::clamp<std::int64_t>((1 << 21) / (size * size), 1, 8);
  for (std::int64_t done = 0; done < count; done += block) {
    blocks.push_back(simulation.call<&Simulation::advance>(std::min(block, count - done), steps));
  }
  auto all = ff::workflow<frames>()(blocks).set_name("frames");
  auto table = ff::workflow<statistics>()(all).set_name("statistics");
  auto moving = ff::workflow<activity>()(all).set_name("activity");

  ff::LocalWorkflow workflow({table, moving}, "reaction_diffusion");
  workflow.set_storage(open_storage(options["--storage"]));
  workflow.set_log(std::cout);
  print(workflow.run().get(table));
  std::cout << "\nThe last frame as a picture: functionfuse export " << options["--storage"]
            << " reaction_diffusion frames --slice=-1 --to frame.png\n";
} catch (const std::exception& e) {
  std::cerr << "reaction_diffusion: " << e.what() << "\n";
  return 1;
}
