#pragma once

#include <optional>
#include <string>
#include <string_view>

/// How protocols 0 and 1 write numbers and strings as text. Nothing where the text is broken.
namespace functionfuse {

/// What Python's float() reads: "1.5", "inf", "-nan".
std::optional<double> parse_float(std::string_view text);

/// 'a\n\x00' with its quotes: the bytes of Python 2's repr of a str.
std::optional<std::string> decode_string_literal(std::string_view line);

/// Python's codec raw-unicode-escape: Latin-1 with \u and \U. As UTF-8.
std::optional<std::string> decode_raw_unicode_escape(std::string_view line);

}  // namespace functionfuse
