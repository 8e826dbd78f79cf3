#pragma once

#include <exception>
#include <string>

#include "functionfuse/error.hpp"

#include "io/http/transfers.hpp"
#include "io/s3/xml.hpp"

namespace functionfuse::io::s3 {

/// What has failed.
struct Failed {
  std::string what;  ///< "read"
  std::string url, bucket;
  std::string endpoint_from, credentials_from;  ///< as Found::from
  bool anonymous = false;
  unsigned attempts = 1;
};

/// The S3Error of a failure: what happened, where, what to do.
[[nodiscard]] std::exception_ptr error_of(const Failed& failed, const http::Reply& reply,
                                          const ErrorReply& error);

/// An S3Error: a server that succeeded, but did not say what it should.
[[noreturn]] void fail_reply(const std::string& url, const std::string& what);

/// What `parse` makes of a reply.
/// \error io  it is malformed
template <class Parse>
auto parsed(const std::string& xml, const std::string& url, Parse parse) {
  try {
    return parse(xml);
  } catch (const CorruptError& error) {
    fail_reply(url, error.what());
  }
}

}  // namespace functionfuse::io::s3
