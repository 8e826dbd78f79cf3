#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "colour_map.hpp"

namespace functionfuse::cli {

/// A picture in memory, with letters enough for numbers: digits, + - . e, and "NaN", "inf".
class Canvas {
 public:
  static constexpr std::int64_t kLetterWidth = 5, kLetterHeight = 7;

  Canvas(std::int64_t width, std::int64_t height, Rgb background);

  [[nodiscard]] std::int64_t width() const noexcept { return width_; }
  [[nodiscard]] std::int64_t height() const noexcept { return height_; }

  void set(std::int64_t x, std::int64_t y, Rgb colour);
  void fill(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height, Rgb colour);
  /// A line of one pixel around that area.
  void frame(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height, Rgb colour);
  /// \param scale  pixels a dot of a letter
  void text(std::int64_t x, std::int64_t y, std::string_view text, std::int64_t scale, Rgb colour);
  [[nodiscard]] static std::int64_t text_width(std::string_view text, std::int64_t scale);

  /// The bytes of a PNG file.
  [[nodiscard]] std::string png() const;

 private:
  std::int64_t width_, height_;
  std::vector<Rgb> pixels_;
};

}  // namespace functionfuse::cli
