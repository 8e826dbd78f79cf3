#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <functionfuse/arrays/dtype.hpp>

namespace functionfuse {

/// How an array is cut into chunks: Dask's `chunks`, for every axis the lengths of the pieces along
/// it. Regular, as `Chunks::regular({1000, 500}, {256, 500})`, or of any lengths:
///
///     ff::Chunks chunks({{256, 256, 256, 232}, {500}});
///
/// Every axis has at least one piece; an axis of length 0 has one of length 0, as in Dask. A chunk
/// has an index of ndim() numbers, and a number: its place in C order among count().
///
/// A value that costs no more to copy than a pointer.
///
/// \threads immutable apart from assignment
class Chunks {
 public:
  /// Of an array of rank 0: one chunk.
  Chunks();
  /// \error invalid_argument  an axis without pieces, a negative length, more than 32 axes, more
  ///                          than 2^63 - 1 elements or chunks
  explicit Chunks(std::vector<std::vector<std::int64_t>> lengths);
  /// Pieces of one length along each axis, the last one shorter where it does not divide the axis.
  ///
  /// \param chunk_shape  a length for each axis: -1 is the whole axis, more than the axis as well
  /// \error invalid_argument  not one for each axis, 0 or below -1; as above
  static Chunks regular(const Shape& shape, const Shape& chunk_shape);

  [[nodiscard]] const Shape& shape() const noexcept;
  [[nodiscard]] std::size_t ndim() const noexcept { return shape().size(); }
  /// How many pieces each axis has: Dask's `numblocks`.
  [[nodiscard]] const Shape& numblocks() const noexcept;
  /// All chunks: the product of numblocks().
  [[nodiscard]] std::size_t count() const noexcept;
  /// The pieces of an axis. \param axis  below ndim()
  [[nodiscard]] const std::vector<std::int64_t>& lengths(std::size_t axis) const noexcept;
  /// Where the pieces of an axis begin, and the length of the axis behind them.
  [[nodiscard]] const std::vector<std::int64_t>& starts(std::size_t axis) const noexcept;
  /// The longest piece of each axis: Dask's `chunksize`, the chunk shape on disk.
  [[nodiscard]] const Shape& chunksize() const noexcept;
  /// Whether they are Chunks::regular(shape(), chunksize()).
  [[nodiscard]] bool is_regular() const noexcept;

  /// The index of chunk `number`. \pre number < count()
  [[nodiscard]] Shape index(std::size_t number) const;
  [[nodiscard]] std::size_t number(const Shape& index) const noexcept;
  [[nodiscard]] Shape shape_of(const Shape& index) const;
  /// The position of its first element in the array.
  [[nodiscard]] Shape origin_of(const Shape& index) const;
  /// The piece of an axis that `position` lies in. \pre 0 <= position < shape()[axis]
  [[nodiscard]] std::int64_t find(std::size_t axis, std::int64_t position) const noexcept;

  /// "((256, 256, 256, 232), (500,))", long runs shortened.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Chunks& a, const Chunks& b) noexcept;

 private:
  struct Grid;
  std::shared_ptr<const Grid> grid_;
};

}  // namespace functionfuse
