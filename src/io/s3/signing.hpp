#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "io/http/transfers.hpp"
#include "io/s3/credentials.hpp"

/// Signature Version 4 in the Authorization header.
/// \source  https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
namespace functionfuse::io::s3 {

/// What a signature covers.
struct Signable {
  std::string_view method;
  std::string_view path;              ///< encoded, as it is sent
  std::string_view query;             ///< encoded and sorted, as it is sent
  std::vector<http::Header> headers;  ///< all that are to be signed, host too; names in lower case
  std::string_view payload;  ///< the body's SHA-256 in hexadecimal digits, or kUnsignedPayload
};

struct Scope {
  std::string time;  ///< as in x-amz-date
  std::string region;
  std::string service = "s3";
};

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

/// 20130524T000000Z
[[nodiscard]] std::string amz_date(std::chrono::system_clock::time_point time);

[[nodiscard]] std::string canonical_request(const Signable& request);
/// The value of the header Authorization.
[[nodiscard]] std::string authorization(const Signable& request, const Scope& scope,
                                        const Credentials& credentials);

}  // namespace functionfuse::io::s3
