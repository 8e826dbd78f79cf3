#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "functionfuse/serializers/bytes_serializer.hpp"
#include "functionfuse/serializers/dask_array_serializer.hpp"
#include "functionfuse/storage/storage_factory.hpp"

/// What is done to a storage while it is killed or its system calls fail: by the program `saver`,
/// and prepared and looked at by the test.
namespace functionfuse::test {

/// \param path  a folder, or s3:/bucket/prefix with endpoint and credentials of the environment
inline std::shared_ptr<Storage> open_storage(const std::string& path) {
  if (path.starts_with("s3:")) {
    auto storage = storage_factory({{"kind", "S3"}, {"options", {{"path", path.substr(3)}}}});
    storage->register_persistent_serializers(BytesSerializer({.threshold = 1000}), DaskArraySerializer());
    return storage;
  }
  auto storage = std::make_shared<FileStorage>(path);
  // One thread, so that the calls are the same each time.
  storage->register_persistent_serializers(BytesSerializer({.threshold = 1000}),
                                           DaskArraySerializer({.compute = {.threads = 1}}));
  return storage;
}
/// The same with other options for arrays.
inline std::shared_ptr<Storage> open_storage_like(const Storage& storage, DaskArraySerializer::Options options) {
  auto like = std::make_shared<FileStorage>(storage.url().substr(std::string("file://").size()));
  options.compute.threads = 1;
  like->register_persistent_serializers(BytesSerializer({.threshold = 1000}), DaskArraySerializer(options));
  return like;
}

/// A result of each kind; `c` tells two of them apart.
inline Bytes bytes_of(char c) { return Bytes(std::string(5000, c)); }
inline std::vector<double> array_of(char c) { return std::vector<double>(400'000, c); }
inline std::vector<std::string> list_of(char c) {
  return std::vector<std::string>(150'000, std::string(10, c));
}

/// In irregular chunks, the last one shorter on disk.
inline ChunkedArray chunked_of(char c) {
  return ChunkedArray::from_function<double>(
      Chunks({{2, 3, 2}, {40, 100}}),
      [c](std::span<double> values, const Block&) { std::ranges::fill(values, c); });
}

template <class T>
void save(Storage& storage, const std::string& task, const T& result, const std::string& function) {
  Record record;
  record.function = function;
  storage.save("w", task, result, &record);
}

struct Scenario {
  std::string name;
  std::function<void(Storage&)> before;
  std::function<void(Storage&)> act;
  /// An error may come after all has happened: from the disk, or while the rest is cleaned up.
  bool error_after_commit = false;
};

inline const std::vector<Scenario>& scenarios() {
  auto nothing = [](Storage&) {};
  static const std::vector<Scenario> all = {
      {"first", nothing, [](Storage& s) { save(s, "x", 2, "new"); }},
      {"replace", [](Storage& s) { save(s, "x", 1, "old"); },
       [](Storage& s) { save(s, "x", 2, "new"); }},
      {"second_task", [](Storage& s) { save(s, "other", bytes_of('k'), "other"); },
       [](Storage& s) { save(s, "x", 2, "new"); }},
      {"bytes", nothing, [](Storage& s) { save(s, "x", bytes_of('n'), "new"); }},
      {"replace_bytes", [](Storage& s) { save(s, "x", bytes_of('o'), "old"); },
       [](Storage& s) { save(s, "x", bytes_of('n'), "new"); }},
      {"two_bytes_by_one",
       [](Storage& s) { save(s, "x", std::vector{bytes_of('o'), bytes_of('p')}, "old"); },
       [](Storage& s) { save(s, "x", bytes_of('n'), "new"); }},
      {"bytes_by_plain", [](Storage& s) { save(s, "x", bytes_of('o'), "old"); },
       [](Storage& s) { save(s, "x", 2, "new"); }},
      {"replace_array", [](Storage& s) { save(s, "x", array_of('o'), "old"); },
       [](Storage& s) { save(s, "x", array_of('n'), "new"); }},
      {"chunked", nothing, [](Storage& s) { save(s, "x", chunked_of('n'), "new"); }},
      {"replace_chunked", [](Storage& s) { save(s, "x", chunked_of('o'), "old"); },
       [](Storage& s) { save(s, "x", chunked_of('n'), "new"); }},
      {"replace_20_chunks", [](Storage& s) { save(s, "x", chunked_of('o').rechunk({2, 30}), "old"); },
       [](Storage& s) { save(s, "x", chunked_of('n').rechunk({2, 30}), "new"); }},
      {"compressed_chunked", nothing,
       [](Storage& s) {
         save(*open_storage_like(s, {.hdf5 = {.deflate = 1, .shuffle = true}}), "x", chunked_of('n'), "new");
       }},
      {"resumed_chunked", [](Storage& s) { save(s, "x", chunked_of('o'), "old"); },
       [](Storage& s) { save(*open_storage_like(s, {.resume = true}), "x", chunked_of('n'), "new"); }},
      {"long_list", nothing, [](Storage& s) { save(s, "x", list_of('n'), "new"); }},
      {"copy_of_a_value", [](Storage& s) { save(s, "other", bytes_of('n'), "other"); },
       [](Storage& s) { save(s, "x", s.read_task("w", "other"), "new"); }},
      {"save_and_sync", [](Storage& s) { save(s, "x", bytes_of('o'), "old"); },
       [](Storage& s) {
         save(s, "x", bytes_of('n'), "new");
         s.sync("w");
       },
       true},
      {"remove", [](Storage& s) { save(s, "x", bytes_of('o'), "old"); },
       [](Storage& s) { s.remove_task("w", "x"); }, true},
      {"remove_workflow",
       [](Storage& s) {
         save(s, "x", bytes_of('o'), "old");
         save(s, "y", 1, "y");
       },
       [](Storage& s) { s.remove_workflow("w"); }, true},
      {"gc",
       [](Storage& s) {
         save(s, "x", 1, "dead");
         save(s, "x", bytes_of('o'), "old");
         save(s, "gone", 1, "dead");
         s.remove_task("w", "gone");
         s.sync("w");
       },
       [](Storage& s) { s.gc({}, false, 0); }, true},
  };
  return all;
}

/// The task "x" in a word: what it is, and the function of its record.
inline std::string look(const std::string& path) {
  const auto storage = open_storage(path);
  const auto index = storage->index("w", 1);  // the record belongs to it
  const auto found = index->find("x");
  if (!found.stored) return "none";
  const Value value = storage->read_task("w", "x");
  std::string text;
  switch (value.kind()) {
    case Kind::persistent: {
      if (value.persistent_id()->name == DaskArraySerializer::name) {
        const NdArray array = storage->read_task<ChunkedArray>("w", "x").compute();
        const char c = static_cast<char>(array.at<double>(0, 0));
        text = equal(array, chunked_of(c).compute()) ? std::string("chunked ") + c : "broken";
        break;
      }
      const Bytes bytes = storage->read_task<Bytes>("w", "x");
      text = bytes == bytes_of(bytes.view()[0]) ? std::string("bytes ") + bytes.view()[0] : "broken";
      break;
    }
    case Kind::ndarray: {
      const auto array = storage->read_task<std::vector<double>>("w", "x");
      const char c = static_cast<char>(array.at(0));
      text = array == array_of(c) ? std::string("array ") + c : "broken";
      break;
    }
    case Kind::list: {
      if (value.size() == 2) {
        (void)storage->read_task<std::vector<Bytes>>("w", "x");
        text = "two bytes";
      } else {
        const auto list = storage->read_task<std::vector<std::string>>("w", "x");
        const char c = list.at(0).at(0);
        text = list == list_of(c) ? std::string("list ") + c : "broken";
      }
      break;
    }
    default:
      text = value.repr();
  }
  return text + " of " + (found.record != nullptr ? found.record->function : "nobody");
}

}  // namespace functionfuse::test
