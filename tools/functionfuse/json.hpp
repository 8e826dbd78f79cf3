#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace functionfuse::cli {

/// A JSON string, quotes included. Lone surrogates become \udXXX, and a byte that is not UTF-8 (in
/// the name of a file) \udc80 to \udcff, as Python's os.fsdecode has it.
[[nodiscard]] std::string json_string(std::string_view text);
/// The shortest digits that read back as the same float, always with a point or an exponent, so
/// that Python reads a float. \pre finite
[[nodiscard]] std::string json_float(double value);
[[nodiscard]] std::string json_float(float value);

/// A small JSON document, indented by two: members in the order in which they are added.
class Json {
 public:
  static Json object() { return Json('{', '}'); }
  static Json array() { return Json('[', ']'); }

  Json& add(std::string_view name, std::string_view text) {
    return member(name, json_string(text));
  }
  Json& add(std::string_view name, const char* text) { return add(name, std::string_view(text)); }
  Json& add(std::string_view name, std::same_as<bool> auto value) {
    return member(name, value ? "true" : "false");
  }
  Json& add(std::string_view name,
            std::unsigned_integral auto value) requires(!std::same_as<decltype(value), bool>) {
    return member(name, std::to_string(value));
  }
  Json& add(std::string_view name, double value) { return member(name, json_float(value)); }
  Json& add(std::string_view name, const Json& value) { return member(name, value.text()); }
  Json& add(const Json& value) { return put(value.text()); }
  Json& add(std::string_view text) { return put(json_string(text)); }
  Json& add_number(std::uint64_t number) { return put(std::to_string(number)); }

  [[nodiscard]] std::string text() const;

 private:
  Json(char open, char close) : open_(open), close_(close) {}
  Json& member(std::string_view name, std::string value) {
    return put(json_string(name) + ": " + value);
  }
  Json& put(std::string item) {
    items_.push_back(std::move(item));
    return *this;
  }

  char open_, close_;
  std::vector<std::string> items_;
};

}  // namespace functionfuse::cli
