#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "functionfuse/pickle/io.hpp"
#include "io/file.hpp"
#include "io/hashing_writer.hpp"

namespace functionfuse::detail {

/// The pickle in a task's bytes, with its digest behind it. \error corrupt  too short, or altered
[[nodiscard]] std::span<const std::byte> checked_pickle(std::span<const std::byte> task);

/// A task's file that is being read. A small one is read whole and checked at once; of a large one
/// a second thread computes the digest while this one reads.
class TaskInput {
 public:
  enum class Check {
    all,
    small,  ///< a large file is not checked: for those who only want what stands around payloads
  };

  /// Nothing where there is none. \error corrupt  too short, or a small one with a wrong digest
  [[nodiscard]] static std::unique_ptr<TaskInput> open_if_there(const std::string& path,
                                                                Check check = Check::all);
  ~TaskInput();
  TaskInput(const TaskInput&) = delete;
  TaskInput& operator=(const TaskInput&) = delete;

  /// Calls `f(Input&)` with the pickle. A wrong digest is reported in place of whatever else `f`
  /// may have met in damaged bytes, and nothing read counts before this returns.
  template <class F>
  void read(F f) {
    try {
      f(*input_);
    } catch (...) {
      check();
      throw;
    }
    check();
  }
  [[nodiscard]] std::uint64_t file_size() const noexcept { return info_.size; }
  [[nodiscard]] std::uint64_t inode() const noexcept { return info_.inode; }

 private:
  TaskInput(const std::string& path, io::Fd fd, Check check);
  void read_small();
  void check();

  std::string path_;
  io::Fd fd_;
  io::FileInfo info_;
  std::unique_ptr<std::byte[]> bytes_;
  std::unique_ptr<Input> input_;
  std::optional<io::BackgroundFileSha1> digest_;
};

}  // namespace functionfuse::detail
