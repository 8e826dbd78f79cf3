// storage_probe PATH save            saves results of several kinds to workflow "cpp"
// storage_probe PATH save_arrays     the same with arrays
// storage_probe PATH show WF TASK    prints the task as Python's repr() would
// storage_probe PATH array WF TASK   prints dtype, chunks and the elements (in hexadecimal) of an
// array storage_probe PATH record WF TASK  prints the function of the task's record, "none" or
// "absent" PATH is a folder, or s3:/bucket/prefix. Exits with 3 for an ff::Error, whose text it
// prints.

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "functionfuse/serializers/bytes_serializer.hpp"
#include "functionfuse/serializers/dask_array_serializer.hpp"
#include "functionfuse/storage/storage_factory.hpp"

namespace ff = functionfuse;

namespace {

ff::Record record_of(const std::string& function) {
  ff::Record record;
  record.function = function;
  return record;
}

void save(ff::Storage& storage) {
  const ff::Record record = record_of("probe");
  storage.save("cpp", "none", nullptr, &record);
  storage.save("cpp", "number", 1.5, &record);
  storage.save("cpp", "text", std::string("größer"), &record);
  storage.save("cpp", "dict", std::map<std::string, int>{{"a", 1}, {"b", 2}}, &record);
  storage.save("cpp", "array", std::vector<double>{1, 2, 3}, &record);
  storage.save("cpp", "large", std::vector<double>(1'000'000, 0.5), &record);
  storage.save("cpp", "list", std::vector<std::string>(200'000, "some text"), &record);
  storage.save("cpp", "bytes", ff::Bytes(std::string(5000, 'b')), &record);
  storage.save("cpp", "glob[1]*", 1, &record);
  storage.sync("cpp");
}

void save_arrays(ff::Storage& storage) {
  const auto x = ff::ChunkedArray::arange(0.0, 1000.0, 1.0, 300);
  storage.save("arrays", "x", x);
  storage.save("arrays", "nested", std::pair(std::vector{x, x + 1}, std::string("text")));
  storage.save("arrays", "irregular", x.rechunk({{1, 998, 1}}));
  storage.save("arrays", "scalar", ff::ChunkedArray(2.5));
  storage.save("arrays", "zeros", ff::ChunkedArray::zeros({5, 7}, {2, 3}, ff::DType::parse("<i4")));
  storage.sync("arrays");
}

void print_array(const ff::ChunkedArray& array) {
  const ff::NdArray whole = array.compute();
  std::vector<std::byte> bytes(whole.nbytes());
  whole.copy_to(bytes.data());
  std::printf("%s\n%s\n", whole.dtype().to_string().c_str(), array.chunks().to_string().c_str());
  for (const std::byte byte : bytes) std::printf("%02x", std::to_integer<unsigned>(byte));
  std::printf("\n");
}

std::shared_ptr<ff::Storage> open(const std::string& path) {
  const bool s3 = path.starts_with("s3:");
  auto storage = ff::storage_factory(
      {{"kind", s3 ? "S3" : "file"}, {"options", {{"path", path.substr(s3 ? 3 : 0)}}}});
  storage->register_persistent_serializers(ff::BytesSerializer({.threshold = 1000}),
                                           ff::DaskArraySerializer());
  return storage;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() < 2) return 2;
  try {
    const auto opened = open(args[0]);
    ff::Storage& storage = *opened;
    if (args[1] == "save") {
      save(storage);
    } else if (args[1] == "save_arrays") {
      save_arrays(storage);
    } else if (args[1] == "array") {
      print_array(storage.read_task<ff::ChunkedArray>(args.at(2), args.at(3)));
    } else if (args[1] == "show") {
      std::printf("%s\n", storage.read_task(args.at(2), args.at(3)).repr().c_str());
    } else if (args[1] == "record") {
      const auto index = storage.index(args.at(2), 1);
      const auto found = index->find(args.at(3));
      const std::string none = found.stored ? "none" : "absent";
      std::printf("%s\n", (found.record != nullptr ? found.record->function : none).c_str());
    } else {
      return 2;
    }
  } catch (const ff::Error& e) {
    std::printf("%s\n", e.what());
    return 3;
  }
  return 0;
}
