#include "out.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <unistd.h>

#include "functionfuse/error.hpp"

namespace functionfuse::cli {
namespace {

constexpr std::size_t kFull = 64 << 10;

bool wants_colours() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') && term != nullptr &&
         std::strcmp(term, "dumb") != 0;
}

}  // namespace

Out::Out() : terminal_(::isatty(STDOUT_FILENO) == 1), colours_(terminal_ && wants_colours()) {}

void Out::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kFull) flush();
}

void Out::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      const int error = errno;
      buffer_.clear();
      if (error == EPIPE) throw BrokenPipe();
      throw Error(Errc::io,
                  std::string("cannot write to the standard output: ") + std::strerror(error));
    }
  }
  buffer_.clear();
}

std::string Out::in(Colour colour, std::string_view text) const {
  if (!colours_) return std::string(text);
  std::string_view code;
  switch (colour) {
    case Colour::red:
      code = "\033[31m";
      break;
    case Colour::green:
      code = "\033[32m";
      break;
    case Colour::cyan:
      code = "\033[36m";
      break;
    case Colour::dim:
      code = "\033[2m";
      break;
    case Colour::bold:
      code = "\033[1m";
      break;
  }
  return std::string(code) + std::string(text) + "\033[0m";
}

}  // namespace functionfuse::cli
