#pragma once

#include <cstddef>
#include <cstdint>

#include <functionfuse/arrays/nd_array.hpp>

namespace functionfuse::detail {

/// Gives the elements of an array to loops that know one type only: contiguous, aligned, native
/// numbers. Elements that lie so are not moved; others are converted into the caller's buffer, a
/// block at a time, so that no converted copy of the array is ever made.
class BlockReader {
 public:
  /// \param array  numeric, or M or m (read as int64); outlives the reader
  /// \param to     the dtype that its values are converted to, as astype does; numeric, or the
  /// array's
  ///               own M or m
  BlockReader(const NdArray& array, const DType& to);

  /// The dtype in which values are delivered: `to` in native order, but float32 for float16, which
  /// no loop knows, and int64 for M and m.
  [[nodiscard]] static DType delivered(const DType& to);

  /// Whether elements that lie `step` bytes apart need no buffer.
  [[nodiscard]] bool direct(std::int64_t step) const noexcept {
    return as_is_ && aligned_ && step == static_cast<std::int64_t>(size_);
  }
  /// Bytes of a delivered element.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const std::byte* data() const noexcept { return data_; }

  /// \param offset  in bytes, of the first element
  /// \param buffer  for count elements of size() bytes; aligned
  /// \return  where the elements are: in the array or in the buffer
  const std::byte* read(std::int64_t offset, std::int64_t step, std::size_t count,
                        std::byte* buffer) const;

 private:
  using RowConverter = void (*)(std::byte* to, const std::byte* from, std::int64_t step,
                                std::size_t count);

  void convert(const std::byte* from, std::int64_t step, std::size_t count,
               std::byte* buffer) const;

  const std::byte* data_;
  DType from_, to_;
  RowConverter row_ = nullptr;  // what brings elements into the buffer; null: convert() does
  bool through_half_;           // values are to be rounded to float16 first
  bool as_is_;                  // the array's elements are of the delivered dtype
  bool aligned_ = false;
  std::size_t size_;
};

/// Alignment of a number for the loops: that of its parts, where it is complex.
[[nodiscard]] std::size_t number_alignment(const DType& dtype);

}  // namespace functionfuse::detail
