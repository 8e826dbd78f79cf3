#include "chunked_text.hpp"

#include <algorithm>

#include "functionfuse/arrays/compute_options.hpp"

#include "array_text.hpp"
#include "progress.hpp"

namespace functionfuse::cli {
namespace {

/// An array whose first and last three along each axis are those of `array`: what repr() shows of
/// one is what it shows of the other.
ChunkedArray ends_of(ChunkedArray array) {
  constexpr std::int64_t kEnds = 3, kLength = 2 * kEnds + 1;  // one is left out, as "..."
  for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
    if (array.shape()[axis] <= kLength) continue;
    std::vector<Slice> first(axis + 1), last(axis + 1);
    first[axis].stop = kLength - kEnds;
    last[axis].start = -kEnds;
    array = ChunkedArray::concatenate({array.slice(first), array.slice(last)},
                                      static_cast<std::int64_t>(axis));
  }
  return array;
}

class FactsSink final : public ChunkSink {
 public:
  FactsSink(Facts& facts, Progress& progress) : facts_(facts), progress_(progress) {}
  void write(std::size_t, const NdArray& block) override {
    facts_.add(block);
    progress_.add(block.nbytes());
  }
  [[nodiscard]] std::size_t extra_bytes() const override { return facts_.extra_bytes(); }

 private:
  Facts& facts_;
  Progress& progress_;
};

}  // namespace

std::vector<std::string> chunked_lines(const ChunkedArray& array, std::size_t threshold) {
  if (array.size() <= threshold && array.nbytes() <= memory_limit()) {
    return array_lines(array.compute(), threshold);
  }
  constexpr std::size_t kMost = 50'000;
  const ChunkedArray ends = ends_of(array);
  if (ends.size() > kMost) return {"[...]"};
  return array_lines(ends.compute(), 0);
}

void gather(Facts& facts, const ChunkedArray& array, const std::string& what) {
  Progress progress(what, array.nbytes());
  FactsSink sink(facts, progress);
  array.store(sink);
}

}  // namespace functionfuse::cli
