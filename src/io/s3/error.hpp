#pragma once

#include <string>

#include "functionfuse/error.hpp"

namespace functionfuse::io::s3 {

/// A server refused, or can't be reached. The text has its code, message and request id, the URL,
/// and what to do; never a secret.
class S3Error : public Error {
 public:
  S3Error(const std::string& what, int status, std::string s3_code, std::string request_id);
  ~S3Error() override;

  [[nodiscard]] int status() const noexcept { return status_; }  ///< 0: no reply came
  /// "NoSuchBucket"; empty where the reply has none.
  [[nodiscard]] const std::string& s3_code() const noexcept { return s3_code_; }
  [[nodiscard]] const std::string& request_id() const noexcept { return request_id_; }

 private:
  int status_;
  std::string s3_code_, request_id_;
};

}  // namespace functionfuse::io::s3
