#include <fcntl.h>
#include <nlohmann/json.hpp>

#include "functionfuse/error.hpp"
#include "functionfuse/storage/options.hpp"

#include "io/file.hpp"
#include "storage/yaml.hpp"

namespace functionfuse {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 20;  // read by hand
constexpr int kMostNesting = 32;

using Json = nlohmann::json;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(Errc::invalid_argument, path + " " + what);
}

Options options_of(const Json& object, const std::string& path);

Option option_of(const Json& value, const std::string& name, const std::string& path) {
  if (value.is_object()) return options_of(value, path);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_float()) return value.get<double>();
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX}) {
    fail(path, "has a number for \"" + name + "\" that is too large");
  }
  if (value.is_number()) return value.get<std::int64_t>();
  fail(path,
       "has a list for \"" + name + "\": an option is text, true or false, a number, or {...}");
}

Options options_of(const Json& object, const std::string& path) {
  Options options;
  for (const auto& [name, value] : object.items()) {
    if (!value.is_null()) options.set(name, option_of(value, name, path));  // Python's None
  }
  return options;
}

std::string text_of(const std::string& path) {
  const io::Fd fd = io::open_if_there(path, O_RDONLY);
  if (!fd) throw NotFoundError("there is no file " + path + " with the options of a storage");
  const io::FileInfo info = io::info(fd.get(), path);
  if (!info.regular || info.size > kMostBytes)
    fail(path, "is no file with options: it is too large");
  std::string text(info.size, '\0');
  io::read_all(fd.get(), 0, text.data(), text.size(), path);
  return text;
}

Json parse_json(const std::string& text, const std::string& path) {
  const auto depth = [&](int nesting, Json::parse_event_t, Json&) {
    if (nesting > kMostNesting) fail(path, "is nested too deep");
    return true;
  };
  try {
    return Json::parse(text, depth, true, true);
  } catch (const Json::parse_error& e) {
    // Its text shows what stands there, which may be a secret.
    fail(path, "is not JSON: look at byte " + std::to_string(e.byte) +
                   "; a file of YAML has a name that ends in .yaml");
  } catch (const Json::out_of_range&) {
    fail(path, "has a number that is too large");
  }
}

}  // namespace

Options read_options(const std::filesystem::path& path) {
  const std::string text = text_of(path.native());
  const std::string extension = path.extension();
  const bool is_yaml = extension == ".yaml" || extension == ".yml";
  const Json json =
      is_yaml ? detail::parse_yaml(text, path.native()) : parse_json(text, path.native());
  if (!json.is_object()) {
    fail(path.native(), std::string("holds no options: they are ") +
                            (is_yaml ? "lines \"name: value\"" : "between { and }"));
  }
  return options_of(json, path.native());
}

}  // namespace functionfuse
