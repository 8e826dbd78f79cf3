#pragma once

#include <string>
#include <string_view>

namespace functionfuse::cli {

/// Whoever reads the output has gone (`| head`): the program ends without a word.
struct BrokenPipe {};

enum class Colour { red, green, cyan, dim, bold };

/// Standard output, gathered into large writes.
class Out {
 public:
  Out();
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;

  Out& operator<<(std::string_view text) {
    write(text);
    return *this;
  }
  Out& operator<<(char c) {
    write({&c, 1});
    return *this;
  }
  /// \error BrokenPipe; Error(io)
  void write(std::string_view text);
  void flush();

  [[nodiscard]] bool is_terminal() const noexcept { return terminal_; }
  /// `text` in a colour where the output is a terminal that wants colours, else as it is.
  [[nodiscard]] std::string in(Colour colour, std::string_view text) const;

 private:
  std::string buffer_;
  bool terminal_;
  bool colours_;
};

}  // namespace functionfuse::cli
