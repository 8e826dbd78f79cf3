#include "canvas.hpp"

#include <array>

#include <png.h>

#include "functionfuse/error.hpp"

namespace functionfuse::cli {
namespace {

struct Letter {
  char letter;
  std::array<std::string_view, 7> rows;
};

constexpr Letter kLetters[] = {
    {'0', {" ### ", "#   #", "#  ##", "# # #", "##  #", "#   #", " ### "}},
    {'1', {"  #  ", " ##  ", "  #  ", "  #  ", "  #  ", "  #  ", " ### "}},
    {'2', {" ### ", "#   #", "    #", "   # ", "  #  ", " #   ", "#####"}},
    {'3', {"#####", "   # ", "  #  ", "   # ", "    #", "#   #", " ### "}},
    {'4', {"   # ", "  ## ", " # # ", "#  # ", "#####", "   # ", "   # "}},
    {'5', {"#####", "#    ", "#### ", "    #", "    #", "#   #", " ### "}},
    {'6', {"  ## ", " #   ", "#    ", "#### ", "#   #", "#   #", " ### "}},
    {'7', {"#####", "    #", "   # ", "  #  ", "  #  ", "  #  ", "  #  "}},
    {'8', {" ### ", "#   #", "#   #", " ### ", "#   #", "#   #", " ### "}},
    {'9', {" ### ", "#   #", "#   #", " ####", "    #", "   # ", " ##  "}},
    {'-', {"     ", "     ", "     ", "#####", "     ", "     ", "     "}},
    {'+', {"     ", "  #  ", "  #  ", "#####", "  #  ", "  #  ", "     "}},
    {'.', {"     ", "     ", "     ", "     ", "     ", " ##  ", " ##  "}},
    {'e', {"     ", "     ", " ### ", "#   #", "#####", "#    ", " ### "}},
    {'N', {"#   #", "##  #", "##  #", "# # #", "#  ##", "#  ##", "#   #"}},
    {'a', {"     ", "     ", " ### ", "    #", " ####", "#   #", " ####"}},
    {'i', {"  #  ", "     ", " ##  ", "  #  ", "  #  ", "  #  ", " ### "}},
    {'n', {"     ", "     ", "# ## ", "##  #", "#   #", "#   #", "#   #"}},
    {'f', {"  ## ", " #  #", " #   ", "###  ", " #   ", " #   ", " #   "}},
};

}  // namespace

Canvas::Canvas(std::int64_t width, std::int64_t height, Rgb background)
    : width_(width),
      height_(height),
      pixels_(static_cast<std::size_t>(width * height), background) {}

void Canvas::set(std::int64_t x, std::int64_t y, Rgb colour) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  pixels_[static_cast<std::size_t>(y * width_ + x)] = colour;
}

void Canvas::fill(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height,
                  Rgb colour) {
  for (std::int64_t j = y; j < y + height; ++j) {
    for (std::int64_t i = x; i < x + width; ++i) set(i, j, colour);
  }
}

void Canvas::frame(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height,
                   Rgb colour) {
  fill(x - 1, y - 1, width + 2, 1, colour);
  fill(x - 1, y + height, width + 2, 1, colour);
  fill(x - 1, y, 1, height, colour);
  fill(x + width, y, 1, height, colour);
}

void Canvas::text(std::int64_t x, std::int64_t y, std::string_view text, std::int64_t scale,
                  Rgb colour) {
  for (const char c : text) {
    for (const Letter& letter : kLetters) {
      if (letter.letter != c) continue;
      for (std::size_t row = 0; row < letter.rows.size(); ++row) {
        for (std::size_t column = 0; column < letter.rows[row].size(); ++column) {
          if (letter.rows[row][column] == ' ') continue;
          fill(x + static_cast<std::int64_t>(column) * scale,
               y + static_cast<std::int64_t>(row) * scale, scale, scale, colour);
        }
      }
    }
    x += (kLetterWidth + 1) * scale;
  }
}

std::int64_t Canvas::text_width(std::string_view text, std::int64_t scale) {
  return text.empty() ? 0 : (std::ssize(text) * (kLetterWidth + 1) - 1) * scale;
}

std::string Canvas::png() const {
  static_assert(sizeof(Rgb) == 3);
  ::png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width_);
  image.height = static_cast<png_uint_32>(height_);
  image.format = PNG_FORMAT_RGB;
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  ::png_alloc_size_t size = bytes.size();
  if (::png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels_.data(), 0, nullptr) ==
      0) {
    throw Error(Errc::io, std::string("cannot make a PNG picture: ") + image.message);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace functionfuse::cli
