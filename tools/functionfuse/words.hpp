#pragma once

#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "out.hpp"

namespace functionfuse::cli {

/// `; did you mean "model"?`, or nothing where no candidate is near.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string> candidates);
/// `"a", "b" and 7 more`
[[nodiscard]] std::string some_of(std::span<const std::string> words, std::size_t most = 5);

/// Whether a name matches a glob: `*`, `?`, `[a-z]`.
[[nodiscard]] bool matches(const std::string& glob, const std::string& name);

/// "1 task", "2 tasks"
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view word);
/// "812 bytes", "1.2 KiB"
[[nodiscard]] std::string size_text(std::uint64_t bytes);

/// "3 min ago" within a day, else "2026-11-22 17:23"; local time.
[[nodiscard]] std::string age_text(std::time_t time);
/// "2026-11-22 17:23:02"; local time.
[[nodiscard]] std::string time_text(std::time_t time);
/// "2026-11-22T17:23:02Z"
[[nodiscard]] std::string utc_text(std::time_t time);

/// Seconds out of "90", "1.5h", "2d"; s, m, h, d. \error Error(invalid_argument)
[[nodiscard]] double parse_duration(std::string_view text);

/// An error's text, where it names functions of the library with the option in their place.
[[nodiscard]] std::string error_text(std::string_view what);

/// Bytes out of "1000000", "256MB", "1.5GiB": k, M, G, T are powers of 1000, Ki, Mi, Gi, Ti of
/// 1024, the B may be left out. \error Error(invalid_argument)
[[nodiscard]] std::size_t parse_size(std::string_view text);

/// A code point of UTF-8 text. `valid` is false for a byte that is part of none: `code` is then the
/// byte. Lone surrogates in three bytes, as Python's "surrogatepass" has them, are valid.
struct CodePoint {
  char32_t code;
  std::size_t length;
  bool valid;
};
[[nodiscard]] CodePoint code_point(std::string_view text);
/// Not one that moves the cursor, hides, or turns text around.
[[nodiscard]] bool is_printable(char32_t code);

/// A name from a storage, safe to print: what is not printable is escaped as Python does.
[[nodiscard]] std::string printable(std::string_view name);
/// Python's repr of a str, of bytes.
[[nodiscard]] std::string quoted(std::string_view utf8);
[[nodiscard]] std::string quoted_bytes(std::string_view bytes);
/// A word of a command line that a shell takes as it is.
[[nodiscard]] std::string shell_word(std::string_view word);
/// Columns that text takes on a terminal, about: code points.
[[nodiscard]] std::size_t width(std::string_view utf8);

/// Lines of aligned columns, two spaces apart; the last column is not padded.
class Table {
 public:
  struct Cell {
    std::string text;
    bool right = false;
    bool coloured = false;
    Colour colour = Colour::dim;
  };
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  void print(Out& out) const;

 private:
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace functionfuse::cli
