#include <functionfuse/arrays/chunks.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

namespace functionfuse {
namespace {

[[noreturn]] void fail(const std::string& what) { throw Error(Errc::invalid_argument, what); }

bool all_but_last_equal(const std::vector<std::int64_t>& lengths) {
  const std::int64_t first = lengths.front();
  return lengths.back() <= first && (lengths.back() > 0 || lengths.size() == 1) &&
         std::all_of(lengths.begin(), lengths.end() - 1, [&](auto n) { return n == first; });
}

}  // namespace

struct Chunks::Grid {
  explicit Grid(std::vector<std::vector<std::int64_t>> pieces);

  Shape shape, numblocks, chunksize;
  std::vector<std::vector<std::int64_t>> lengths, starts;
  std::size_t count = 1;
  bool regular = true;
};

Chunks::Grid::Grid(std::vector<std::vector<std::int64_t>> pieces) : lengths(std::move(pieces)) {
  if (lengths.size() > DType::kMaxRank) {
    fail("chunks for " + std::to_string(lengths.size()) + " axes: an array has at most " +
         std::to_string(DType::kMaxRank));
  }
  starts.resize(lengths.size());
  for (std::size_t axis = 0; axis < lengths.size(); ++axis) {
    const auto& along = lengths[axis];
    if (along.empty()) {
      fail("axis " + std::to_string(axis) + " has no chunks: an axis of length 0 has one of length 0");
    }
    std::int64_t end = 0;
    starts[axis].reserve(along.size() + 1);
    for (const std::int64_t length : along) {
      if (length < 0) {
        fail("axis " + std::to_string(axis) + " has a chunk of length " + std::to_string(length));
      }
      starts[axis].push_back(end);
      if (__builtin_add_overflow(end, length, &end)) {
        fail("the chunks of axis " + std::to_string(axis) + " are together longer than 2^63 - 1");
      }
    }
    starts[axis].push_back(end);
    shape.push_back(end);
    numblocks.push_back(static_cast<std::int64_t>(along.size()));
    chunksize.push_back(*std::max_element(along.begin(), along.end()));
    regular = regular && all_but_last_equal(along);
    if (__builtin_mul_overflow(count, along.size(), &count) || count > INT64_MAX) {
      fail("more than 2^63 - 1 chunks");
    }
  }
  (void)NdArray::nbytes_of(DType::of<std::uint8_t>(), shape);  // an error for too many elements
}

Chunks::Chunks() : grid_(std::make_shared<const Grid>(std::vector<std::vector<std::int64_t>>())) {}

Chunks::Chunks(std::vector<std::vector<std::int64_t>> lengths)
    : grid_(std::make_shared<const Grid>(std::move(lengths))) {}

Chunks Chunks::regular(const Shape& shape, const Shape& chunk_shape) {
  if (shape.size() != chunk_shape.size()) {
    fail("chunks " + shape_text(chunk_shape) + " for an array of shape " + shape_text(shape) +
         ": give one length for each axis, -1 for the whole of it");
  }
  constexpr std::int64_t kMost = std::int64_t{1} << 27;  // along one axis: a gigabyte of lengths
  std::vector<std::vector<std::int64_t>> lengths(shape.size());
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t whole = shape[axis];
    std::int64_t length = chunk_shape[axis];
    if (whole < 0) fail("shape " + shape_text(shape) + ": a length is negative");
    if (length < -1 || (length == 0 && whole != 0)) {
      fail("chunks " + shape_text(chunk_shape) + ": a length must be above 0, or -1 for the whole axis");
    }
    if (length == -1 || length > whole) length = whole;
    if (whole == 0) {
      lengths[axis] = {0};
      continue;
    }
    if (whole / length >= kMost) {
      fail("chunks " + shape_text(chunk_shape) + " cut axis " + std::to_string(axis) + " of shape " +
           shape_text(shape) + " into more than 2^27 pieces: take longer ones");
    }
    lengths[axis].assign(static_cast<std::size_t>(whole / length), length);
    if (whole % length != 0) lengths[axis].push_back(whole % length);
  }
  return Chunks(std::move(lengths));
}

const Shape& Chunks::shape() const noexcept { return grid_->shape; }
const Shape& Chunks::numblocks() const noexcept { return grid_->numblocks; }
std::size_t Chunks::count() const noexcept { return grid_->count; }
const Shape& Chunks::chunksize() const noexcept { return grid_->chunksize; }
bool Chunks::is_regular() const noexcept { return grid_->regular; }

const std::vector<std::int64_t>& Chunks::lengths(std::size_t axis) const noexcept {
  return grid_->lengths[axis];
}

const std::vector<std::int64_t>& Chunks::starts(std::size_t axis) const noexcept {
  return grid_->starts[axis];
}

Shape Chunks::index(std::size_t number) const {
  Shape index(ndim());
  for (std::size_t axis = ndim(); axis-- > 0;) {
    const auto n = static_cast<std::size_t>(grid_->numblocks[axis]);
    index[axis] = static_cast<std::int64_t>(number % n);
    number /= n;
  }
  return index;
}

std::size_t Chunks::number(const Shape& index) const noexcept {
  std::size_t number = 0;
  for (std::size_t axis = 0; axis < ndim(); ++axis) {
    number = number * static_cast<std::size_t>(grid_->numblocks[axis]) +
             static_cast<std::size_t>(index[axis]);
  }
  return number;
}

Shape Chunks::shape_of(const Shape& index) const {
  Shape shape(ndim());
  for (std::size_t axis = 0; axis < ndim(); ++axis) {
    shape[axis] = grid_->lengths[axis][static_cast<std::size_t>(index[axis])];
  }
  return shape;
}

Shape Chunks::origin_of(const Shape& index) const {
  Shape origin(ndim());
  for (std::size_t axis = 0; axis < ndim(); ++axis) {
    origin[axis] = grid_->starts[axis][static_cast<std::size_t>(index[axis])];
  }
  return origin;
}

std::int64_t Chunks::find(std::size_t axis, std::int64_t position) const noexcept {
  const auto& starts = grid_->starts[axis];
  return std::upper_bound(starts.begin(), starts.end() - 1, position) - starts.begin() - 1;
}

std::string Chunks::to_string() const {
  constexpr std::size_t kShown = 6;
  std::string text = "(";
  for (std::size_t axis = 0; axis < ndim(); ++axis) {
    if (axis > 0) text += ", ";
    const auto& along = grid_->lengths[axis];
    text += "(";
    for (std::size_t i = 0; i < along.size(); ++i) {
      if (i == kShown / 2 && along.size() > kShown) {
        text += "..., ";
        i = along.size() - kShown / 2;
      }
      text += std::to_string(along[i]);
      if (i + 1 < along.size()) text += ", ";
    }
    text += along.size() == 1 ? ",)" : ")";
  }
  return text + (ndim() == 1 ? ",)" : ")");
}

bool operator==(const Chunks& a, const Chunks& b) noexcept {
  return a.grid_ == b.grid_ || a.grid_->lengths == b.grid_->lengths;
}

}  // namespace functionfuse
