#pragma once

#include <string>

namespace functionfuse::io::s3 {

struct Credentials {
  std::string access_key_id, secret_access_key;
  std::string session_token;  ///< of temporary ones; else empty

  [[nodiscard]] bool anonymous() const noexcept { return access_key_id.empty(); }
  bool operator==(const Credentials&) const = default;
};

/// What may be shown of an access key id: AKIA...MPLE.
[[nodiscard]] std::string shortened(const std::string& access_key_id);

}  // namespace functionfuse::io::s3
