#pragma once

#include "functionfuse/storage/file_storage.hpp"
#include "io/temp_folder.hpp"
#include <functionfuse/testing/storage_suite.hpp>

namespace functionfuse::test {

class FileStore final : public Store {
 public:
  explicit FileStore(const std::filesystem::path& in = std::filesystem::temp_directory_path())
      : folder_(in) {}

  [[nodiscard]] std::shared_ptr<Storage> open() override {
    return std::make_shared<FileStorage>(path());
  }
  [[nodiscard]] std::string raw(const std::string& workflow, const std::string& task) override {
    return read_bytes(path() / workflow / task);
  }
  void set_raw(const std::string& workflow, const std::string& task,
               const std::string& bytes) override {
    write_bytes(path() / workflow / task, bytes);
  }
  [[nodiscard]] std::vector<std::string> bigdata(const std::string& workflow) override {
    const auto names = all_below(path() / workflow / "bigdata");
    return {names.begin(), names.end()};
  }
  void remove_bigdata(const std::string& workflow, const std::string& name) override {
    std::filesystem::remove(path() / workflow / "bigdata" / name);
  }

  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "storage"; }

 private:
  TempFolder folder_;
};

}  // namespace functionfuse::test
