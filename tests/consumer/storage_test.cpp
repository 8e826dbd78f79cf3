// Somebody's own storage (here one of the library's) and the tests that every storage must pass.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <stdlib.h>

#include <functionfuse/functionfuse.hpp>
#include <functionfuse/testing/storage_suite.hpp>

namespace fs = std::filesystem;
using namespace functionfuse::test;

namespace {

class MyStore final : public Store {
 public:
  MyStore() : folder_(::mkdtemp(name_)) {}
  ~MyStore() override { fs::remove_all(folder_); }
  std::shared_ptr<functionfuse::Storage> open() override {
    return std::make_shared<functionfuse::FileStorage>(folder_);
  }
  std::string raw(const std::string& workflow, const std::string& task) override {
    std::ifstream file(folder_ / workflow / task, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void set_raw(const std::string& workflow, const std::string& task,
               const std::string& bytes) override {
    std::ofstream(folder_ / workflow / task, std::ios::binary) << bytes;
  }
  std::vector<std::string> bigdata(const std::string& workflow) override {
    std::vector<std::string> names;
    const fs::path folder = folder_ / workflow / "bigdata";
    if (!fs::exists(folder)) return names;
    for (const auto& entry : fs::directory_iterator(folder))
      names.push_back(entry.path().filename());
    return names;
  }
  void remove_bigdata(const std::string& workflow, const std::string& name) override {
    fs::remove(folder_ / workflow / "bigdata" / name);
  }

 private:
  char name_[32] = "/tmp/functionfuse-test-XXXXXX";
  fs::path folder_;
};

StoreKind mine() {
  return {"mine", [] { return std::make_unique<MyStore>(); }};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Mine, StorageSuite, testing::Values(mine()));
INSTANTIATE_TEST_SUITE_P(Mine, PersistentStorageSuite, testing::Values(mine()));
