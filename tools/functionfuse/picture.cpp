#include "picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <vector>

#include <fmt/format.h>

#include "functionfuse/arrays/compute_options.hpp"
#include "functionfuse/error.hpp"

#include "progress.hpp"

namespace functionfuse::cli {
namespace {

constexpr std::int64_t kMostSide = 2000, kLeastSide = 400, kLeastThin = 64;

struct Cell {
  double sum = 0;
  std::uint64_t count = 0;
  [[nodiscard]] double mean() const {
    return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
  }
};

std::int64_t pieces(std::int64_t length, std::int64_t piece) {
  return (length + piece - 1) / piece;
}

/// Sums of blocks of an array, filled chunk by chunk.
class Grid final : public ChunkSink {
 public:
  /// \param blocks  how many elements become one cell along each axis
  Grid(const Chunks& chunks, std::array<std::int64_t, 2> blocks, Progress& progress)
      : row_block(blocks[0]),
        column_block(blocks[1]),
        rows(pieces(chunks.shape()[0], row_block)),
        columns(pieces(chunks.shape()[1], column_block)),
        chunks_(chunks),
        progress_(progress),
        cells_(static_cast<std::size_t>(rows * columns)) {}

  [[nodiscard]] double at(std::int64_t row, std::int64_t column) const {
    return cells_[static_cast<std::size_t>(row * columns + column)].mean();
  }

  void write(std::size_t number, const NdArray& block) override {
    progress_.add(block.nbytes());
    const Shape origin = chunks_.origin_of(chunks_.index(number));
    const std::int64_t height = block.shape()[0], width = block.shape()[1];
    constexpr std::int64_t kElements = 64 << 10;  // converted at a time
    const std::int64_t wide = std::min(width, kElements);
    const std::int64_t high =
        std::max<std::int64_t>(1, kElements / std::max<std::int64_t>(1, width));
    for (std::int64_t y = 0; y < height; y += high) {
      for (std::int64_t x = 0; x < width; x += wide) {
        const NdArray part =
            block.slice({{.start = y, .stop = y + high}, {.start = x, .stop = x + wide}});
        add(part.astype(DType::of<double>()).ascontiguous(), origin[0] + y, origin[1] + x);
      }
    }
  }
  [[nodiscard]] std::size_t extra_bytes() const override { return 2 << 20; }

  const std::int64_t row_block, column_block, rows, columns;

 private:
  void add(const NdArray& part, std::int64_t row, std::int64_t column) {
    const std::int64_t height = part.shape()[0], width = part.shape()[1];
    const auto* values = reinterpret_cast<const double*>(part.data());
    const std::int64_t first = column / column_block;
    std::vector<Cell> sums(
        static_cast<std::size_t>((column + width - 1) / column_block - first + 1));
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width;) {
        const std::int64_t cell = (column + x) / column_block;
        const std::int64_t end = std::min(width, (cell + 1) * column_block - column);
        Cell& to = sums[static_cast<std::size_t>(cell - first)];
        for (; x < end; ++x) {
          const double value = values[y * width + x];
          if (std::isnan(value)) continue;
          to.sum += value;
          ++to.count;
        }
      }
      if (y + 1 == height || (row + y + 1) % row_block == 0) {
        merge(sums, (row + y) / row_block, first);
        std::ranges::fill(sums, Cell());
      }
    }
  }

  void merge(const std::vector<Cell>& sums, std::int64_t row, std::int64_t column) {
    const std::lock_guard lock(mutexes_[static_cast<std::size_t>(row) % mutexes_.size()]);
    Cell* to = &cells_[static_cast<std::size_t>(row * columns + column)];
    for (const Cell& sum : sums) {
      to->sum += sum.sum;
      to->count += sum.count;
      ++to;
    }
  }

  const Chunks chunks_;
  Progress& progress_;
  std::vector<Cell> cells_;
  std::array<std::mutex, 64> mutexes_;  // of rows
};

/// How many elements become one dot along an axis. Both axes the same, unless the shorter would
/// become a thread.
std::array<std::int64_t, 2> blocks_of(const Shape& shape) {
  auto side = static_cast<std::int64_t>(
      std::sqrt(static_cast<double>(memory_limit()) / 4 / (sizeof(Cell) + 2 * sizeof(Rgb))));
  side = std::clamp<std::int64_t>(side, kLeastThin, kMostSide);
  const std::int64_t longer = std::max(shape[0], shape[1]);
  const std::int64_t block = pieces(longer, side);
  std::array<std::int64_t, 2> blocks{};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::int64_t thin = std::max<std::int64_t>(1, shape[axis] / kLeastThin);
    blocks[axis] = std::min(block, thin);
  }
  return blocks;
}

/// How many pixels a dot has along an axis.
std::int64_t dot_size(std::int64_t dots, std::int64_t longer) {
  const std::int64_t size = std::max<std::int64_t>(1, pieces(kLeastSide, longer));
  return dots * size >= kLeastThin ? size : pieces(kLeastThin, dots);
}

/// The largest, middle and smallest number of the scale with digits enough to tell them apart.
std::vector<std::string> labels_of(double vmin, double vmax) {
  if (vmin == vmax) return {fmt::format("{:.6g}", vmin)};
  const double most = std::max(std::abs(vmin), std::abs(vmax));
  const double range = std::log10(vmax / 2 - vmin / 2);
  const double digits = std::ceil(std::log10(most) - range) + 3;
  const int precision = static_cast<int>(std::clamp(digits, 4.0, 17.0));
  const double step = std::pow(10, std::floor(range) - 4);  // what is less is not seen
  auto label = [&](double value) {
    const double rounded = std::nearbyint(value / step) * step + 0.0;  // no -0
    return fmt::format("{:.{}g}", std::isfinite(rounded) ? rounded : value, precision);
  };
  return {label(vmax), label(vmin / 2 + vmax / 2), label(vmin)};
}

std::string example_slice(std::size_t ndim) {
  if (ndim == 1) return "None, :";
  std::string text;
  for (std::size_t i = 2; i < ndim; ++i) text += i == 2 ? "0" : ", 0";
  return text;
}

void check(const ChunkedArray& array) {
  const std::string what = "this array has shape " + shape_text(array.shape()) + " and dtype " +
                           array.dtype().to_string();
  if (array.ndim() == 0) throw UnsupportedError("a picture shows two dimensions: " + what);
  if (array.ndim() != 2) {
    throw UnsupportedError("a picture shows two dimensions: " + what +
                           "; choose some with --slice, for example --slice \"" +
                           example_slice(array.ndim()) + "\"");
  }
  const char kind = array.dtype().kind();
  if (!array.dtype().is_numeric() || kind == 'c') {
    std::string cure;
    if (array.dtype().is_structured()) {
      cure = "; choose a field with --item \"['" + array.dtype().fields().front().name + "']\"";
    }
    throw UnsupportedError("a picture shows real numbers or bools: " + what + cure);
  }
  if (array.size() == 0) throw UnsupportedError("there is nothing to draw: " + what);
}

}  // namespace

Picture draw(const ChunkedArray& array, const PictureOptions& options, const std::string& what) {
  check(array);
  Progress progress(what, array.nbytes());
  Grid grid(array.chunks(), blocks_of(array.shape()), progress);
  array.store(grid);

  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double smallest = kInfinity, largest = -kInfinity;
  bool has_nan = false;
  for (std::int64_t row = 0; row < grid.rows; ++row) {
    for (std::int64_t column = 0; column < grid.columns; ++column) {
      const double value = grid.at(row, column);
      has_nan = has_nan || std::isnan(value);
      if (!std::isfinite(value)) continue;
      smallest = std::min(smallest, value);
      largest = std::max(largest, value);
    }
  }
  if (smallest > largest) smallest = largest = 0;
  const double vmin = options.vmin.value_or(std::min(smallest, options.vmax.value_or(smallest)));
  const double vmax = options.vmax.value_or(std::max(largest, vmin));
  if (!(vmin <= vmax) || (options.vmin && options.vmax && vmin == vmax)) {
    throw Error(
        Errc::invalid_argument,
        fmt::format("the scale would go from {:.7g} to {:.7g}: --vmin has to be below --vmax", vmin,
                    vmax));
  }

  const std::int64_t longer = std::max(grid.rows, grid.columns);
  const std::int64_t dot_height = dot_size(grid.rows, longer);
  const std::int64_t dot_width = dot_size(grid.columns, longer);
  const std::int64_t height = grid.rows * dot_height, width = grid.columns * dot_width;

  constexpr Rgb kWhite = {255, 255, 255}, kDark = {40, 40, 40};
  constexpr std::int64_t kMargin = 12;
  const std::int64_t scale = height < 800 ? 2 : height < 1600 ? 3 : 4;
  const std::int64_t letter = Canvas::kLetterHeight * scale;
  const auto labels = labels_of(vmin, vmax);
  std::int64_t label_width = has_nan ? Canvas::text_width("NaN", scale) : 0;
  for (const std::string& label : labels) {
    label_width = std::max(label_width, Canvas::text_width(label, scale));
  }
  const std::int64_t bar = 12 * scale, bar_x = kMargin + width + 8 * scale;
  const std::int64_t nan_height = has_nan ? letter + 6 * scale : 0;
  const std::int64_t frame_height = std::max(height, 4 * letter + nan_height);
  const std::int64_t bar_height = frame_height - nan_height;

  Picture picture{
      Canvas(bar_x + bar + 4 * scale + label_width + kMargin, frame_height + 2 * kMargin, kWhite),
      grid.row_block,
      grid.column_block,
      dot_height,
      dot_width,
      vmin,
      vmax,
      has_nan};
  Canvas& canvas = picture.canvas;
  const ColourMap& colours = options.colours;
  auto colour_at = [&](double share) {
    return colours.colours[static_cast<std::size_t>(std::clamp(share * 256, 0.0, 255.0))];
  };
  for (std::int64_t row = 0; row < grid.rows; ++row) {
    for (std::int64_t column = 0; column < grid.columns; ++column) {
      const double value = grid.at(row, column);
      const double share = vmin == vmax ? (value > vmax   ? 1
                                           : value < vmin ? 0
                                                          : 0.5)
                                        : (value / 2 - vmin / 2) / (vmax / 2 - vmin / 2);
      canvas.fill(kMargin + column * dot_width, kMargin + row * dot_height, dot_width, dot_height,
                  std::isnan(value) ? colours.nan : colour_at(share));
    }
  }
  canvas.frame(kMargin, kMargin, width, height, kDark);

  for (std::int64_t y = 0; y < bar_height; ++y) {
    const double share = 1 - (static_cast<double>(y) + 0.5) / static_cast<double>(bar_height);
    canvas.fill(bar_x, kMargin + y, bar, 1, colour_at(vmin == vmax ? 0.5 : share));
  }
  canvas.frame(bar_x, kMargin, bar, bar_height, kDark);
  const std::int64_t text_x = bar_x + bar + 4 * scale;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto place = static_cast<std::int64_t>(labels.size() == 1 ? 1 : i);
    canvas.text(text_x, kMargin + place * (bar_height - letter) / 2, labels[i], scale, kDark);
  }
  if (has_nan) {
    const std::int64_t y = kMargin + frame_height - letter;
    canvas.fill(bar_x, y, bar, letter, colours.nan);
    canvas.frame(bar_x, y, bar, letter, kDark);
    canvas.text(text_x, y, "NaN", scale, kDark);
  }
  return picture;
}

}  // namespace functionfuse::cli
