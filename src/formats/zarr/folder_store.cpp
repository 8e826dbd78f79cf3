#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include <functionfuse/error.hpp>

#include "formats/zarr/store.hpp"
#include "io/new_file.hpp"
#include "io/tree.hpp"

namespace functionfuse::formats::zarr {
namespace {

namespace fs = std::filesystem;

constexpr int kRead = O_RDONLY | O_NONBLOCK;  // a pipe would be waited for

class FolderStore final : public Store {
 public:
  explicit FolderStore(std::string path) : path_(std::move(path)) {
    while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  }

  [[nodiscard]] const std::string& location() const noexcept override { return path_; }

  [[nodiscard]] std::optional<std::vector<std::byte>> get(const std::string& key,
                                                          std::size_t most) const override {
    const std::string path = path_of(key);
    const io::Fd fd = io::open_if_there(path, kRead);
    if (!fd) return std::nullopt;
    std::vector<std::byte> data(size_of(fd, key, most));
    io::read_all(fd.get(), 0, data.data(), data.size(), path);
    return data;
  }

  [[nodiscard]] std::optional<std::size_t> get(const std::string& key,
                                               std::span<std::byte> buffer) const override {
    const std::string path = path_of(key);
    const io::Fd fd = io::open_if_there(path, kRead);
    if (!fd) return std::nullopt;
    const std::size_t size = size_of(fd, key, buffer.size());
    io::read_all(fd.get(), 0, buffer.data(), size, path);
    return size;
  }

  void put(const std::string& key, std::span<const std::byte> data) override {
    const fs::path path = path_of(key);
    const std::string name = path.filename();
    const io::Folder folder = made_folder(path.parent_path());
    io::NewFile file(folder);
    io::write_all(file.fd(), data.data(), data.size(), folder.where(name));
    if (!file.commit_new(name)) file.commit_over(name);
  }

  void sync() override {
    if (const auto folder = io::Folder::open_if_there(path_)) io::sync_tree(folder->fd(), path_);
  }

  void list(const std::function<bool(const std::string&)>& visit) const override {
    std::error_code error;
    for (fs::recursive_directory_iterator entry(path_, error), end; !error && entry != end;
         entry.increment(error)) {
      if (entry->path().filename().native().starts_with(io::kTemporary)) {
        entry.disable_recursion_pending();
      } else if (!entry->is_directory(error)) {
        if (!visit(entry->path().lexically_relative(path_))) return;
      }
    }
    if (error && error != std::errc::no_such_file_or_directory &&
        error != std::errc::not_a_directory) {
      io::fail("list", path_, error.value());
    }
  }

  void remove_all() override { io::remove_tree(path_); }

 private:
  [[nodiscard]] std::string path_of(const std::string& key) const { return path_ + "/" + key; }

  [[nodiscard]] std::size_t size_of(const io::Fd& fd, const std::string& key,
                                    std::size_t most) const {
    const io::FileInfo info = io::info(fd.get(), path_of(key));
    if (!info.regular) throw CorruptError(path_of(key) + " is not a file");
    if (info.size > most) fail_too_large(*this, key, most);
    return info.size;
  }

  /// Most keys lie in one folder that is there: it is looked for first, made only if need be.
  static io::Folder made_folder(const std::string& path) {
    if (auto folder = io::Folder::open_if_there(path)) return *std::move(folder);
    io::make_folders(path);
    return io::Folder(path);
  }

  std::string path_;
};

}  // namespace

std::unique_ptr<Store> folder_store(std::string path) {
  return std::make_unique<FolderStore>(std::move(path));
}

}  // namespace functionfuse::formats::zarr
