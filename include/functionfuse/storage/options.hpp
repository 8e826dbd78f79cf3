#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace functionfuse {

class Option;

/// Names and values, nested as deep as need be, as Python writes them with a dict:
///
///     ff::Options options{{"kind", "file"}, {"options", {{"path", "storage"}}}};
class Options {
 public:
  using Entry = std::pair<std::string, Option>;

  Options();
  /// A name that stands twice keeps its last value.
  Options(std::initializer_list<Entry> entries);
  Options(const Options&);
  Options(Options&&) noexcept;
  Options& operator=(const Options&);
  Options& operator=(Options&&) noexcept;
  ~Options();

  void set(std::string_view name, Option value);
  /// Null where there is none of that name.
  [[nodiscard]] const Option* find(std::string_view name) const noexcept;
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept;

 private:
  std::vector<Entry> entries_;
};

/// A value: text, a truth value, a number, or options again.
class Option {
 public:
  // A template, because braces must never make a text: std::string{"path", "storage"} would take
  // two literals for the begin and end of one.
  template <class S>
    requires std::convertible_to<const S&, std::string_view>
  Option(const S& text) : value_(std::string(std::string_view(text))) {}
  template <std::same_as<bool> B>
  Option(B b) : value_(b) {}
  template <std::integral I>
    requires(!std::same_as<I, bool>)
  Option(I i) : value_(static_cast<std::int64_t>(i)) {}
  template <std::floating_point F>
  Option(F f) : value_(static_cast<double>(f)) {}
  Option(Options options);
  Option(std::initializer_list<Options::Entry> entries);

  [[nodiscard]] bool is_boolean() const noexcept { return std::holds_alternative<bool>(value_); }
  /// The value as exactly this type. \error invalid_argument  another; names both and `name`
  [[nodiscard]] const std::string& text(std::string_view name) const;
  [[nodiscard]] bool boolean(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] double number(std::string_view name) const;  ///< an integer too
  [[nodiscard]] const Options& options(std::string_view name) const;

 private:
  template <class T>
  const T& as(std::string_view name, std::string_view type) const;

  std::variant<std::string, bool, std::int64_t, double, Options> value_;
};

/// The options in a file of JSON, or of YAML where its name ends in .yaml or .yml, for
/// storage_factory:
///
///     {"kind": "S3", "options": {"path": "/bucket/prefix", "s3fs": {"key": "...", "secret": "..."}}}
///
/// `null` is as if the name were not there. In JSON, comments as in C++ are passed over. Of YAML what
/// JSON could say, aliases included: no tags, no merge keys; `yes` and `on` are text.
/// \error not_found         there is no such file
/// \error invalid_argument  it is not that; no value is in the text, as it may be a secret
[[nodiscard]] Options read_options(const std::filesystem::path& path);

/// That `options` has no other names than `known`. \error invalid_argument  names the first that is
/// not, what there is, and what was probably meant; `whose` ("file storage") starts the text
void check_known(const Options& options, std::initializer_list<std::string_view> known,
                 std::string_view whose);

}  // namespace functionfuse
