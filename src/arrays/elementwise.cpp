#include <algorithm>
#include <array>

#include <functionfuse/error.hpp>

#include "convert.hpp"
#include "operations.hpp"

namespace functionfuse::detail {
namespace {

[[noreturn]] void fail(const std::string& what) { throw Error(Errc::invalid_argument, what); }

/// Where the chunk of a broadcast operand is that belongs to a chunk of the result.
class OperandGrid {
 public:
  OperandGrid(const Chunks& operand, const Chunks& result)
      : operand_(operand), result_(result), same_(operand.numblocks() == result.numblocks()) {}

  [[nodiscard]] bool same() const noexcept { return same_; }
  [[nodiscard]] std::size_t number(std::size_t result_number) const {
    if (same_) return result_number;
    const Shape index = result_.index(result_number);
    const std::size_t missing = index.size() - operand_.ndim();
    Shape own(operand_.ndim());
    for (std::size_t axis = 0; axis < own.size(); ++axis) {
      own[axis] = operand_.numblocks()[axis] == 1 ? 0 : index[axis + missing];
    }
    return operand_.number(own);
  }

 private:
  Chunks operand_, result_;
  bool same_;
};

/// The operands of an operation on blocks. An array that is there twice, as in x * x, is one input.
struct Operands {
  Operands(const std::vector<ChunkedArray>& arrays, const Chunks& chunks) {
    for (const ChunkedArray& array : arrays) {
      const auto found = std::ranges::find(inputs, array.lazy());
      input_of.push_back(static_cast<std::size_t>(found - inputs.begin()));
      if (found != inputs.end()) continue;
      inputs.push_back(array.lazy());
      grids.emplace_back(array.chunks(), chunks);
    }
  }
  std::vector<LazyArrayPtr> inputs;
  std::vector<OperandGrid> grids;     // [input]
  std::vector<std::size_t> input_of;  // [operand]
};

/// An operation on blocks of several arrays that belong together.
class BlockwiseOperation : public Operation {
 public:
  BlockwiseOperation(const std::vector<ChunkedArray>& arrays, const Chunks& chunks)
      : BlockwiseOperation(Operands(arrays, chunks), chunks) {}
  void needs(std::size_t number, std::vector<Need>& needs) const override {
    for (std::uint32_t i = 0; i < grids_.size(); ++i) needs.push_back({i, grids_[i].number(number)});
  }

 protected:
  [[nodiscard]] const Chunks& chunks() const noexcept { return chunks_; }
  [[nodiscard]] std::size_t operand_count() const noexcept { return input_of_.size(); }
  /// \param blocks  [operand]
  void take(Inputs& inputs, std::span<NdArray> blocks) const {
    std::size_t taken = 0;
    for (std::size_t i = 0; i < input_of_.size(); ++i) {
      const auto first = std::ranges::find(input_of_, input_of_[i]) - input_of_.begin();
      blocks[i] = static_cast<std::size_t>(first) == i ? inputs.take(taken++) : blocks[static_cast<std::size_t>(first)];
    }
  }

 private:
  BlockwiseOperation(Operands operands, const Chunks& chunks)
      : Operation({.one_to_one = std::ranges::all_of(operands.grids, &OperandGrid::same)},
                  std::move(operands.inputs)),
        grids_(std::move(operands.grids)),
        input_of_(std::move(operands.input_of)),
        chunks_(chunks) {}
  std::vector<OperandGrid> grids_;
  std::vector<std::size_t> input_of_;
  Chunks chunks_;
};

/// One of numpy's functions of one or two operands, scalars among them.
class UfuncOperation final : public BlockwiseOperation {
 public:
  /// \param scalars  [operand]: its value, for those that are not among `arrays`
  UfuncOperation(const std::vector<ChunkedArray>& arrays, const Chunks& chunks, Ufunc f, Loop loop,
                 std::vector<std::optional<NdArray>> scalars)
      : BlockwiseOperation(arrays, chunks), f_(f), loop_(std::move(loop)), scalars_(std::move(scalars)) {}

  NdArray make(std::size_t number, Inputs& inputs) const override {
    std::array<NdArray, 2> operands, taken;
    take(inputs, taken);
    std::size_t needed = 0;
    for (std::size_t i = 0; i < scalars_.size(); ++i) {
      operands[i] = scalars_[i] ? *scalars_[i] : std::move(taken[needed++]);
    }
    const Shape shape = chunks().shape_of(chunks().index(number));
    NdArray result = place(std::span(operands).first(scalars_.size()), shape, inputs);
    apply(f_, std::span<const NdArray>(operands).first(scalars_.size()), loop_.in, result);
    return result;
  }

 private:
  NdArray place(std::span<NdArray> operands, const Shape& shape, Inputs& inputs) const {
    if (!inputs.has_place()) {
      for (std::size_t i = 0; i < operands.size(); ++i) {
        if (!scalars_[i] && Inputs::is_mine(operands[i]) && operands[i].dtype() == loop_.out &&
            operands[i].shape() == shape && operands[i].is_c_contiguous()) {
          return operands[i];
        }
      }
    }
    return inputs.output(loop_.out, shape);
  }

  Ufunc f_;
  Loop loop_;
  std::vector<std::optional<NdArray>> scalars_;
};

class AstypeOperation final : public BlockwiseOperation {
 public:
  AstypeOperation(const ChunkedArray& array, const DType& dtype)
      : BlockwiseOperation({array}, array.chunks()), dtype_(dtype) {}
  NdArray make(std::size_t, Inputs& inputs) const override {
    const NdArray from = inputs.take(0);
    if (!from.dtype().is_numeric()) return from.astype(dtype_);
    NdArray to = inputs.output(dtype_, from.shape());
    if (convert_numbers(from.shape(), from.dtype(), from.data(), from.strides(), dtype_, to.mutable_data(),
                        to.strides(), Fit::cast)) {
      (void)from.astype(dtype_);  // which says what does not fit
    }
    return to;
  }

 private:
  DType dtype_;
};

class MapBlocksOperation final : public BlockwiseOperation {
 public:
  MapBlocksOperation(const std::vector<ChunkedArray>& arrays, const Chunks& unified, const DType& dtype,
                     const Chunks& result, ChunkedArray::BlockFunction f)
      : BlockwiseOperation(arrays, unified), result_(result), f_(std::move(f)), dtype_(dtype) {}

  NdArray make(std::size_t number, Inputs& inputs) const override {
    std::vector<NdArray> blocks(operand_count());
    take(inputs, blocks);
    Block where;
    where.number = number;
    where.index = result_.index(number);
    where.origin = result_.origin_of(where.index);
    where.shape = result_.shape_of(where.index);
    NdArray out = inputs.output(dtype_, where.shape);
    f_(blocks, out, where);
    check_block(out, dtype_, result_, number);
    return out;
  }

 private:
  Chunks result_;
  ChunkedArray::BlockFunction f_;
  DType dtype_;
};

/// The starts of pieces that end wherever one of any of the lists ends.
std::vector<std::int64_t> common_lengths(const std::vector<const std::vector<std::int64_t>*>& lists) {
  std::vector<std::int64_t> ends;
  for (const auto* lengths : lists) {
    std::int64_t end = 0;
    for (const std::int64_t length : *lengths) ends.push_back(end += length);
  }
  std::ranges::sort(ends);
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  if (ends.size() > 1 && ends.front() == 0) ends.erase(ends.begin());
  for (std::size_t i = ends.size(); i-- > 1;) ends[i] -= ends[i - 1];
  return ends;
}

}  // namespace

Shape broadcast_shapes(const std::vector<ChunkedArray>& arrays) {
  std::size_t ndim = 0;
  for (const ChunkedArray& array : arrays) ndim = std::max(ndim, array.ndim());
  Shape shape(ndim, 1);
  for (const ChunkedArray& array : arrays) {
    for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
      std::int64_t& length = shape[ndim - array.ndim() + axis];
      const std::int64_t own = array.shape()[axis];
      if (own == length || own == 1) continue;
      if (length != 1) {
        std::string text = "arrays of shapes";
        for (const ChunkedArray& each : arrays) text += " " + shape_text(each.shape());
        fail(text + " can't be broadcast together: lengths of an axis, counted from the last, must be "
                    "equal or 1");
      }
      length = own;
    }
  }
  return shape;
}

Unified unify_chunks(const std::vector<ChunkedArray>& arrays) {
  const Shape shape = broadcast_shapes(arrays);
  std::vector<std::vector<std::int64_t>> lengths(shape.size());
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    std::vector<const std::vector<std::int64_t>*> lists;
    for (const ChunkedArray& array : arrays) {
      const std::size_t missing = shape.size() - array.ndim();
      if (axis < missing || array.shape()[axis - missing] != shape[axis]) continue;
      const auto& own = array.chunks().lengths(axis - missing);
      if (std::ranges::none_of(lists, [&](const auto* list) { return *list == own; })) lists.push_back(&own);
    }
    lengths[axis] = lists.size() == 1 ? *lists.front() : common_lengths(lists);
  }
  Unified unified{{}, Chunks(lengths)};
  for (const ChunkedArray& array : arrays) {
    const std::size_t missing = shape.size() - array.ndim();
    std::vector<std::vector<std::int64_t>> own;
    for (std::size_t axis = missing; axis < shape.size(); ++axis) {
      const bool repeats = array.shape()[axis - missing] != shape[axis];
      own.push_back(repeats ? std::vector<std::int64_t>{1} : lengths[axis]);
    }
    unified.arrays.push_back(array.rechunk(Chunks(std::move(own))));
  }
  return unified;
}

ChunkedArray elementwise(Ufunc f, const std::vector<ChunkedArray>& operands) {
  std::vector<OperandType> types;
  for (const ChunkedArray& operand : operands) types.push_back({operand.dtype(), operand.lazy()->scalar()});
  const Loop loop = detail::loop(f, types);

  std::vector<ChunkedArray> arrays;
  std::vector<std::optional<NdArray>> scalars;
  for (const ChunkedArray& operand : operands) {
    if (const NdArray* scalar = operand.lazy()->scalar()) {
      scalars.emplace_back(scalar->astype(loop.in));
    } else {
      scalars.emplace_back(std::nullopt);
      arrays.push_back(operand);
    }
  }
  const Unified unified = unify_chunks(arrays);
  return make_array<UfuncOperation>(loop.out, unified.chunks, unified.arrays, unified.chunks, f, loop,
                                    std::move(scalars));
}

}  // namespace functionfuse::detail

namespace functionfuse {

ChunkedArray ChunkedArray::astype(const DType& dtype) const {
  if (dtype == this->dtype()) return *this;
  (void)NdArray(this->dtype(), Shape(1, 0)).astype(dtype);  // an error for what can't be converted
  return detail::make_array<detail::AstypeOperation>(dtype, chunks(), *this, dtype);
}

namespace {
void check_function(const ChunkedArray::BlockFunction& f) {
  if (!f) throw Error(Errc::invalid_argument, "map_blocks: the function is empty");
}
}  // namespace

ChunkedArray ChunkedArray::map_blocks(const BlockFunction& f, const std::vector<ChunkedArray>& arrays,
                                      const DType& dtype) {
  check_function(f);
  const detail::Unified unified = detail::unify_chunks(arrays);
  return detail::make_array<detail::MapBlocksOperation>(dtype, unified.chunks, unified.arrays,
                                                        unified.chunks, dtype, unified.chunks, f);
}

ChunkedArray ChunkedArray::map_blocks(const BlockFunction& f, const std::vector<ChunkedArray>& arrays,
                                      const DType& dtype, const Chunks& chunks) {
  check_function(f);
  const detail::Unified unified = detail::unify_chunks(arrays);
  if (unified.chunks.numblocks() != chunks.numblocks()) {
    throw Error(Errc::invalid_argument,
                "map_blocks: the result has " + shape_text(chunks.numblocks()) +
                    " chunks along its axes, and the arrays have " + shape_text(unified.chunks.numblocks()));
  }
  return detail::make_array<detail::MapBlocksOperation>(dtype, chunks, unified.arrays, unified.chunks, dtype,
                                                        chunks, f);
}

}  // namespace functionfuse
