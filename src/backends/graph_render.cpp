#include "backends/graph_render.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include <fmt/format.h>

#include "functionfuse/error.hpp"
#include "io/fd.hpp"
#include "io/file.hpp"
#include "io/folder.hpp"
#include "io/new_file.hpp"

extern char** environ;

namespace functionfuse::detail {

namespace {

struct Format {
  std::string_view end;
  const char* argument;  ///< of `dot`; null: the text itself
};
constexpr std::array kFormats = {Format{".svg", "-Tsvg"}, Format{".png", "-Tpng"},
                                 Format{".pdf", "-Tpdf"}, Format{".dot", nullptr}};

const Format& format_of(const std::filesystem::path& file) {
  const std::string end = file.extension().string();
  for (const Format& format : kFormats) {
    if (end == format.end) return format;
  }
  throw Error(Errc::invalid_argument,
              fmt::format("{}: the end of a picture's name says its format: .svg, .png, .pdf or .dot",
                          file.string()));
}

/// A file without a name, in memory.
io::Fd memory_file(const char* name) {
  io::Fd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd) io::fail("create", name, errno);
  return fd;
}

std::string text_of(const io::Fd& fd, std::string_view name) {
  std::string text(io::info(fd.get(), name).size, '\0');
  io::read_all(fd.get(), 0, text.data(), text.size(), name);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

class FileActions {
 public:
  FileActions() { check(::posix_spawn_file_actions_init(&actions_)); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  void redirect(int from, int to) {
    check(::posix_spawn_file_actions_adddup2(&actions_, from, to));
  }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  static void check(int error) {
    if (error != 0) io::fail("start the program", "dot", error);
  }
  posix_spawn_file_actions_t actions_;
};

/// Runs `dot`: no shell, and files in place of pipes, so that nobody waits for anybody.
/// \returns its exit status as of waitpid
int run_dot(const char* format, bool is_bitmap, int in, int out, int err) {
  FileActions actions;
  actions.redirect(in, STDIN_FILENO);
  actions.redirect(out, STDOUT_FILENO);
  actions.redirect(err, STDERR_FILENO);
  // A bitmap is drawn for a screen with twice the points that a letter needs.
  std::array<char*, 4> arguments = {const_cast<char*>("dot"), const_cast<char*>(format),
                                    const_cast<char*>(is_bitmap ? "-Gdpi=144" : nullptr), nullptr};
  pid_t child = 0;
  int error =
      ::posix_spawnp(&child, "dot", actions.get(), nullptr, arguments.data(), environ);
  if (error == ENOENT) {
    throw UnsupportedError(
        "pictures of workflows are drawn by the program dot of Graphviz, and there is none in PATH; "
        "install it (apt install graphviz), or write the text of the picture to a .dot file and draw "
        "that elsewhere");
  }
  if (error != 0) io::fail("start the program", "dot", error);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) io::fail("wait for the program", "dot", errno);
  }
  return status;
}

}  // namespace

void check_picture_name(const std::filesystem::path& file) { format_of(file); }

std::string render(const std::string& dot, const std::filesystem::path& file) {
  const Format& format = format_of(file);
  const std::string name = file.filename().string();
  const io::Folder folder(file.has_parent_path() ? file.parent_path().string() : ".");
  io::NewFile picture(folder);
  if (format.argument == nullptr) {
    io::write_all(picture.fd(), dot.data(), dot.size(), picture.where(name));
    picture.commit_over(name);
    return {};
  }

  io::Fd in = memory_file("input of dot");
  io::write_all(in.get(), dot.data(), dot.size(), "input of dot");
  ::lseek(in.get(), 0, SEEK_SET);
  io::Fd err = memory_file("messages of dot");
  const int status =
      run_dot(format.argument, format.end == ".png", in.get(), picture.fd(), err.get());
  std::string messages = text_of(err, "messages of dot");
  const bool drawn = WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
                     io::info(picture.fd(), picture.where(name)).size > 0;
  if (!drawn) {
    const std::string how = WIFSIGNALED(status)
                                ? fmt::format("was ended by signal {}", WTERMSIG(status))
                                : fmt::format("failed with status {}", WEXITSTATUS(status));
    throw Error(Errc::io, fmt::format("{}: not drawn: the program dot of Graphviz {}{}{}",
                                      file.string(), how, messages.empty() ? "" : ": ", messages));
  }
  picture.commit_over(name);
  return messages;
}

}  // namespace functionfuse::detail
