#pragma once

#include <cstddef>

namespace functionfuse {

/// How a ChunkedArray is computed.
struct ComputeOptions {
  /// Bytes that chunks may take in memory at a time, all threads together; 0: memory_limit(). New
  /// chunks are begun only as others are done with. Chunks that several results need and that do not
  /// fit wait in a temporary file (in $TMPDIR, or else /var/tmp). Not counted: what is computed of the
  /// order of the work, some 300 bytes for each chunk that is kept for others.
  std::size_t memory_limit = 0;
  /// 0: as many as the machine has cores that this process may use, or as requests in flight pay where
  /// chunks come from S3 or go there (16). At most 256.
  unsigned threads = 0;
};

/// The limit of evaluations that give none: a quarter of the machine's memory (of the control group's,
/// where that is less), unless set_memory_limit() was called.
[[nodiscard]] std::size_t memory_limit() noexcept;
/// \param bytes  0: back to a quarter of the memory
/// \threads safe
void set_memory_limit(std::size_t bytes) noexcept;

}  // namespace functionfuse
