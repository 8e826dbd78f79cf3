// storage_probe PATH save            saves results of several kinds to workflow "cpp"
// storage_probe PATH show WF TASK    prints the task as Python's repr() would
// storage_probe PATH record WF TASK  prints the function of the task's record, "none" or "absent"
// Exits with 3 for an ff::Error, whose text it prints.

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "functionfuse/serializers/bytes_serializer.hpp"
#include "functionfuse/storage/file_storage.hpp"

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

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() < 2) return 2;
  try {
    ff::FileStorage storage(args[0]);
    storage.register_persistent_serializers(ff::BytesSerializer({.threshold = 1000}));
    if (args[1] == "save") {
      save(storage);
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
