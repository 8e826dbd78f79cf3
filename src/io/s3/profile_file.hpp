#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace functionfuse::io::s3 {

/// The settings of a section: name -> value. What is indented under a name is "name.inner".
using Section = std::map<std::string, std::string, std::less<>>;
/// Section, as in its brackets -> settings.
using Sections = std::map<std::string, Section, std::less<>>;

/// A file as ~/.aws/config and ~/.aws/credentials.
/// \param where  for errors, which say the line but never show it: it may be a secret
/// \error invalid_argument  a line is none of section, setting, comment
/// \source  https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
[[nodiscard]] Sections parse_profile_file(std::string_view text, std::string_view where);

/// Empty where there is no such file.
[[nodiscard]] Sections read_profile_file(const std::string& path);

/// The value of a setting that is there and not empty.
[[nodiscard]] std::optional<std::string> find(const Sections& sections, std::string_view section,
                                              std::string_view name);

}  // namespace functionfuse::io::s3
