#pragma once

#include <cstddef>
#include <string>

#include <functionfuse/arrays/chunks.hpp>
#include <functionfuse/arrays/nd_array.hpp>

namespace functionfuse {

/// Where the chunks of a ChunkedArray come from: a file, memory, a device. Derive from it to make a
/// ChunkedArray of anything that can be read chunk by chunk.
///
/// \threads  its functions are called from any number of threads at a time
class ChunkSource {
 public:
  ChunkSource(DType dtype, Chunks chunks) : dtype_(std::move(dtype)), chunks_(std::move(chunks)) {}
  virtual ~ChunkSource();
  ChunkSource(const ChunkSource&) = delete;
  ChunkSource& operator=(const ChunkSource&) = delete;

  [[nodiscard]] const DType& dtype() const noexcept { return dtype_; }
  [[nodiscard]] const Chunks& chunks() const noexcept { return chunks_; }

  /// Writes the elements of a chunk.
  ///
  /// \param number  of the chunk; below chunks().count()
  /// \param block   of dtype() and the chunk's shape, in C order, of unspecified content
  /// \error any     passed on to who asked for the array
  virtual void read(std::size_t number, NdArray& block) const = 0;

  /// The chunk as elements that lie in memory already, to be used in place of read(); true: `block`
  /// is set to them. They are not written to, and stay as they are while `block` has an owner.
  [[nodiscard]] virtual bool view(std::size_t number, NdArray& block) const;

  /// view() gives every chunk, at no cost: chunks are not counted in the memory limit.
  [[nodiscard]] virtual bool is_in_memory() const { return false; }

  /// Memory that read() needs besides the block, at most, in bytes.
  [[nodiscard]] virtual std::size_t extra_bytes() const;

  /// read() gives the same each time and costs little more than memory: a chunk that does not fit
  /// the memory limit is read again rather than kept in a temporary file.
  [[nodiscard]] virtual bool is_stored() const { return false; }

  /// How many calls of read() at a time pay, where that is more than there are cores, as for a server
  /// that is waited for: an evaluation whose options name no number of threads has so many.
  [[nodiscard]] virtual unsigned concurrent_reads() const { return 0; }

 private:
  DType dtype_;
  Chunks chunks_;
};

/// Where the chunks of a ChunkedArray go: see ChunkedArray::store.
///
/// \threads  its functions are called from any number of threads at a time; write() for each chunk at
///           most once
class ChunkSink {
 public:
  virtual ~ChunkSink();
  /// \param block  the chunk, with any strides; the elements may be overwritten as soon as this returns
  virtual void write(std::size_t number, const NdArray& block) = 0;
  /// A chunk that need not be computed. Asked before an evaluation begins and while it runs, and again;
  /// the answer for a chunk stays the same but by write().
  [[nodiscard]] virtual bool has(std::size_t number) const;
  /// Memory that write() needs besides the block, at most, in bytes.
  [[nodiscard]] virtual std::size_t extra_bytes() const;
  /// As ChunkSource::concurrent_reads, of write().
  [[nodiscard]] virtual unsigned concurrent_writes() const { return 0; }
};

}  // namespace functionfuse
