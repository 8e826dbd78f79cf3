#include <Eigen/Core>

#include <functionfuse/error.hpp>

#include "operations.hpp"

namespace functionfuse {
namespace detail {
namespace {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T>
void add_product(const NdArray& a, const NdArray& b, NdArray& c) {
  auto matrix = [](const NdArray& array) {
    return Eigen::Map<const Matrix<T>>(reinterpret_cast<const T*>(array.data()), array.shape()[0],
                                       array.shape()[1]);
  };
  Eigen::Map<Matrix<T>> result(reinterpret_cast<T*>(c.mutable_data()), c.shape()[0], c.shape()[1]);
  result.noalias() += matrix(a) * matrix(b);
}

using Product = void (*)(const NdArray&, const NdArray&, NdArray&);

/// Of the dtypes in which products are computed; null for others.
Product product_of(const DType& dtype) {
  if (dtype == DType::of<double>()) return add_product<double>;
  if (dtype == DType::of<float>()) return add_product<float>;
  if (dtype == DType::of<std::complex<double>>()) return add_product<std::complex<double>>;
  if (dtype == DType::of<std::complex<float>>()) return add_product<std::complex<float>>;
  // Modulo 2^64, signed or not.
  if (dtype == DType::of<std::int64_t>() || dtype == DType::of<std::uint64_t>()) return add_product<std::uint64_t>;
  return nullptr;
}

/// Where others are computed: exactly in wider ones, modulo 2^64 then cut for integers.
DType computed_in(const DType& dtype) {
  switch (dtype.kind()) {
    case 'b': return DType::of<std::int64_t>();
    case 'i': return DType::of<std::int64_t>();
    case 'u': return DType::of<std::uint64_t>();
    case 'f': return dtype.itemsize() == 2 ? DType::of<float>() : dtype;
    default: return dtype;
  }
}

class MatmulOperation final : public Operation {
 public:
  MatmulOperation(const ChunkedArray& a, const ChunkedArray& b, const Chunks& chunks, const DType& dtype,
                  const DType& computed)
      : Operation({.one_to_one = false, .streams = true}, {a.lazy(), b.lazy()}),
        a_(a.chunks()),
        b_(b.chunks()),
        chunks_(chunks),
        dtype_(dtype),
        computed_(computed) {
    const std::size_t size = computed.itemsize();
    auto bytes = [&](const Chunks& of) { return static_cast<std::size_t>(of.chunksize()[0] * of.chunksize()[1]) * size; };
    // Both operands are held at a time, and perhaps their conversions and the sum.
    extra_bytes_ = bytes(a_) * 2 + bytes(b_) * 2 + (computed == dtype ? 0 : bytes(chunks_));
  }

  void needs(std::size_t number, std::vector<Need>& needs) const override {
    const Shape index = chunks_.index(number);
    for (std::int64_t k = 0; k < a_.numblocks()[1]; ++k) {
      needs.push_back({0, a_.number({index[0], k})});
      needs.push_back({1, b_.number({k, index[1]})});
    }
  }

  NdArray make(std::size_t number, Inputs& inputs) const override {
    const Shape shape = chunks_.shape_of(chunks_.index(number));
    NdArray result = inputs.output(dtype_, shape);
    NdArray sum = computed_ == dtype_ ? result : NdArray::empty(computed_, shape);
    if (sum.nbytes() > 0) std::fill_n(sum.mutable_data(), sum.nbytes(), std::byte{0});
    const Product add = product_of(computed_);
    for (std::int64_t k = 0; k < a_.numblocks()[1]; ++k) {
      const NdArray a = inputs.take(static_cast<std::size_t>(2 * k)).astype(computed_).ascontiguous();
      const NdArray b = inputs.take(static_cast<std::size_t>(2 * k + 1)).astype(computed_).ascontiguous();
      if (sum.size() > 0 && a.size() > 0) add(a, b, sum);
    }
    if (!(computed_ == dtype_)) sum.astype(dtype_).copy_to(result.mutable_data());
    return result;
  }

  [[nodiscard]] std::size_t extra_bytes() const override { return extra_bytes_; }

 private:
  Chunks a_, b_, chunks_;
  DType dtype_, computed_;
  std::size_t extra_bytes_ = 0;
};

}  // namespace
}  // namespace detail

ChunkedArray matmul(const ChunkedArray& a, const ChunkedArray& b) {
  if (a.ndim() != 2 || b.ndim() != 2) {
    throw Error(Errc::unsupported, "matmul: arrays of shapes " + shape_text(a.shape()) + " and " +
                                       shape_text(b.shape()) + ": only those of two dimensions are multiplied");
  }
  if (a.shape()[1] != b.shape()[0]) {
    throw Error(Errc::invalid_argument, "matmul: shapes " + shape_text(a.shape()) + " and " +
                                            shape_text(b.shape()) + " do not fit: the second length of the "
                                            "first must be the first of the second");
  }
  const DType dtype = detail::promote(a.dtype(), b.dtype());
  const DType computed = detail::computed_in(dtype);
  if (detail::product_of(computed) == nullptr) {
    throw UnsupportedError("matmul of " + dtype.to_string() + ": convert with astype first");
  }
  const ChunkedArray fitted =
      b.rechunk(Chunks(std::vector{a.chunks().lengths(1), b.chunks().lengths(1)}));
  const Chunks chunks(std::vector{a.chunks().lengths(0), b.chunks().lengths(1)});
  return detail::make_array<detail::MatmulOperation>(dtype, chunks, a, fitted, chunks, dtype, computed);
}

}  // namespace functionfuse
