#include "io/s3/error.hpp"

#include <utility>

namespace functionfuse::io::s3 {

S3Error::S3Error(const std::string& what, int status, std::string s3_code, std::string request_id)
    : Error(Errc::io, what),
      status_(status),
      s3_code_(std::move(s3_code)),
      request_id_(std::move(request_id)) {}

S3Error::~S3Error() = default;

}  // namespace functionfuse::io::s3
