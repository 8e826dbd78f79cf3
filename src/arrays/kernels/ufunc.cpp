// apply(): brings the operands to the loops of ufunc_*.cpp. A row of elements that lie as a loop
// wants them goes to it whole; any other is cut into blocks that fit into L1, for which operands
// that lie or are typed otherwise are brought into buffers. A scalar fills its buffer once.

#include "ufunc.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include <functionfuse/arrays/half.hpp>
#include <functionfuse/error.hpp>

#include "block_reader.hpp"
#include "arrays/convert.hpp"
#include "arrays/strided.hpp"
#include "ufunc_kernels.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::size_t kBlockBytes = 4096;

struct alignas(64) Buffer {
  std::array<std::byte, kBlockBytes> bytes;
};

UfuncKernel find_kernel(Ufunc f, const DType& in) {
  switch (in.kind()) {
    case 'b':
      return bool_kernel(f);
    case 'i':
    case 'u':
      return integer_kernel(f, in.kind() == 'i', in.itemsize());
    case 'f':
      return in.itemsize() <= 8 ? float_kernel(f, BlockReader::delivered(in).itemsize()) : nullptr;
    case 'c':
      return in.itemsize() <= 16 ? complex_kernel(f, in.itemsize()) : nullptr;
    case 'M':
    case 'm':
      return datetime_kernel(f);
    default:
      return nullptr;
  }
}

// One operand, and the block of it that is being worked on.
class Operand {
 public:
  Operand(const NdArray& array, const DType& in, Buffer& buffer)
      : reader_(array, in), buffer_(buffer.bytes.data()) {}

  [[nodiscard]] bool direct(std::int64_t step) const { return reader_.direct(step); }

  const std::byte* read(std::int64_t offset, std::int64_t step, std::size_t count) {
    if (step == 0 && count > 1) return repeat(offset, count);
    filled_ = 0;
    return reader_.read(offset, step, count, buffer_);
  }

 private:
  // The next block of the row, or the next row, often wants the same element again.
  const std::byte* repeat(std::int64_t offset, std::size_t count) {
    if (filled_ < count || offset != filled_from_) {
      const std::size_t size = reader_.size();
      const std::byte* element = reader_.read(offset, 0, 1, buffer_);
      if (element != buffer_) std::memcpy(buffer_, element, size);
      for (std::size_t done = 1; done < count; done *= 2) {
        std::memcpy(buffer_ + done * size, buffer_, std::min(done, count - done) * size);
      }
      filled_ = count;
      filled_from_ = offset;
    }
    return buffer_;
  }

  BlockReader reader_;
  std::byte* buffer_;
  std::size_t filled_ = 0;
  std::int64_t filled_from_ = 0;
};

// Where results go: straight to their place, or through a buffer if the loop's results are not of
// the array's dtype (float16) or their place is not aligned.
class Result {
 public:
  Result(NdArray& out, Buffer& buffer)
      : data_(out.mutable_data()),
        buffer_(buffer.bytes.data()),
        size_(out.dtype().itemsize()),
        half_(out.dtype().kind() == 'f' && size_ == 2),
        aligned_(reinterpret_cast<std::uintptr_t>(data_) % number_alignment(out.dtype()) == 0) {}

  [[nodiscard]] bool direct() const { return !half_ && aligned_; }
  [[nodiscard]] std::byte* begin(std::size_t first) {
    return direct() ? data_ + first * size_ : buffer_;
  }
  void end(std::size_t first, std::size_t count) {
    std::byte* to = data_ + first * size_;
    if (direct() || count == 0) return;
    if (!half_) {
      std::memcpy(to, buffer_, count * size_);
      return;
    }
    const auto* values = reinterpret_cast<const float*>(buffer_);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint16_t half = float_to_half(values[i]);
      std::memcpy(to + 2 * i, &half, sizeof half);
    }
  }

 private:
  std::byte* data_;
  std::byte* buffer_;
  std::size_t size_;
  bool half_, aligned_;
};

// Strides of an operand along the dimensions of the result; 0 where it repeats.
Shape broadcast_strides(Ufunc f, const NdArray& operand, const Shape& shape) {
  Shape strides(shape.size(), 0);
  bool fits = operand.ndim() <= shape.size();
  const std::size_t lead = fits ? shape.size() - operand.ndim() : 0;
  for (std::size_t d = 0; fits && d < operand.ndim(); ++d) {
    if (operand.shape()[d] == shape[lead + d]) {
      strides[lead + d] = operand.strides()[d];
    } else {
      fits = operand.shape()[d] == 1;
    }
  }
  if (fits) return strides;
  throw Error(Errc::invalid_argument, std::string(name(f)) + ": an operand of shape " +
                                          shape_text(operand.shape()) +
                                          " does not broadcast to shape " + shape_text(shape));
}

// The step from one element to the next, if an operand's elements are in the order of the result
// without gaps, or are one.
bool is_one_row(const NdArray& operand, const NdArray& out, std::int64_t& step) {
  if (operand.shape() == out.shape() && operand.is_c_contiguous()) {
    step = static_cast<std::int64_t>(operand.dtype().itemsize());
    return true;
  }
  step = 0;
  return operand.ndim() == 0;
}

class Application {
 public:
  Application(UfuncKernel kernel, std::span<const NdArray> operands, const DType& in, NdArray& out)
      : kernel_(kernel),
        operands_{Operand(operands.front(), in, buffers_[0]),
                  Operand(operands.back(), in, buffers_[1])},
        used_(operands.size()),
        result_(out, buffers_[2]) {
    const std::size_t computed = BlockReader::delivered(in).itemsize();
    block_ = kBlockBytes / std::max(computed, out.dtype().itemsize());
  }

  void row(const std::array<std::int64_t, 3>& offsets, std::size_t count,
           const std::array<std::int64_t, 3>& steps, std::size_t first) {
    bool whole = result_.direct();
    for (std::size_t n = 0; n < used_; ++n) whole = whole && operands_[n].direct(steps[n]);
    const std::size_t block = whole ? count : block_;
    for (std::size_t done = 0; done < count; done += block) {
      const std::size_t part = std::min(block, count - done);
      std::array<const std::byte*, 2> from{};
      for (std::size_t n = 0; n < used_; ++n) {
        const auto at = static_cast<std::int64_t>(done);
        from[n] = operands_[n].read(offsets[n] + at * steps[n], steps[n], part);
      }
      kernel_(from[0], from[1], result_.begin(first + done), part);
      result_.end(first + done, part);
    }
  }

 private:
  std::array<Buffer, 3> buffers_;
  UfuncKernel kernel_;
  std::array<Operand, 2> operands_;
  std::size_t used_, block_ = 0;
  Result result_;
};

// x ** 2 is x * x: as exact as power, and many times as fast.
bool is_square(Ufunc f, std::span<const NdArray> operands) {
  return f == Ufunc::power && operands[1].ndim() == 0 && operands[1].dtype().is_numeric() &&
         operands[1].dtype().kind() != 'c' &&
         read_real(operands[1].dtype(), operands[1].data()) == 2;
}

}  // namespace

void apply(Ufunc f, std::span<const NdArray> operands, const DType& loop_in, NdArray& out) {
  if (operands.size() != operand_count(f)) {
    throw Error(Errc::invalid_argument, std::string(name(f)) + ": wrong number of operands");
  }
  if (is_square(f, operands)) return apply(Ufunc::square, operands.first(1), loop_in, out);
  const UfuncKernel kernel = find_kernel(f, loop_in);
  if (kernel == nullptr) {
    throw UnsupportedError(std::string(name(f)) + " cannot be computed in " + loop_in.to_string());
  }
  std::array<std::int64_t, 3> steps{};
  bool one_row = true;
  for (std::size_t n = 0; one_row && n < operands.size(); ++n) {
    one_row = is_one_row(operands[n], out, steps[n]);
  }
  if (one_row && out.size() > 0) {
    return Application(kernel, operands, loop_in, out).row({}, out.size(), steps, 0);
  }
  std::array<Shape, 3> strides{Shape(out.ndim(), 0), Shape(out.ndim(), 0),
                               contiguous_strides(out.shape(), out.dtype().itemsize(), 'C')};
  for (std::size_t n = 0; n < operands.size(); ++n) {
    strides[n] = broadcast_strides(f, operands[n], out.shape());
  }
  if (out.size() == 0) return;
  Application application(kernel, operands, loop_in, out);
  const RowWalk<3> walk(out.shape(), strides);
  walk.run([&](const auto& offsets, std::size_t count, const auto& row_steps, std::size_t first) {
    application.row(offsets, count, row_steps, first);
    return true;
  });
}

}  // namespace functionfuse::detail
