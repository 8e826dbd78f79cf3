#pragma once

#include <memory>
#include <optional>
#include <string>

#include "functionfuse/pickle/io.hpp"
#include "io/hashing_writer.hpp"
#include "io/new_file.hpp"

namespace functionfuse::detail {

/// A task's file while it is pickled. A small one (nearly all are) is gathered in memory, hashed
/// and written at once. A larger one is hashed by a second thread while this one pickles and
/// writes; large payloads are hashed and written from where they lie.
class TaskOutput final : public Output {
 public:
  /// Both must outlive it.
  TaskOutput(const io::Folder& folder, const std::string& task);
  ~TaskOutput() override;

  void write(const void* data, std::size_t size) override;
  /// Ends the file with its digest. It has no name yet.
  [[nodiscard]] io::NewFile finish();
  [[nodiscard]] const io::Sha1Digest& digest() const noexcept { return digest_; }

 private:
  static constexpr std::size_t kBuffer = std::size_t{1} << 20;
  using Buffer = std::unique_ptr<char[]>;
  static Buffer& spare();
  static Buffer take_buffer();

  void stream();
  void flush();

  const io::Folder& folder_;
  const std::string& task_;
  Buffer buffer_, hashed_;  // the second is still being hashed
  std::size_t used_ = 0;
  std::optional<io::NewFile> file_;          // from here on only
  std::optional<io::HashingWriter> writer_;  // when it is a large one
  io::Sha1Digest digest_{};
};

}  // namespace functionfuse::detail
