#pragma once

#include <functionfuse/arrays/chunked_array.hpp>

#include "lazy_array.hpp"

namespace functionfuse::detail {

/// The operation that takes its chunks from a source.
class SourceOperation final : public Operation {
 public:
  explicit SourceOperation(std::shared_ptr<const ChunkSource> source);
  void needs(std::size_t, std::vector<Need>&) const override {}
  [[nodiscard]] NdArray make(std::size_t number, Inputs& inputs) const override;
  [[nodiscard]] std::size_t extra_bytes() const override { return source_->extra_bytes(); }

 private:
  std::shared_ptr<const ChunkSource> source_;
};

[[nodiscard]] ChunkedArray from_source(std::shared_ptr<const ChunkSource> source);

}  // namespace functionfuse::detail
