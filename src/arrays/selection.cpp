// Operations that give the elements other places: their chunks are views of the chunks above them.

#include <algorithm>
#include <numeric>

#include <functionfuse/error.hpp>

#include "operations.hpp"

namespace functionfuse {
namespace detail {
namespace {

__extension__ using Wide = __int128;

[[noreturn]] void fail(const std::string& what) { throw Error(Errc::invalid_argument, what); }

/// The array with axes of length 1 left out.
NdArray without_axes(const NdArray& array, const std::vector<bool>& dropped) {
  Shape shape, strides;
  for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
    if (dropped[axis]) continue;
    shape.push_back(array.shape()[axis]);
    strides.push_back(array.strides()[axis]);
  }
  if (array.writable()) {
    return NdArray::view(array.dtype(), shape, strides, const_cast<std::byte*>(array.data()), array.owner());
  }
  return NdArray::view(array.dtype(), shape, strides, array.data(), array.owner());
}

class SliceOperation final : public Operation {
 public:
  struct Piece {
    std::int64_t block;  ///< of the input
    Slice part;          ///< of it
  };
  SliceOperation(const ChunkedArray& array, std::vector<std::vector<Piece>> pieces,
                 std::vector<bool> dropped, const Chunks& chunks)
      : Operation({.is_view = true}, {array.lazy()}),
        dtype_(array.dtype()),
        old_(array.chunks()),
        chunks_(chunks),
        pieces_(std::move(pieces)),
        dropped_(std::move(dropped)) {}

  void needs(std::size_t number, std::vector<Need>& needs) const override {
    Shape block(old_.ndim());
    std::vector<Slice> parts;
    if (locate(number, block, parts)) needs.push_back({0, old_.number(block)});
  }

  NdArray make(std::size_t number, Inputs& inputs) const override {
    Shape block(old_.ndim());
    std::vector<Slice> parts(old_.ndim());
    if (!locate(number, block, parts)) return inputs.output(dtype_, chunks_.shape_of(chunks_.index(number)));
    return without_axes(inputs.take(0).slice(parts), dropped_);
  }

 private:
  /// The block of the input that a chunk is a part of; false: it has no elements.
  bool locate(std::size_t number, Shape& block, std::vector<Slice>& parts) const {
    const Shape index = chunks_.index(number);
    std::size_t own = 0;
    for (std::size_t axis = 0; axis < old_.ndim(); ++axis) {
      const std::size_t i = dropped_[axis] ? 0 : static_cast<std::size_t>(index[own++]);
      if (i >= pieces_[axis].size()) return false;
      block[axis] = pieces_[axis][i].block;
      if (axis < parts.size()) parts[axis] = pieces_[axis][i].part;
    }
    return true;
  }

  DType dtype_;
  Chunks old_, chunks_;
  std::vector<std::vector<Piece>> pieces_;  // [axis of the input][piece]; none where nothing is left
  std::vector<bool> dropped_;
};

/// start, start + step, ... : count positions of an axis.
struct Positions {
  std::int64_t start, step, count;
};

/// As Python's slice.indices().
Positions positions(const Slice& slice, std::int64_t length) {
  if (slice.step == 0) fail("slice: a step of 0");
  const std::int64_t first = slice.step > 0 ? 0 : -1;  // where a start or stop is cut to
  auto normal = [&](std::int64_t i) {
    if (i < 0) i = i < -length ? -1 : i + length;
    return std::clamp(i, first, length + first);
  };
  const bool forward = slice.step > 0;
  const std::int64_t start = slice.start ? normal(*slice.start) : forward ? 0 : length - 1;
  const std::int64_t stop = slice.stop ? normal(*slice.stop) : forward ? length : -1;
  std::int64_t count = 0;
  if (forward && start < stop) count = (stop - start - 1) / slice.step + 1;
  if (!forward && start > stop) count = static_cast<std::int64_t>((start - stop - 1) / -static_cast<Wide>(slice.step)) + 1;
  return {start, slice.step, count};
}

/// Cuts positions along an axis into runs within one piece each.
std::vector<SliceOperation::Piece> pieces_of(const Chunks& chunks, std::size_t axis, Positions at,
                                             std::vector<std::int64_t>& lengths) {
  std::vector<SliceOperation::Piece> pieces;
  const auto& starts = chunks.starts(axis);
  while (at.count > 0) {
    const std::int64_t block = chunks.find(axis, at.start);
    const std::int64_t begin = starts[static_cast<std::size_t>(block)];
    const std::int64_t end = starts[static_cast<std::size_t>(block) + 1];
    const std::int64_t left = at.step > 0 ? end - 1 - at.start : at.start - begin;
    const auto step = static_cast<Wide>(at.step > 0 ? at.step : -static_cast<Wide>(at.step));
    const auto n = std::min(at.count, static_cast<std::int64_t>(left / step) + 1);
    const std::int64_t first = at.start - begin;
    const std::int64_t last = first + (n - 1) * at.step;
    Slice part{.start = first, .stop = {}, .step = at.step};
    if (n == 1) {
      part = {.start = first, .stop = first + 1};
    } else if (at.step > 0) {
      part.stop = last + 1;
    } else if (last > 0) {
      part.stop = last - 1;
    }
    pieces.push_back({block, part});
    lengths.push_back(n);
    at.count -= n;
    if (at.count > 0) at.start += n * at.step;
  }
  if (lengths.empty()) lengths.push_back(0);
  return pieces;
}

ChunkedArray select(const ChunkedArray& array, const std::vector<Positions>& axes,
                    const std::vector<bool>& dropped) {
  std::vector<std::vector<SliceOperation::Piece>> pieces;
  std::vector<std::vector<std::int64_t>> lengths;
  for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
    std::vector<std::int64_t> along;
    pieces.push_back(pieces_of(array.chunks(), axis, axes[axis], along));
    if (!dropped[axis]) lengths.push_back(std::move(along));
  }
  const Chunks chunks(std::move(lengths));
  return make_array<SliceOperation>(array.dtype(), chunks, array, std::move(pieces), dropped, chunks);
}

class TransposeOperation final : public Operation {
 public:
  TransposeOperation(const ChunkedArray& array, std::vector<std::size_t> axes, const Chunks& chunks)
      : Operation({.is_view = true}, {array.lazy()}), old_(array.chunks()), chunks_(chunks), axes_(std::move(axes)) {}
  void needs(std::size_t number, std::vector<Need>& needs) const override {
    const Shape index = chunks_.index(number);
    Shape block(index.size());
    for (std::size_t axis = 0; axis < index.size(); ++axis) block[axes_[axis]] = index[axis];
    needs.push_back({0, old_.number(block)});
  }
  NdArray make(std::size_t, Inputs& inputs) const override { return inputs.take(0).transpose(axes_); }

 private:
  Chunks old_, chunks_;
  std::vector<std::size_t> axes_;
};

/// Axes of length 1 more, and lengths of 1 repeated.
class BroadcastOperation final : public Operation {
 public:
  /// \param from  [axis]: the axis of the array, or -1 for one that it does not have
  BroadcastOperation(const ChunkedArray& array, std::vector<std::int64_t> from, const Chunks& chunks)
      : Operation({.one_to_one = array.chunks().count() == chunks.count(), .is_view = true}, {array.lazy()}),
        old_(array.chunks()),
        chunks_(chunks),
        from_(std::move(from)) {}
  void needs(std::size_t number, std::vector<Need>& needs) const override {
    const Shape index = chunks_.index(number);
    Shape block(old_.ndim());
    for (std::size_t axis = 0; axis < index.size(); ++axis) {
      if (from_[axis] < 0) continue;
      const auto own = static_cast<std::size_t>(from_[axis]);
      block[own] = old_.shape()[own] == chunks_.shape()[axis] ? index[axis] : old_.find(own, 0);
    }
    needs.push_back({0, old_.number(block)});
  }
  NdArray make(std::size_t number, Inputs& inputs) const override {
    const NdArray block = inputs.take(0);
    const Shape shape = chunks_.shape_of(chunks_.index(number));
    Shape strides(shape.size(), 0);
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      if (from_[axis] < 0) continue;
      const auto own = static_cast<std::size_t>(from_[axis]);
      if (old_.shape()[own] == chunks_.shape()[axis]) strides[axis] = block.strides()[own];
    }
    return NdArray::view(block.dtype(), shape, strides, static_cast<const std::byte*>(block.data()),
                         block.owner());
  }

 private:
  Chunks old_, chunks_;
  std::vector<std::int64_t> from_;
};

class ConcatenateOperation final : public Operation {
 public:
  ConcatenateOperation(const std::vector<ChunkedArray>& arrays, std::size_t axis, const Chunks& chunks)
      : Operation({.is_view = true}, lazy_of(arrays)), chunks_(chunks), axis_(axis) {
    std::int64_t first = 0;
    for (const ChunkedArray& array : arrays) {
      first_.push_back(first);
      first += array.chunks().numblocks()[axis];
    }
  }
  void needs(std::size_t number, std::vector<Need>& needs) const override {
    Shape index = chunks_.index(number);
    const auto input = std::ranges::upper_bound(first_, index[axis_]) - first_.begin() - 1;
    index[axis_] -= first_[static_cast<std::size_t>(input)];
    const LazyArray& array = *inputs()[static_cast<std::size_t>(input)];
    needs.push_back({static_cast<std::uint32_t>(input), array.chunks().number(index)});
  }
  NdArray make(std::size_t, Inputs& inputs) const override { return inputs.take(0); }

 private:
  static std::vector<LazyArrayPtr> lazy_of(const std::vector<ChunkedArray>& arrays) {
    std::vector<LazyArrayPtr> lazy;
    for (const ChunkedArray& array : arrays) lazy.push_back(array.lazy());
    return lazy;
  }
  Chunks chunks_;
  std::size_t axis_;
  std::vector<std::int64_t> first_;  // [array]: its first piece among those of the result
};

class FieldOperation final : public Operation {
 public:
  FieldOperation(const ChunkedArray& array, std::string name)
      : Operation({.is_view = true}, {array.lazy()}), name_(std::move(name)) {}
  void needs(std::size_t number, std::vector<Need>& needs) const override { needs.push_back({0, number}); }
  NdArray make(std::size_t, Inputs& inputs) const override { return inputs.take(0).field(name_); }

 private:
  std::string name_;
};

/// The arrays converted to one dtype, and cut alike along all axes but one.
std::vector<ChunkedArray> alike(std::vector<ChunkedArray> arrays, std::size_t joined) {
  DType dtype = arrays.front().dtype();
  for (const ChunkedArray& array : arrays) {
    if (!(array.dtype() == dtype)) dtype = promote(dtype, array.dtype());
  }
  for (ChunkedArray& array : arrays) array = array.astype(dtype);
  const std::size_t ndim = arrays.front().ndim();
  std::vector<ChunkedArray> cut;
  for (const ChunkedArray& array : arrays) {
    if (array.ndim() != ndim) fail("concatenate: arrays of different numbers of axes");
    Shape shape = array.shape();
    shape[joined] = arrays.front().shape()[joined];
    if (shape != arrays.front().shape()) {
      fail("concatenate: arrays of shapes " + shape_text(arrays.front().shape()) + " and " +
           shape_text(array.shape()) + " differ along another axis than " + std::to_string(joined));
    }
    cut.push_back(array);
  }
  for (std::size_t axis = 0; axis < ndim; ++axis) {
    if (axis == joined) continue;
    const bool same = std::ranges::all_of(cut, [&](const ChunkedArray& array) {
      return array.chunks().lengths(axis) == cut.front().chunks().lengths(axis);
    });
    if (same) continue;
    for (ChunkedArray& array : cut) {
      std::vector<std::vector<std::int64_t>> lengths;
      for (std::size_t a = 0; a < ndim; ++a) {
        lengths.push_back((a == axis ? cut.front() : array).chunks().lengths(a));
      }
      array = array.rechunk(Chunks(std::move(lengths)));
    }
  }
  return cut;
}

}  // namespace

std::size_t normal_axis(std::int64_t axis, std::size_t ndim) {
  const auto n = static_cast<std::int64_t>(ndim);
  if (axis < -n || axis >= n) {
    fail("axis " + std::to_string(axis) + " is out of bounds for an array of " + std::to_string(ndim) +
         (ndim == 1 ? " dimension" : " dimensions"));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + n : axis);
}

}  // namespace detail

using detail::fail;

ChunkedArray ChunkedArray::slice(const std::vector<Slice>& slices) const {
  if (slices.size() > ndim()) {
    fail("slice: " + std::to_string(slices.size()) + " slices for an array of shape " + shape_text(shape()));
  }
  std::vector<detail::Positions> axes;
  for (std::size_t axis = 0; axis < ndim(); ++axis) {
    axes.push_back(detail::positions(axis < slices.size() ? slices[axis] : Slice{}, shape()[axis]));
  }
  return detail::select(*this, axes, std::vector<bool>(ndim(), false));
}

ChunkedArray ChunkedArray::take(std::int64_t index, std::int64_t axis) const {
  const std::size_t a = detail::normal_axis(axis, ndim());
  const std::int64_t length = shape()[a];
  if (index < -length || index >= length) {
    fail("index " + std::to_string(index) + " is out of bounds for axis " + std::to_string(a) +
         " of length " + std::to_string(length));
  }
  std::vector<detail::Positions> axes;
  for (const std::int64_t n : shape()) axes.push_back({0, 1, n});
  axes[a] = {index < 0 ? index + length : index, 1, 1};
  std::vector<bool> dropped(ndim(), false);
  dropped[a] = true;
  return detail::select(*this, axes, dropped);
}

ChunkedArray ChunkedArray::transpose() const {
  std::vector<std::int64_t> axes(ndim());
  std::iota(axes.rbegin(), axes.rend(), std::int64_t{0});
  return transpose(axes);
}

ChunkedArray ChunkedArray::transpose(const Axes& given) const {
  std::vector<std::size_t> axes;
  for (const std::int64_t axis : given) axes.push_back(detail::normal_axis(axis, ndim()));
  std::vector<std::size_t> sorted = axes;
  std::ranges::sort(sorted);
  std::vector<std::size_t> all(ndim());
  std::iota(all.begin(), all.end(), std::size_t{0});
  if (sorted != all) fail("transpose: the axes are not each of 0 to " + std::to_string(ndim()) + " - 1, once");
  std::vector<std::vector<std::int64_t>> lengths;
  for (const std::size_t axis : axes) lengths.push_back(chunks().lengths(axis));
  const Chunks chunks(std::move(lengths));
  return detail::make_array<detail::TransposeOperation>(dtype(), chunks, *this, axes, chunks);
}

ChunkedArray ChunkedArray::expand_dims(std::int64_t axis) const {
  const std::size_t added = detail::normal_axis(axis, ndim() + 1);
  std::vector<std::vector<std::int64_t>> lengths;
  std::vector<std::int64_t> from;
  for (std::size_t a = 0, own = 0; a <= ndim(); ++a) {
    lengths.push_back(a == added ? std::vector<std::int64_t>{1} : chunks().lengths(own));
    from.push_back(a == added ? -1 : static_cast<std::int64_t>(own++));
  }
  const Chunks chunks(std::move(lengths));
  return detail::make_array<detail::BroadcastOperation>(dtype(), chunks, *this, std::move(from), chunks);
}

ChunkedArray ChunkedArray::broadcast_to(const Shape& shape) const {
  const std::string text = "broadcast_to: " + shape_text(this->shape()) + " can't be broadcast to " + shape_text(shape);
  if (shape.size() < ndim()) fail(text);
  const std::size_t missing = shape.size() - ndim();
  std::vector<std::vector<std::int64_t>> lengths;
  std::vector<std::int64_t> from;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] < 0) fail(text);
    from.push_back(axis < missing ? -1 : static_cast<std::int64_t>(axis - missing));
    const bool same = axis >= missing && this->shape()[axis - missing] == shape[axis];
    if (!same && axis >= missing && this->shape()[axis - missing] != 1) fail(text);
    lengths.push_back(same ? chunks().lengths(axis - missing) : std::vector<std::int64_t>{shape[axis]});
  }
  const Chunks chunks(std::move(lengths));
  return detail::make_array<detail::BroadcastOperation>(dtype(), chunks, *this, std::move(from), chunks);
}

ChunkedArray ChunkedArray::concatenate(const std::vector<ChunkedArray>& arrays, std::int64_t axis) {
  if (arrays.empty()) fail("concatenate: no arrays");
  const std::size_t joined = detail::normal_axis(axis, arrays.front().ndim());
  const std::vector<ChunkedArray> cut = detail::alike(arrays, joined);
  std::vector<std::vector<std::int64_t>> lengths;
  for (std::size_t a = 0; a < cut.front().ndim(); ++a) lengths.push_back(cut.front().chunks().lengths(a));
  for (std::size_t i = 1; i < cut.size(); ++i) {
    const auto& more = cut[i].chunks().lengths(joined);
    lengths[joined].insert(lengths[joined].end(), more.begin(), more.end());
  }
  const Chunks chunks(std::move(lengths));
  return detail::make_array<detail::ConcatenateOperation>(cut.front().dtype(), chunks, cut, joined, chunks);
}

ChunkedArray ChunkedArray::stack(const std::vector<ChunkedArray>& arrays, std::int64_t axis) {
  if (arrays.empty()) fail("stack: no arrays");
  std::vector<ChunkedArray> expanded;
  for (const ChunkedArray& array : arrays) {
    if (array.shape() != arrays.front().shape()) {
      fail("stack: arrays of shapes " + shape_text(arrays.front().shape()) + " and " + shape_text(array.shape()));
    }
    expanded.push_back(array.expand_dims(axis));
  }
  return concatenate(expanded, static_cast<std::int64_t>(detail::normal_axis(axis, arrays.front().ndim() + 1)));
}

ChunkedArray ChunkedArray::field(std::string_view name) const {
  if (dtype().find_field(name) == nullptr) {
    throw Error(Errc::invalid_argument, repr() + " has no field \"" + std::string(name.substr(0, 60)) + "\"");
  }
  const NdArray sample = NdArray(dtype(), Shape(1, 0)).field(name);
  std::vector<std::vector<std::int64_t>> lengths;
  for (std::size_t axis = 0; axis < ndim(); ++axis) lengths.push_back(chunks().lengths(axis));
  for (std::size_t axis = 1; axis < sample.ndim(); ++axis) lengths.push_back({sample.shape()[axis]});
  return detail::make_array<detail::FieldOperation>(sample.dtype(), Chunks(std::move(lengths)), *this,
                                                    std::string(name));
}

}  // namespace functionfuse
