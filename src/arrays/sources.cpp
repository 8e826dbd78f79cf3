#include "sources.hpp"

#include <cmath>

#include <functionfuse/error.hpp>

#include "operations.hpp"

namespace functionfuse {
namespace detail {
namespace {

__extension__ using Wide = __int128;

Operation::Traits traits_of(const ChunkSource& source) {
  return {.is_free = source.is_in_memory(),
          .is_stored = source.is_stored(),
          .threads = source.concurrent_reads()};
}

Block block_of(const Chunks& chunks, std::size_t number) {
  Block where;
  where.number = number;
  where.index = chunks.index(number);
  where.origin = chunks.origin_of(where.index);
  where.shape = chunks.shape_of(where.index);
  return where;
}

NdArray region_of(const NdArray& array, const Chunks& chunks, std::size_t number) {
  const Block where = block_of(chunks, number);
  std::vector<Slice> slices;
  for (std::size_t axis = 0; axis < where.origin.size(); ++axis) {
    slices.push_back({where.origin[axis], where.origin[axis] + where.shape[axis]});
  }
  return array.slice(slices);
}

class ArraySource final : public ChunkSource {
 public:
  ArraySource(NdArray array, const Chunks& chunks)
      : ChunkSource(array.dtype(), chunks), array_(std::move(array)) {}
  void read(std::size_t number, NdArray& block) const override {
    region_of(array_, chunks(), number).copy_to(block.mutable_data());
  }
  bool view(std::size_t number, NdArray& block) const override {
    block = chunks().count() == 1 ? array_ : region_of(array_, chunks(), number);
    return true;
  }
  bool is_in_memory() const override { return true; }

 private:
  NdArray array_;
};

class BlocksSource final : public ChunkSource {
 public:
  BlocksSource(const Chunks& chunks, std::vector<NdArray> blocks)
      : ChunkSource(blocks.front().dtype(), chunks), blocks_(std::move(blocks)) {}
  void read(std::size_t number, NdArray& block) const override {
    blocks_[number].copy_to(block.mutable_data());
  }
  bool view(std::size_t number, NdArray& block) const override {
    block = blocks_[number];
    return true;
  }
  bool is_in_memory() const override { return true; }

 private:
  std::vector<NdArray> blocks_;
};

/// One element at every place.
class FullSource final : public ChunkSource {
 public:
  FullSource(NdArray value, const Chunks& chunks)
      : ChunkSource(value.dtype(), chunks), value_(std::move(value)) {}
  void read(std::size_t number, NdArray& block) const override {
    NdArray values;
    view(number, values);
    values.copy_to(block.mutable_data());
  }
  bool view(std::size_t number, NdArray& block) const override {
    block = NdArray::view(dtype(), chunks().shape_of(chunks().index(number)), Shape(chunks().ndim(), 0),
                          value_.data(), value_.owner());
    return true;
  }
  bool is_in_memory() const override { return true; }

 private:
  NdArray value_;
};

class FunctionSource final : public ChunkSource {
 public:
  FunctionSource(const DType& dtype, const Chunks& chunks, ChunkedArray::Fill fill)
      : ChunkSource(dtype, chunks), fill_(std::move(fill)) {}
  void read(std::size_t number, NdArray& block) const override {
    fill_(block, block_of(chunks(), number));
  }

 private:
  ChunkedArray::Fill fill_;
};

template <class T>
ChunkedArray arange(T start, T step, std::int64_t count, std::int64_t chunk) {
  return ChunkedArray::from_function<T>(
      Chunks::regular({count}, {chunk}), [start, step](std::span<T> values, const Block& where) {
        const std::int64_t first = where.origin[0];
        for (std::size_t i = 0; i < values.size(); ++i) {
          values[i] = start + static_cast<T>(first + static_cast<std::int64_t>(i)) * step;
        }
      });
}

}  // namespace

SourceOperation::SourceOperation(std::shared_ptr<const ChunkSource> source)
    : Operation(traits_of(*source), {}), source_(std::move(source)) {}

void check_block(const NdArray& block, const DType& dtype, const Chunks& chunks, std::size_t number) {
  const Shape index = chunks.index(number);
  const Shape shape = chunks.shape_of(index);
  if (block.dtype() == dtype && block.shape() == shape) return;
  throw Error(Errc::invalid_argument,
              "chunk " + shape_text(index) + " was made as an array of " + block.dtype().to_string() +
                  " and shape " + shape_text(block.shape()) + ", and is to be of " + dtype.to_string() +
                  " and shape " + shape_text(shape) + ": write into the block that the function is given");
}

NdArray SourceOperation::make(std::size_t number, Inputs& inputs) const {
  NdArray block;
  if (source_->view(number, block)) {
    check_block(block, source_->dtype(), source_->chunks(), number);
    return NdArray::view(block.dtype(), block.shape(), block.strides(),
                         static_cast<const std::byte*>(block.data()), block.owner());
  }
  const Chunks& chunks = source_->chunks();
  block = inputs.output(source_->dtype(), chunks.shape_of(chunks.index(number)));
  source_->read(number, block);
  check_block(block, source_->dtype(), chunks, number);
  return block;
}

ChunkedArray from_source(std::shared_ptr<const ChunkSource> source) {
  if (!source) throw Error(Errc::invalid_argument, "ChunkedArray: the ChunkSource is null");
  return make_array<SourceOperation>(source->dtype(), source->chunks(), source);
}

}  // namespace detail

using detail::from_source;

ChunkedArray::ChunkedArray() : ChunkedArray(NdArray()) {}

ChunkedArray::ChunkedArray(const NdArray& array) {
  const Chunks chunks = Chunks::regular(array.shape(), Shape(array.ndim(), -1));
  auto source = std::make_shared<detail::ArraySource>(array, chunks);
  std::optional<NdArray> scalar;
  if (array.ndim() == 0) scalar = array;
  lazy_ = std::make_shared<detail::LazyArray>(
      array.dtype(), chunks, std::make_shared<const detail::SourceOperation>(std::move(source)), scalar);
}

ChunkedArray::ChunkedArray(std::shared_ptr<const ChunkSource> source)
    : ChunkedArray(from_source(std::move(source))) {}

ChunkedArray ChunkedArray::from_array(const NdArray& array, const Shape& chunks) {
  return from_array(array, Chunks::regular(array.shape(), chunks));
}

ChunkedArray ChunkedArray::from_array(const NdArray& array, const Chunks& chunks) {
  if (chunks.shape() != array.shape()) {
    throw Error(Errc::invalid_argument, "chunks " + chunks.to_string() + " do not fit an array of shape " +
                                            shape_text(array.shape()));
  }
  return from_source(std::make_shared<detail::ArraySource>(array, chunks));
}

ChunkedArray ChunkedArray::from_function(const DType& dtype, const Chunks& chunks, Fill fill) {
  if (!fill) throw Error(Errc::invalid_argument, "from_function: the function is empty");
  return from_source(std::make_shared<detail::FunctionSource>(dtype, chunks, std::move(fill)));
}

ChunkedArray ChunkedArray::from_chunks(const Chunks& chunks, std::vector<NdArray> blocks) {
  auto fail = [](const std::string& what) {
    throw Error(Errc::invalid_argument, "from_chunks: " + what);
  };
  if (blocks.size() != chunks.count()) {
    fail(std::to_string(blocks.size()) + " blocks for chunks " + chunks.to_string() + ", which are " +
         std::to_string(chunks.count()));
  }
  for (std::size_t n = 0; n < blocks.size(); ++n) {
    const Shape index = chunks.index(n);
    if (blocks[n].shape() != chunks.shape_of(index)) {
      fail("block " + shape_text(index) + " has shape " + shape_text(blocks[n].shape()) + " instead of " +
           shape_text(chunks.shape_of(index)));
    }
    if (!(blocks[n].dtype() == blocks[0].dtype())) {
      fail("block " + shape_text(index) + " is of " + blocks[n].dtype().to_string() + " and the first of " +
           blocks[0].dtype().to_string());
    }
  }
  return from_source(std::make_shared<detail::BlocksSource>(chunks, std::move(blocks)));
}

ChunkedArray ChunkedArray::zeros(const Shape& shape, const Shape& chunks, const DType& dtype) {
  return full(shape, chunks, NdArray(dtype, {}));
}

ChunkedArray ChunkedArray::full(const Shape& shape, const Shape& chunks, const NdArray& value) {
  if (value.ndim() != 0) {
    throw Error(Errc::invalid_argument, "full: the value has shape " + shape_text(value.shape()) +
                                            ", and must be a scalar");
  }
  return from_source(std::make_shared<detail::FullSource>(value.copy(), Chunks::regular(shape, chunks)));
}

ChunkedArray ChunkedArray::arange_of(std::int64_t start, std::int64_t stop, std::int64_t step,
                                     std::int64_t chunk) {
  if (step == 0) throw Error(Errc::invalid_argument, "arange: the step is 0");
  detail::Wide count = (static_cast<detail::Wide>(stop) - start + step - (step > 0 ? 1 : -1)) / step;
  if (count < 0) count = 0;
  if (count > INT64_MAX) throw Error(Errc::invalid_argument, "arange: more than 2^63 - 1 elements");
  return detail::arange<std::int64_t>(start, step, static_cast<std::int64_t>(count), chunk);
}

ChunkedArray ChunkedArray::arange_of(double start, double stop, double step, std::int64_t chunk) {
  if (step == 0) throw Error(Errc::invalid_argument, "arange: the step is 0");
  const double count = std::ceil((stop - start) / step);
  if (!(count < 9.2e18)) throw Error(Errc::invalid_argument, "arange: not a finite number of elements");
  // As numpy, which takes the difference of the first two elements for the step.
  return detail::arange<double>(start, start + step - start, count > 0 ? static_cast<std::int64_t>(count) : 0, chunk);
}

}  // namespace functionfuse
