#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace functionfuse::io::s3 {

/// Names and values of a query, as they are meant: not encoded.
using Query = std::vector<std::pair<std::string, std::string>>;

/// Every byte but A-Z a-z 0-9 - . _ ~ as %XX.
[[nodiscard]] std::string encode_uri(std::string_view text);
/// The same with slashes left as they are. S3 wants a path encoded once and never normalised: the
/// key "a//../b" is another one than "b".
[[nodiscard]] std::string encode_path(std::string_view path);
/// name=value&..., sorted as Signature Version 4 wants it: what is signed is what is sent.
[[nodiscard]] std::string encode_query(const Query& query);

/// The text that S3 encoded in a list (encoding-type=url), where a space may be "+".
/// \error corrupt  a % without two hexadecimal digits
[[nodiscard]] std::string decode_listed(std::string_view text);

}  // namespace functionfuse::io::s3
