#include "functionfuse/storage/options.hpp"

#include <algorithm>

#include "functionfuse/error.hpp"

#include "storage/suggest.hpp"

namespace functionfuse {

Options::Options() = default;
Options::Options(const Options&) = default;
Options::Options(Options&&) noexcept = default;
Options& Options::operator=(const Options&) = default;
Options& Options::operator=(Options&&) noexcept = default;
Options::~Options() = default;

Options::Options(std::initializer_list<Entry> entries) {
  for (const auto& [name, value] : entries) set(name, value);
}

void Options::set(std::string_view name, Option value) {
  auto known = std::ranges::find(entries_, name, &Entry::first);
  if (known != entries_.end()) {
    known->second = std::move(value);
  } else {
    entries_.emplace_back(std::string(name), std::move(value));
  }
}

const Option* Options::find(std::string_view name) const noexcept {
  auto found = std::ranges::find(entries_, name, &Entry::first);
  return found == entries_.end() ? nullptr : &found->second;
}

const std::vector<Options::Entry>& Options::entries() const noexcept { return entries_; }

Option::Option(Options options) : value_(std::move(options)) {}
Option::Option(std::initializer_list<Options::Entry> entries) : value_(Options(entries)) {}

template <class T>
const T& Option::as(std::string_view name, std::string_view type) const {
  if (const T* value = std::get_if<T>(&value_)) return *value;
  static constexpr std::string_view kTypes[] = {"text", "true or false", "a whole number",
                                                "a number", "options"};
  throw Error(Errc::invalid_argument, "the option \"" + std::string(name) + "\" must be " +
                                          std::string(type) + ", and is " +
                                          std::string(kTypes[value_.index()]) +
                                          (type == "text" ? ": in quotes it is text" : ""));
}

const std::string& Option::text(std::string_view name) const {
  return as<std::string>(name, "text");
}
bool Option::boolean(std::string_view name) const { return as<bool>(name, "true or false"); }
std::int64_t Option::integer(std::string_view name) const {
  return as<std::int64_t>(name, "a whole number");
}
double Option::number(std::string_view name) const {
  if (auto i = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*i);
  return as<double>(name, "a number");
}
const Options& Option::options(std::string_view name) const {
  return as<Options>(name, "options (names and values)");
}

void check_known(const Options& options, std::initializer_list<std::string_view> known,
                 std::string_view whose) {
  for (const auto& [name, value] : options.entries()) {
    if (std::ranges::find(known, std::string_view(name)) != known.end()) continue;
    const std::vector<std::string> names(known.begin(), known.end());
    throw Error(Errc::invalid_argument, std::string(whose) + " has no option \"" + name +
                                            "\"; there is " + detail::quoted_list(names) +
                                            detail::did_you_mean(name, names));
  }
}

}  // namespace functionfuse
