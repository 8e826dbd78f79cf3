// save_arrays PATH WORKFLOW TASK [MEGABYTES]   Saves chunked arrays with DaskArraySerializer:
//
// wave: float64 (300, 500) in chunks of (128, 200), some elements NaN, and Python can compute it.
// packed: the same, shuffled and deflated. folder: the same as a Zarr array in a folder.
// nested: a dict: 'frames' a list of two arrays, 'n' an int, 'weights' a numpy array.
// dtypes: a dict of arrays of types that IBM's Function Fuse can't keep, or keeps otherwise.
// large: uint64 0, 1, 2, ... in chunks of 1 MB that are made when they are written.
// columns: the same, a chunk a column.

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <functionfuse/functionfuse.hpp>

#include "open_storage.hpp"

namespace ff = functionfuse;

struct Nested {
  std::vector<ff::ChunkedArray> frames;
  int n = 2;
  std::vector<double> weights = {0.5, 0.25};
};
FUNCTIONFUSE_FIELDS(Nested, frames, n, weights)

ff::ChunkedArray wave() {
  return ff::ChunkedArray::from_function<double>(
      {300, 500}, {128, 200}, [](std::span<double> elements, const ff::Block& where) {
        std::size_t i = 0;
        for (auto y = where.origin[0]; y < where.origin[0] + where.shape[0]; ++y) {
          for (auto x = where.origin[1]; x < where.origin[1] + where.shape[1]; ++x) {
            const bool hole = (y - 150) * (y - 150) + (x - 400) * (x - 400) < 900;
            elements[i++] = hole ? std::numeric_limits<double>::quiet_NaN()
                                 : std::sin(static_cast<double>(x) / 25) *
                                       std::cos(static_cast<double>(y) / 40);
          }
        }
      });
}

ff::ChunkedArray counting(const ff::Shape& shape, const ff::Shape& chunks) {
  return ff::ChunkedArray::from_function<std::uint64_t>(
      shape, chunks, [shape](std::span<std::uint64_t> elements, const ff::Block& where) {
        const auto height = static_cast<std::uint64_t>(where.shape[0]);
        const auto width = static_cast<std::uint64_t>(where.shape[1]);
        for (std::uint64_t y = 0; y < height; ++y) {
          const auto row = (static_cast<std::uint64_t>(where.origin[0]) + y) *
                               static_cast<std::uint64_t>(shape[1]) +
                           static_cast<std::uint64_t>(where.origin[1]);
          for (std::uint64_t x = 0; x < width; ++x) elements[y * width + x] = row + x;
        }
      });
}

/// Bytes 1, 2, 3, ... as elements of any type.
ff::NdArray bytes_as(const ff::DType& dtype, const ff::Shape& shape) {
  ff::NdArray array(dtype, shape);
  std::byte* to = array.mutable_data();
  for (std::size_t i = 0; i < array.nbytes(); ++i) to[i] = static_cast<std::byte>(i % 100 + 1);
  return array;
}

std::map<std::string, ff::ChunkedArray> dtypes() {
  std::map<std::string, ff::ChunkedArray> arrays;
  for (const char* type : {"<f4", ">f8", "<i2", ">u4", "|S3", "<M8[s]", ">m8[ms]", "|V5", "<c8"}) {
    arrays.emplace(type,
                   ff::ChunkedArray::from_array(bytes_as(ff::DType::parse(type), {5, 4}), {2, 3}));
  }
  ff::NdArray text(ff::DType::parse("<U2"), {5});
  const char32_t letters[] = U"aébcΩdefgh";
  std::memcpy(text.mutable_data(), letters, text.nbytes());
  arrays.emplace("<U2", ff::ChunkedArray::from_array(text, {2}));
  const ff::DType point =
      ff::DType::packed({{"x", {}, ff::DType::of<float>()},
                         {"y", {}, ff::DType::parse(">i2")},
                         {"n", {}, ff::DType::subarray(ff::DType::of<std::int16_t>(), {2})}});
  arrays.emplace("point", ff::ChunkedArray::from_array(bytes_as(point, {7}), {3}));
  const ff::DType gaps = ff::DType::structured(
      {{"a", {}, ff::DType::of<std::int32_t>(), 4}, {"b", {}, ff::DType::of<double>(), 8}}, 24);
  arrays.emplace("gaps", ff::ChunkedArray::from_array(bytes_as(gaps, {4}), {3}));
  arrays.emplace("scalar", ff::ChunkedArray(ff::NdArray::scalar(2.5)));
  arrays.emplace("empty", ff::ChunkedArray::zeros({0, 3}, {1, 3}));
  return arrays;
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const std::string workflow = argv[2], task = argv[3];
  const std::int64_t megabytes = argc > 4 ? std::atoll(argv[4]) : 1;
  auto storage = open_storage(argv[1]);
  const bool packed = task == "packed", folder = task == "folder";
  using Format = ff::DaskArraySerializer::Format;
  storage->register_persistent_serializers(
      ff::DaskArraySerializer({.hdf5 = {.deflate = packed ? 4 : 0, .shuffle = packed},
                               .format = folder ? Format::zarr : Format::hdf5}));
  if (task == "wave" || packed || folder) {
    storage->save(workflow, task, wave());
  } else if (task == "nested") {
    storage->save(workflow, task, Nested{{wave(), wave().slice({{.start = 0, .stop = 3}})}});
  } else if (task == "dtypes") {
    storage->save(workflow, task, dtypes());
  } else if (task == "large") {
    storage->save(workflow, task, counting({megabytes * 125, 1000}, {125, 1000}));
  } else if (task == "columns") {
    storage->save(workflow, task, counting({megabytes * 1250, 100}, {megabytes * 1250, 1}));
  } else {
    return 2;
  }
}
