#include "storage/yaml.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "functionfuse/error.hpp"

namespace functionfuse::detail {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostValues = 10'000;
constexpr int kMostNesting = 32;
constexpr const char* kText = "tag:yaml.org,2002:str";

/// All of `text` as a number.
template <class T, class... Base>
std::optional<T> number(std::string_view text, Base... base) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value, base...);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

Json plain_scalar(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.starts_with("0x")) {
    if (const auto value = number<std::int64_t>(digits.substr(2), 16)) return *value;
  } else if (digits.starts_with("0o")) {
    if (const auto value = number<std::int64_t>(digits.substr(2), 8)) return *value;
  } else if (digits.find_first_not_of("-.0123456789eE+") == digits.npos ||
             digits.ends_with(".inf") || digits.ends_with(".nan")) {
    if (const auto value = number<std::int64_t>(digits, 10)) return *value;
    if (digits == ".inf") return HUGE_VAL;
    if (digits == "-.inf") return -HUGE_VAL;
    if (digits == ".nan") return std::nan("");
    if (const auto value = number<double>(digits)) return *value;
  }
  return std::string(text);
}

class Converter {
 public:
  explicit Converter(const std::string& path) : path_(path) {}

  Json convert(const YAML::Node& node, int nesting = 0) {
    if (nesting > kMostNesting) fail(node, "is nested too deep");
    if (++values_ > kMostValues) fail(node, "has too many values");
    check_tag(node);
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return node.Tag() == "!" || node.Tag() == kText ? Json(node.Scalar())
                                                        : plain_scalar(node.Scalar());
      case YAML::NodeType::Sequence: {
        Json list = Json::array();
        for (const YAML::Node& item : node) list.push_back(convert(item, nesting + 1));
        return list;
      }
      case YAML::NodeType::Map: {
        Json object = Json::object();
        for (const auto& entry : node) {
          if (!entry.first.IsScalar()) fail(entry.first, "has a name that is no text");
          object[entry.first.Scalar()] = convert(entry.second, nesting + 1);
        }
        return object;
      }
      default:
        return {};
    }
  }

 private:
  [[noreturn]] void fail(const YAML::Node& node, const std::string& what) const {
    throw Error(Errc::invalid_argument,
                path_ + " " + what + " (line " + std::to_string(node.Mark().line + 1) + ")");
  }
  /// Tags could name types of some program.
  void check_tag(const YAML::Node& node) const {
    const std::string& tag = node.Tag();
    if (tag.empty() || tag == "?" || tag == "!" || tag == kText) return;
    fail(node, "has a tag, which options don't have");
  }

  const std::string& path_;
  std::size_t values_ = 0;
};

}  // namespace

Json parse_yaml(const std::string& text, const std::string& path) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() != 1) {
      throw Error(Errc::invalid_argument,
                  path + " has " + std::to_string(documents.size()) + " YAML documents, not one");
    }
    return Converter(path).convert(documents.front());
  } catch (const YAML::Exception& e) {
    // Its text may show what stands there.
    throw Error(Errc::invalid_argument, path + " is not YAML: look at line " +
                                            std::to_string(e.mark.line + 1) + ", column " +
                                            std::to_string(e.mark.column + 1));
  }
}

}  // namespace functionfuse::detail
