#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <functionfuse/arrays/chunk_source.hpp>

namespace functionfuse::detail {

class LazyArray;
using LazyArrayPtr = std::shared_ptr<LazyArray>;

/// A chunk of one of an operation's inputs.
struct Need {
  std::uint32_t input;
  std::size_t number;
};

/// What an operation gets while it makes one chunk.
class Inputs {
 public:
  virtual ~Inputs();
  /// The chunk of the i-th need. Each once, in the order of the needs.
  virtual NdArray take(std::size_t i) = 0;
  /// The chunk of a need, if nobody else has its elements, may be written to and returned.
  static bool is_mine(const NdArray& taken);
  /// Whether output() gives the place where the chunk is to be in the end: better than a need's memory.
  [[nodiscard]] virtual bool has_place() const = 0;
  /// Memory for the chunk that is made: C order, content unspecified.
  virtual NdArray output(const DType& dtype, const Shape& shape) = 0;
};

/// How the chunks of a lazy array are made of chunks of others. Never changes.
/// \threads  its functions are called from any number of threads
class Operation {
 public:
  /// What the evaluation has to know of it.
  struct Traits {
    bool one_to_one = true;  ///< no chunk of an input is needed by two chunks of the result
    bool streams = false;    ///< is done with a need when it takes the next one
    bool separate = false;   ///< its needs are computed side by side rather than one after the other
    bool is_view = false;    ///< the result has its elements where a need has them
    bool is_free = false;    ///< making a chunk costs neither time nor memory
    bool is_stored = false;  ///< as ChunkSource::is_stored
    unsigned threads = 0;    ///< as ChunkSource::concurrent_reads
  };

  Operation(Traits traits, std::vector<LazyArrayPtr> inputs)
      : inputs_(std::move(inputs)), traits_(traits) {}
  virtual ~Operation();
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  [[nodiscard]] const Traits& traits() const noexcept { return traits_; }
  [[nodiscard]] const std::vector<LazyArrayPtr>& inputs() const noexcept { return inputs_; }
  /// Appends what chunk `number` is made of.
  virtual void needs(std::size_t number, std::vector<Need>& needs) const = 0;
  /// \threads  starts none
  [[nodiscard]] virtual NdArray make(std::size_t number, Inputs& inputs) const = 0;
  /// Memory besides the needs and the result.
  [[nodiscard]] virtual std::size_t extra_bytes() const { return 0; }

 private:
  friend class LazyArray;
  std::vector<LazyArrayPtr> inputs_;
  Traits traits_;
};

/// What copies of a ChunkedArray share.
class LazyArray {
 public:
  LazyArray(DType dtype, Chunks chunks, std::shared_ptr<const Operation> operation,
            std::optional<NdArray> scalar = std::nullopt);
  /// A graph of any depth is taken down without recursion.
  ~LazyArray();
  LazyArray(const LazyArray&) = delete;
  LazyArray& operator=(const LazyArray&) = delete;

  [[nodiscard]] const DType& dtype() const noexcept { return dtype_; }
  [[nodiscard]] const Chunks& chunks() const noexcept { return chunks_; }
  /// Its value, for one that was made of a scalar.
  [[nodiscard]] const NdArray* scalar() const noexcept { return scalar_ ? &*scalar_ : nullptr; }
  [[nodiscard]] std::shared_ptr<const Operation> operation() const;
  /// Of the same dtype and chunks.
  void replace(std::shared_ptr<const Operation> operation);

 private:
  const DType dtype_;
  const Chunks chunks_;
  const std::optional<NdArray> scalar_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Operation> operation_;
};

}  // namespace functionfuse::detail
