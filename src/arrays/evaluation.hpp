#pragma once

#include <memory>
#include <vector>

#include <functionfuse/arrays/chunk_source.hpp>
#include <functionfuse/arrays/compute_options.hpp>

#include "lazy_array.hpp"

namespace functionfuse::detail {

/// Where the chunks of one array go.
struct Output {
  LazyArrayPtr array;
  ChunkSink* sink;
  /// If set: every chunk is written to its place in this array of the whole shape (C order), where it
  /// is made if it is contiguous there, and the sink is not called.
  NdArray* whole = nullptr;
};

/// Computes arrays. How, stands at the top of evaluation.cpp.
void evaluate(const std::vector<Output>& outputs, const ComputeOptions& options);

}  // namespace functionfuse::detail
