#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The bodies of S3's requests and replies. A reply that is not what it should be is a CorruptError
/// with the byte, where one is known.
namespace functionfuse::io::s3 {

/// Of a reply. A list of 1000 keys of 1024 bytes, each percent-encoded, has less than 4 MB.
inline constexpr std::size_t kMostXmlBytes = std::size_t{16} << 20;

struct ErrorReply {
  std::string code, message, request_id;
  std::string region, endpoint;  ///< of the right server, after a wrong one was asked
};

struct ListedObject {
  std::string key;
  std::uint64_t size = 0;
  std::string etag;           ///< without its quotes
  std::string last_modified;  ///< ISO 8601, UTC
};

struct ListPage {
  std::vector<ListedObject> objects;
  std::vector<std::string> prefixes;  ///< with a delimiter: what keys below have in common
  std::string next;                   ///< token of the next page; empty: this is the last
};

struct KeyError {
  std::string key, code, message;
};

/// Empty where the text is no error of S3.
[[nodiscard]] std::optional<ErrorReply> parse_error(std::string_view xml);
[[nodiscard]] ListPage parse_list(std::string_view xml);
/// Of CreateMultipartUpload.
[[nodiscard]] std::string parse_upload_id(std::string_view xml);
/// Of CompleteMultipartUpload: the ETag, which radosgw may leave empty.
[[nodiscard]] std::string parse_completed(std::string_view xml);
/// Of DeleteObjects: the keys that are still there.
[[nodiscard]] std::vector<KeyError> parse_deleted(std::string_view xml);

/// True where XML 1.0 can hold the key: it has no control characters.
[[nodiscard]] bool fits_xml(std::string_view key) noexcept;
[[nodiscard]] std::string delete_request(std::span<const std::string> keys);
/// \param etags  of the parts 1, 2, ...
[[nodiscard]] std::string complete_request(std::span<const std::string> etags);
/// Of CreateBucket.
[[nodiscard]] std::string location_request(const std::string& region);

[[nodiscard]] std::string without_quotes(std::string_view etag);

}  // namespace functionfuse::io::s3
