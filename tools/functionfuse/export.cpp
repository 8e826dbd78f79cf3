#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "functionfuse/arrays/compute_options.hpp"
#include "functionfuse/error.hpp"
#include "functionfuse/formats/hdf5.hpp"

#include "array_text.hpp"
#include "chosen_array.hpp"
#include "colour_map.hpp"
#include "command.hpp"
#include "formats/npy.hpp"
#include "io/new_file.hpp"
#include "json.hpp"
#include "opened.hpp"
#include "picture.hpp"
#include "places.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_option(std::string_view option, const std::string& value,
                              const std::string& expected) {
  throw Error(Errc::invalid_argument,
              fmt::format("{} \"{}\": {}", option, printable(value), expected));
}

std::optional<double> number_option(std::string_view option, const std::string& text) {
  if (text.empty()) return {};
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || value - value != 0) {
    fail_option(option, text, "write a number, for example 0.5 or -1e3");
  }
  return value;
}

int level_option(const std::string& text) {
  if (text.empty()) return 0;
  if (text.size() != 1 || text[0] < '0' || text[0] > '9') {
    fail_option("--deflate", text, "write a level, 1 (fast) to 9 (small); 0 does not compress");
  }
  return text[0] - '0';
}

/// "1000, 500", in parentheses or not.
Shape chunks_option(const std::string& text) {
  Shape chunks;
  const char* at = text.data();
  const char* end = at + text.size();
  auto skip = [&](std::string_view characters) {
    while (at != end && characters.find(*at) != characters.npos) ++at;
  };
  skip(" ([");
  while (at != end) {
    std::int64_t length = 0;
    const auto [rest, error] = std::from_chars(at, end, length);
    if (error != std::errc() || (length < 1 && length != -1)) {
      fail_option("--chunks", text,
                  "write a length for each axis, for example 1000,500; -1 is the whole axis");
    }
    chunks.push_back(length);
    at = rest;
    skip(" ,)]");
  }
  return chunks;
}

enum class Format { npy, hdf5, png };

class Export final : public Command {
 public:
  [[nodiscard]] std::string_view name() const override { return "export"; }
  [[nodiscard]] std::string_view summary() const override {
    return "write an array of a result to a file: .npy, .h5, .png";
  }
  [[nodiscard]] std::string_view help() const override {
    return R"(Write an array of a result to a file. The ending of FILE says what it becomes.

  functionfuse export PATH WORKFLOW TASK --to FILE [--item ITEM] [--slice SLICE] [--force]

  PATH                  the folder of the storage, or s3://bucket/prefix
  --to FILE             .npy        what numpy.load reads
                        .h5, .hdf5  an HDF5 file with one dataset
                        .png        a picture of two dimensions, with a scale
  --item ITEM           which array, where the result has several, in the words in which show
                        shows its parts: "['frames'][0]" or frames.0; of a structured array a
                        field
  --slice SLICE         a part of the array, as in numpy: "0, ::2, -1", "..., 5", "None, :"
  --force               replace a FILE that is there already
  --memory-limit SIZE   for the chunks of arrays: "256MB", "1GiB"; default a quarter of the memory
  --json                for programs

  of .h5    --dataset NAME     default dask_arrays
            --deflate N        compress by zlib: 1 (fast) to 9 (small)
            --shuffle          bytes of a kind together, so that they compress better
            --chunks LENGTHS   of the chunks in the file: "1000,500"; default those of the array
  of .png   --cmap NAME        viridis (default), magma or gray
            --vmin X, --vmax X ends of the scale; default those of what is drawn

An array of any size is read and written chunk by chunk within the memory limit. FILE has its
name once it is complete. In a picture axis 0 goes down; arrays of more than 2000 elements a side
are drawn as means of blocks.

Examples:
  functionfuse export storage operations model --item weights --to weights.npy
  functionfuse export storage operations frames --slice "0" --to first.png
  functionfuse export storage operations frames --to frames.h5 --deflate 4 --shuffle
)";
  }
  void describe(Arguments& arguments) override {
    arguments.required("PATH", path_);
    arguments.required("WORKFLOW", workflow_);
    arguments.required("TASK", task_);
    arguments.option("--to", to_);
    arguments.option("--item", item_);
    arguments.option("--slice", slice_);
    arguments.flag("--force", force_);
    arguments.option("--memory-limit", memory_limit_);
    arguments.option("--dataset", dataset_);
    arguments.option("--deflate", deflate_);
    arguments.flag("--shuffle", shuffle_);
    arguments.option("--chunks", chunks_);
    arguments.option("--cmap", cmap_);
    arguments.option("--vmin", vmin_);
    arguments.option("--vmax", vmax_);
    arguments.flag("--json", json_);
  }

  int run(Out& out) override {
    const Format format = checked_format();
    const Hdf5Options hdf5{
        .deflate = level_option(deflate_), .shuffle = shuffle_, .chunks = chunks_option(chunks_)};
    const PictureOptions drawing{colour_map(cmap_.empty() ? "viridis" : cmap_),
                                 number_option("--vmin", vmin_), number_option("--vmax", vmax_)};
    if (!memory_limit_.empty()) set_memory_limit(parse_size(memory_limit_));
    const Opened opened(path_);
    opened.need_task(workflow_, task_);
    check_file(opened);

    const Value result = opened.storage().read_task(workflow_, task_);
    const ChosenArray chosen = choose_array(opened, workflow_, place_in(result, item_), slice_);
    const ChunkedArray& array = chosen.array;
    Json report = Json::object();
    report.add("file", to_)
        .add("item", chosen.name)
        .add("dtype", array.dtype().to_string())
        .add("shape", shape_json(array.shape()));
    std::string remarks;
    switch (format) {
      case Format::npy:
        formats::save_npy(to_, array);
        break;
      case Format::hdf5:
        save_hdf5(to_, dataset_.empty() ? "dask_arrays" : dataset_, array, hdf5);
        break;
      case Format::png:
        remarks = save_picture(array, drawing, report);
        break;
    }
    const auto bytes = static_cast<std::uint64_t>(fs::file_size(to_));
    if (json_) {
      out << report.add("bytes", bytes).text() << '\n';
      return kOk;
    }
    out << printable(to_) << ": " << (chosen.name.empty() ? "" : printable(chosen.name) + ", ")
        << dtype_words(array.dtype()) << " " << shape_text(array.shape()) << ", "
        << size_text(bytes) << '\n'
        << remarks;
    if (!chosen.note.empty()) out << "  " << chosen.note << '\n';
    return kOk;
  }

 private:
  static Json shape_json(const Shape& shape) {
    Json list = Json::array();
    for (const std::int64_t length : shape) list.add_number(static_cast<std::uint64_t>(length));
    return list;
  }

  /// What the ending says; the options are those of that format.
  [[nodiscard]] Format checked_format() const {
    if (to_.empty()) {
      throw Error(Errc::invalid_argument, "--to FILE is missing: x.npy, x.h5 or x.png");
    }
    std::string ending = fs::path(to_).extension().string();
    std::ranges::transform(ending, ending.begin(), [](char c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    });
    Format format{};
    if (ending == ".npy") {
      format = Format::npy;
    } else if (ending == ".h5" || ending == ".hdf5") {
      format = Format::hdf5;
    } else if (ending == ".png") {
      format = Format::png;
    } else {
      const std::vector<std::string> endings = {".npy", ".h5", ".hdf5", ".png"};
      const std::string near = ending.empty() ? "" : did_you_mean(ending, endings);
      throw Error(Errc::invalid_argument,
                  "the ending of \"" + printable(to_) + "\" says no format" +
                      (near.empty() ? ": name a file .npy, .h5 or .png" : near));
    }
    auto only = [&](bool given, std::string_view option, Format wanted, std::string_view files) {
      if (!given || format == wanted) return;
      throw Error(Errc::invalid_argument,
                  fmt::format("{} is an option of {} files, and --to says {}", option, files,
                              printable(ending)));
    };
    only(!dataset_.empty(), "--dataset", Format::hdf5, ".h5");
    only(!deflate_.empty(), "--deflate", Format::hdf5, ".h5");
    only(shuffle_, "--shuffle", Format::hdf5, ".h5");
    only(!chunks_.empty(), "--chunks", Format::hdf5, ".h5");
    only(!cmap_.empty(), "--cmap", Format::png, ".png");
    only(!vmin_.empty(), "--vmin", Format::png, ".png");
    only(!vmax_.empty(), "--vmax", Format::png, ".png");
    return format;
  }

  /// Before anything is computed.
  void check_file(const Opened& opened) const {
    const fs::path file = fs::absolute(to_).lexically_normal();
    std::error_code error;
    const fs::path folder = file.parent_path();
    if (!fs::is_directory(folder, error)) {
      throw NotFoundError("there is no folder \"" + printable(folder.native()) + "\" for " +
                          printable(file.filename().native()));
    }
    if (opened.location().holds(file)) {
      throw Error(Errc::invalid_argument,
                  "\"" + printable(to_) +
                      "\" lies within the storage, where it would be taken for a task: choose "
                      "another folder");
    }
    if (fs::is_directory(file, error)) {
      throw Error(Errc::invalid_argument, "\"" + printable(to_) + "\" is a folder");
    }
    if (!force_ && fs::exists(fs::symlink_status(file, error))) {
      throw Error(Errc::io, "\"" + printable(to_) + "\" is there already: --force replaces it");
    }
  }

  /// \return  what to say about it
  std::string save_picture(const ChunkedArray& array, const PictureOptions& drawing, Json& report) {
    const Picture picture = draw(array, drawing, "drawing " + printable(to_));
    const std::string png = picture.canvas.png();
    const io::Folder folder(fs::absolute(to_).parent_path().string());
    const std::string name = fs::path(to_).filename().string();
    io::NewFile file(folder);
    io::write_all(file.fd(), png.data(), png.size(), folder.where(name));
    file.commit_over(name);

    Json block = Json::array();
    block.add_number(static_cast<std::uint64_t>(picture.row_block))
        .add_number(static_cast<std::uint64_t>(picture.column_block));
    report.add("width", static_cast<std::uint64_t>(picture.canvas.width()))
        .add("height", static_cast<std::uint64_t>(picture.canvas.height()))
        .add("block", block)
        .add("vmin", picture.vmin)
        .add("vmax", picture.vmax)
        .add("has_nan", picture.has_nan);
    std::string text =
        fmt::format("  {} x {} pixels, {} from {:.7g} to {:.7g}", picture.canvas.width(),
                    picture.canvas.height(), drawing.colours.name, picture.vmin, picture.vmax);
    if (picture.row_block > 1 || picture.column_block > 1) {
      text += fmt::format(", each pixel the mean of {} x {} elements", picture.row_block,
                          picture.column_block);
    } else if (picture.dot_height > 1 || picture.dot_width > 1) {
      text += fmt::format(", each element {} x {} pixels", picture.dot_height, picture.dot_width);
    }
    if (picture.has_nan) text += ", with NaN";
    return text + "\n";
  }

  std::string path_, workflow_, task_, to_, item_, slice_, memory_limit_;
  std::string dataset_, deflate_, chunks_, cmap_, vmin_, vmax_;
  bool force_ = false, shuffle_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_export() { return std::make_unique<Export>(); }

}  // namespace functionfuse::cli
