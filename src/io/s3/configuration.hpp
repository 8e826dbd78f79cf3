#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "io/s3/credentials.hpp"
#include "io/s3/options.hpp"

namespace functionfuse::io::s3 {

/// The value of a variable that is set and not empty.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] Environment process_environment();

struct Endpoint {
  bool https = true;
  std::string host;  ///< with its port, where that is not the scheme's own
  std::string path;  ///< empty, or begins with a slash and does not end with one
  [[nodiscard]] std::string url() const;
};

/// \error invalid_argument
[[nodiscard]] Endpoint parse_endpoint(std::string_view url);

/// A value and where it was found: "option endpoint", "AWS_REGION", "profile x of ~/.aws/config".
template <class Value>
struct Found {
  Value value{};
  std::string from;
};

/// What a client works with. In order of precedence:
///   endpoint     option; AWS_ENDPOINT_URL_S3; AWS_ENDPOINT_URL; the profile's [services] section;
///                its endpoint_url; Amazon's of the region
///   region       option; AWS_REGION; AWS_DEFAULT_REGION; the profile; us-east-1
///   credentials  option (also: anonymous); unless an option names a profile AWS_NO_SIGN_REQUEST
///                (anonymous, as other programs have it), AWS_ACCESS_KEY_ID,
///                AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; the profile in
///                AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials), then in AWS_CONFIG_FILE
///                (~/.aws/config)
///   profile      option; AWS_PROFILE; "default"
///   ca_bundle    option; AWS_CA_BUNDLE; the profile; the system's
/// \source  https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
struct Configuration {
  Found<Endpoint> endpoint;
  Found<std::string> region;
  Found<bool> virtual_host;
  Found<std::string> ca_bundle;
  Found<Credentials> credentials;

  /// A line each, without secrets.
  [[nodiscard]] std::string describe() const;
};

/// Looks at everything anew each time.
/// \error invalid_argument  contradictory or malformed settings, no credentials at all
/// \error unsupported  credentials that only other programs can get
[[nodiscard]] Configuration resolve(const Options& options, const Environment& environment);

}  // namespace functionfuse::io::s3
