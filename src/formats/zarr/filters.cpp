#include "formats/zarr/filters.hpp"

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

#include "formats/hdf5/codec.hpp"

namespace functionfuse::formats::zarr {
namespace {

template <class T>
void sum_up(NdArray& array) {
  // Integers wrap as in numpy; of signed ones that is defined only for their unsigned twins.
  using Sum = typename std::conditional_t<std::is_integral_v<T>, std::make_unsigned<T>,
                                          std::type_identity<T>>::type;
  Sum sum{};
  for (T& value : array.mutable_view<T>()) {
    sum = static_cast<Sum>(sum + static_cast<Sum>(value));
    value = static_cast<T>(sum);
  }
}

void sum_up(NdArray& array) {
  const bool is_signed = array.dtype().kind() == 'i';
  if (array.dtype().kind() == 'f') {
    return array.dtype().itemsize() == 4 ? sum_up<float>(array) : sum_up<double>(array);
  }
  switch (array.dtype().itemsize()) {
    case 1:
      return is_signed ? sum_up<std::int8_t>(array) : sum_up<std::uint8_t>(array);
    case 2:
      return is_signed ? sum_up<std::int16_t>(array) : sum_up<std::uint16_t>(array);
    case 4:
      return is_signed ? sum_up<std::int32_t>(array) : sum_up<std::uint32_t>(array);
    default:
      return is_signed ? sum_up<std::int64_t>(array) : sum_up<std::uint64_t>(array);
  }
}

bool can_add(const DType& dtype) {
  return dtype.kind() == 'i' || dtype.kind() == 'u' ||
         (dtype.kind() == 'f' && (dtype.itemsize() == 4 || dtype.itemsize() == 8));
}

void decode_delta(const Filter& filter, std::span<const std::byte> from, std::span<std::byte> to) {
  const auto count = static_cast<std::int64_t>(to.size() / filter.dtype.itemsize());
  NdArray array = NdArray::from_buffer(filter.astype, {count}, 'C', from, nullptr)
                      .astype(filter.dtype.newbyteorder('='));
  if (!array.writable()) array = array.copy();  // those of `from` themselves
  sum_up(array);
  array.astype(filter.dtype).copy_to(to.data());
}

}  // namespace

std::size_t Filter::encoded_size(std::size_t size) const {
  const std::size_t element = id == Id::delta ? dtype.itemsize() : elementsize;
  if (element > 1 && size % element != 0) {
    throw CorruptError("its filter " + describe(*this) + " does not fit chunks of " +
                       std::to_string(size) + " bytes");
  }
  return id == Id::delta ? size / element * astype.itemsize() : size;
}

void Filter::decode(std::span<const std::byte> from, std::span<std::byte> to) const {
  if (id == Id::delta) return decode_delta(*this, from, to);
  if (elementsize <= 1) {
    std::copy(from.begin(), from.end(), to.begin());
  } else {
    hdf5::unshuffle(from.data(), from.size(), elementsize, to.data());
  }
}

void check(const Filter& filter) {
  if (filter.id != Filter::Id::delta) return;
  const bool to_integer_of_float = filter.dtype.kind() != 'f' && filter.astype.kind() == 'f';
  if (!can_add(filter.dtype) || !can_add(filter.astype) || to_integer_of_float) {
    throw UnsupportedError(
        "the filter " + describe(filter) +
        ": only differences of integers, and of floats of 4 or 8 bytes, are read");
  }
}

std::string describe(const Filter& filter) {
  if (filter.id == Filter::Id::shuffle) return "shuffle " + std::to_string(filter.elementsize);
  return "delta " + filter.dtype.str() + " " + filter.astype.str();
}

}  // namespace functionfuse::formats::zarr
