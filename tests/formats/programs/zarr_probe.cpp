// Writes and reads Zarr arrays, for zarr_python_test.py to compare with zarr-python. A question is a line
// of fields with tabs between them, an answer one line: "ok" and fields, or "error", a code and the
// message in hexadecimal.
//
//   write LOCATION DTYPE CHUNKS CODEC LEVEL CNAME SHUFFLE ORDER SEPARATOR BYTES
//   read LOCATION ARRAY SPARSE    DTYPE CHUNKS STORED CODEC FILTERS CHECKSUMS BYTES
//   slice LOCATION ARRAY START STOP    BYTES of [START:STOP] along the first axis
//
// DTYPE and CHUNKS as in arrays/probe.hpp. BYTES are those of the array in C order.

#include <string>
#include <vector>

#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>
#include <functionfuse/formats/zarr.hpp>

#include "arrays/probe.hpp"

namespace ff = functionfuse;
using namespace functionfuse::test;

namespace {

void write(const std::vector<std::string>& a) {
  const ff::DType dtype = read_dtype(a.at(2));
  const ff::Chunks chunks = read_chunks(a.at(3));
  const std::string bytes = from_hex(a.at(10));
  const auto array = ff::NdArray::from_buffer(
      dtype, chunks.shape(), 'C', std::as_bytes(std::span(bytes.data(), bytes.size())), nullptr);
  ff::ZarrOptions options;
  options.codec = a.at(4);
  options.level = std::stoi(a.at(5));
  options.cname = a.at(6);
  options.shuffle = std::stoi(a.at(7));
  options.order = a.at(8).at(0);
  options.separator = a.at(9).at(0);
  ff::save_zarr(a.at(1), ff::ChunkedArray::from_array(array, chunks), options);
}

std::string read(const std::vector<std::string>& a) {
  const auto array = ff::open_zarr(a.at(1), a.at(2), {.sparse = a.at(3) == "1"});
  const ff::NdArray data = array.compute();
  const ff::ZarrDescription about = ff::describe_zarr(a.at(1), a.at(2));
  std::string stored;
  for (const auto length : about.stored_chunks) stored += std::to_string(length) + ",";
  std::string filters;
  for (const std::string& name : about.filters) filters += (filters.empty() ? "" : ";") + name;
  const auto bytes = data.tobytes();
  return words(array.dtype()) + "\t" + write_chunks(array.chunks()) + "\t" + stored + "\t" +
         about.codec + "\t" + filters + "\t" + (about.has_checksums ? "1" : "0") + "\t" +
         to_hex(bytes.data(), bytes.size());
}

std::string slice(const std::vector<std::string>& a) {
  const auto array = ff::open_zarr(a.at(1), a.at(2));
  const auto bytes = array.slice({{std::stoll(a.at(3)), std::stoll(a.at(4))}}).compute().tobytes();
  return to_hex(bytes.data(), bytes.size());
}

}  // namespace

int main() {
  answer_all([](const std::vector<std::string>& a) -> std::string {
    if (a.at(0) == "read") return read(a);
    if (a.at(0) == "slice") return slice(a);
    if (a.at(0) == "write") {
      write(a);
      return {};
    }
    return "?";
  });
}
