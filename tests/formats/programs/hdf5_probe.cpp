// Writes and reads HDF5 files, for hdf5_test.py to compare with h5py. A question is a line of
// fields with tabs between them, an answer one line: "ok" and fields, or "error", a code and the
// message in hexadecimal.
//
//   write PATH DATASET DTYPE CHUNKS DEFLATE SHUFFLE CHECKSUMS BYTES
//   read PATH DATASET     DTYPE CHUNKS LOGICAL FILTERS CHECKSUMS BYTES
//
// DTYPE and CHUNKS as in arrays/probe.hpp. BYTES are those of the array in C order.

#include <string>
#include <vector>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

#include "arrays/probe.hpp"
#include "formats/hdf5_file.hpp"

namespace ff = functionfuse;
using namespace functionfuse::test;

namespace {

/// The part of an array that a chunk is.
ff::NdArray part_of(const ff::NdArray& array, const ff::Chunks& chunks, std::size_t number) {
  const ff::Shape index = chunks.index(number);
  const ff::Shape begin = chunks.origin_of(index);
  const ff::Shape shape = chunks.shape_of(index);
  std::vector<ff::Slice> slices;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    slices.push_back({begin[axis], begin[axis] + shape[axis]});
  }
  return array.slice(slices);
}

void write(const std::vector<std::string>& a) {
  const ff::DType dtype = read_dtype(a.at(3));
  const ff::Chunks logical = read_chunks(a.at(4));
  const ff::Chunks chunks = ff::formats::stored_chunks(logical, dtype);
  const std::string bytes = from_hex(a.at(8));
  const auto array = ff::NdArray::from_buffer(
      dtype, logical.shape(), 'C', std::as_bytes(std::span(bytes.data(), bytes.size())), nullptr);
  ff::formats::Hdf5Options options;
  options.deflate = std::stoi(a.at(5));
  options.shuffle = a.at(6) == "1";
  options.checksums = a.at(7) == "1";
  ff::formats::Hdf5Writer writer(a.at(1), a.at(2), dtype, chunks, logical, options);
  for (std::size_t n = 0; n < chunks.count(); ++n) writer.write(n, part_of(array, chunks, n));
  writer.finish();
}

std::string read(const std::vector<std::string>& a) {
  const auto source = ff::formats::Hdf5Source::open(a.at(1), a.at(2));
  const ff::Chunks& chunks = source->chunks();
  ff::NdArray array(source->dtype(), chunks.shape());
  for (std::size_t n = 0; n < chunks.count(); ++n) {
    auto block = ff::NdArray::empty(source->dtype(), chunks.shape_of(chunks.index(n)));
    source->read(n, block);
    ff::NdArray to = part_of(array, chunks, n);
    if (to.nbytes() == 0) continue;
    // Element by element: this is a test.
    const ff::Shape& shape = to.shape();
    for (std::size_t i = 0; i < to.size(); ++i) {
      std::byte* at = to.mutable_data();
      std::size_t rest = i;
      for (std::size_t axis = shape.size(); axis-- > 0;) {
        const auto length = static_cast<std::size_t>(shape[axis]);
        at += static_cast<std::int64_t>(rest % length) * to.strides()[axis];
        rest /= length;
      }
      const std::size_t size = source->dtype().itemsize();
      std::copy_n(block.data() + i * size, size, at);
    }
  }
  const auto& info = source->info();
  std::string filters;
  for (const std::string& name : info.filters) filters += (filters.empty() ? "" : ";") + name;
  const char* names[] = {"none", "complete", "incomplete"};
  return words(source->dtype()) + "\t" + write_chunks(chunks) + "\t" +
         write_chunks(source->logical()) + "\t" + filters + "\t" +
         names[static_cast<int>(info.checksums)] + "\t" +
         (array.nbytes() > 0 ? to_hex(array.data(), array.nbytes()) : "");
}

}  // namespace

int main() {
  answer_all([](const std::vector<std::string>& a) -> std::string {
    if (a.at(0) == "read") return read(a);
    if (a.at(0) == "write") {
      write(a);
      return {};
    }
    return "?";
  });
}
