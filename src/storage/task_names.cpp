#include "storage/task_names.hpp"

#include <fcntl.h>

namespace functionfuse::detail {

std::optional<io::Sha1Digest> stored_digest(const io::Folder& workflow, const std::string& task) {
  const io::Fd fd = workflow.open_if_there(task, O_RDONLY);
  if (!fd) return {};
  const io::FileInfo info = io::info(fd.get(), workflow.where(task));
  io::Sha1Digest digest;
  if (!info.regular || info.size < digest.size()) return {};
  io::read_all(fd.get(), info.size - digest.size(), digest.data(), digest.size(),
               workflow.where(task));
  return digest;
}

std::string shell_word(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+,:@%=";
  if (!word.empty() && word.find_first_not_of(kPlain) == word.npos) return std::string(word);
  std::string quoted = "'";
  for (char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace functionfuse::detail
