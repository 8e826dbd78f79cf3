#include "storage/task_input.hpp"

#include <fcntl.h>

#include <cstring>
#include <string_view>

#include "functionfuse/error.hpp"

namespace functionfuse::detail {
namespace {

constexpr std::uint64_t kSmall = std::uint64_t{4} << 20;
constexpr std::size_t kDigest = sizeof(io::Sha1Digest);

class FileInput final : public Input {
 public:
  FileInput(int fd, std::uint64_t size, std::string_view path)
      : fd_(fd), size_(size), path_(path) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  void read_at(std::uint64_t offset, void* data, std::size_t size) override {
    io::read_all(fd_, offset, data, size, path_);
  }

 private:
  int fd_;
  std::uint64_t size_;
  std::string_view path_;
};

[[noreturn]] void fail_digest() {
  throw CorruptError("damaged: its SHA-1 is not the one that it ends with");
}

void check_size(std::uint64_t size) {
  if (size == 0) {
    throw CorruptError("empty: whoever wrote it was killed, or failed, before the first byte", 0);
  }
  if (size <= kDigest) {
    throw CorruptError("cut short: it has " + std::to_string(size) +
                           " bytes, and a pickle with its SHA-1 has at least 21",
                       size);
  }
}

}  // namespace

std::span<const std::byte> checked_pickle(std::span<const std::byte> task) {
  check_size(task.size());
  const auto pickle = task.first(task.size() - kDigest);
  const io::Sha1Digest digest = io::sha1(pickle.data(), pickle.size());
  if (std::memcmp(digest.data(), task.data() + pickle.size(), kDigest) != 0) fail_digest();
  return pickle;
}

std::unique_ptr<TaskInput> TaskInput::open_if_there(const std::string& path, Check check) {
  io::Fd fd = io::open_if_there(path, O_RDONLY);
  if (!fd) return nullptr;
  return std::unique_ptr<TaskInput>(new TaskInput(path, std::move(fd), check));
}

TaskInput::TaskInput(const std::string& path, io::Fd fd, Check check)
    : path_(path), fd_(std::move(fd)), info_(io::info(fd_.get(), path_)) {
  if (!info_.regular) throw Error(Errc::io, "not a file");
  check_size(info_.size);
  if (info_.size <= kSmall) {
    read_small();
    return;
  }
  input_ = std::make_unique<FileInput>(fd_.get(), info_.size - kDigest, path_);
  if (check == Check::all) {
    digest_.emplace(fd_.get(), info_.size - kDigest, std::string_view(path_));
  }
}

TaskInput::~TaskInput() = default;

void TaskInput::read_small() {
  bytes_ = std::make_unique_for_overwrite<std::byte[]>(info_.size);
  io::read_all(fd_.get(), 0, bytes_.get(), info_.size, path_);
  input_ = std::make_unique<MemoryInput>(checked_pickle({bytes_.get(), info_.size}));
}

void TaskInput::check() {
  if (!digest_) return;
  const io::Sha1Digest digest = digest_->digest();
  digest_.reset();
  io::Sha1Digest expected;
  io::read_all(fd_.get(), info_.size - kDigest, expected.data(), kDigest, path_);
  if (digest != expected) fail_digest();
}

}  // namespace functionfuse::detail
