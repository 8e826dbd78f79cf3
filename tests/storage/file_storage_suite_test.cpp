#include "storage/file_store.hpp"
#include <functionfuse/testing/storage_suite.hpp>

namespace functionfuse::test {
namespace {

std::vector<StoreKind> file_stores() {
  std::vector<StoreKind> kinds;
  for (const std::string folder : {"/tmp", "/dev/shm"}) {
    if (!std::filesystem::is_directory(folder)) continue;
    kinds.push_back({"file_on" + std::string(folder == "/tmp" ? "_tmp" : "_shm"),
                     [folder] { return std::make_unique<FileStore>(folder); }});
  }
  return kinds;
}

auto name_of = [](const auto& info) { return info.param.name; };

}  // namespace

INSTANTIATE_TEST_SUITE_P(File, StorageSuite, testing::ValuesIn(file_stores()), name_of);

INSTANTIATE_TEST_SUITE_P(File, PersistentStorageSuite, testing::ValuesIn(file_stores()), name_of);

}  // namespace functionfuse::test
