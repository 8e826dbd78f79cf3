#include "io/s3/failure.hpp"

#include <string_view>

#include "io/s3/error.hpp"
#include "io/s3/signing.hpp"

namespace functionfuse::io::s3 {
namespace {

constexpr std::size_t kMostText = 300;

/// A server's text is shown in part, and without what a terminal would obey.
std::string shown(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, kMostText)) {
    result += static_cast<unsigned char>(c) < ' ' || c == 127 ? ' ' : c;
  }
  if (text.size() > kMostText) result += "...";
  return result;
}

std::string what_happened(const http::Reply& reply, const ErrorReply& error) {
  if (reply.status >= 300 || !error.code.empty()) {
    std::string text = "the server answered " + std::to_string(reply.status);
    if (!error.code.empty()) text += ' ' + shown(error.code);
    if (!error.message.empty()) text += " \"" + shown(error.message) + '"';
    return text;
  }
  switch (reply.failure) {
    case http::Failure::no_host:
    case http::Failure::unreachable:
      return "the server can't be reached: " + shown(reply.why);
    case http::Failure::timed_out:
      return "the server does not answer: " + shown(reply.why);
    case http::Failure::broken:
      return "the connection broke: " + shown(reply.why);
    case http::Failure::too_large:
      return "the body is larger than what there is room for";
    case http::Failure::no_tls:
    case http::Failure::untrusted:
    case http::Failure::refused:
      return shown(reply.why);
    case http::Failure::none:
      break;
  }
  return "the server answered " + std::to_string(reply.status) + ", which does not fit the request";
}

std::string right_place(const http::Reply& reply, const ErrorReply& error) {
  std::string region(error.region);
  if (region.empty()) region = reply.header("x-amz-bucket-region");
  std::string text = "the bucket is elsewhere";
  if (!region.empty()) text += ": set the region " + shown(region) + " (AWS_REGION)";
  if (!error.endpoint.empty()) {
    text +=
        (region.empty() ? ": set" : " or") + std::string(" the endpoint ") + shown(error.endpoint);
  }
  if (region.empty() && error.endpoint.empty()) text += ": check region and endpoint";
  return text;
}

/// Where no reply came.
std::string connection_cure(http::Failure failure, const std::string& endpoint) {
  switch (failure) {
    case http::Failure::no_host:
      if (endpoint == " (from default)") {
        return "no endpoint was given, so that it is Amazon's: for another server set "
               "AWS_ENDPOINT_URL_S3, otherwise check the network and the region";
      }
      return "check the endpoint" + endpoint + " and the network: there is no host of that name";
    case http::Failure::unreachable:
      return "check the endpoint" + endpoint + ", its port, and whether the server runs";
    case http::Failure::no_tls:
      return "check the endpoint" + endpoint + ": does the server speak https there?";
    case http::Failure::untrusted:
      return "name a PEM file with the certificate of the server's authority (AWS_CA_BUNDLE), or "
             "check the endpoint" +
             endpoint;
    case http::Failure::broken:
      return "check the network and the endpoint" + endpoint + ": is it http or https there?";
    case http::Failure::too_large:
      return {};
    default:
      return "check the endpoint" + endpoint + " and the network";
  }
}

std::string what_to_do(const Failed& failed, const http::Reply& reply, const ErrorReply& error) {
  const std::string& code = error.code;
  const std::string credentials = " (from " + failed.credentials_from + ")";
  const std::string endpoint = " (from " + failed.endpoint_from + ")";
  if (code == "NoSuchBucket")
    return "check the bucket's name and the endpoint, or create the bucket";
  if (code == "RequestTimeTooSkewed") {
    std::string text = "this computer's clock says " + amz_date(std::chrono::system_clock::now());
    if (const auto date = reply.header("date"); !date.empty())
      text += ", the server's " + shown(date);
    return text + ": set the clock";
  }
  if (code == "ExpiredToken" || code == "ExpiredTokenException" || code == "TokenRefreshRequired") {
    return "get new credentials" + credentials;
  }
  if (reply.status == 301 || reply.status == 307 || code == "AuthorizationHeaderMalformed") {
    return right_place(reply, error);
  }
  if (code == "SignatureDoesNotMatch") {
    const bool of_environment = failed.credentials_from == "AWS_ACCESS_KEY_ID";
    return "check the secret access key" +
           (of_environment ? " (from AWS_SECRET_ACCESS_KEY)" : credentials);
  }
  if (code == "InvalidAccessKeyId") {
    return "check the access key id" + credentials + " and the endpoint" + endpoint +
           ": a key belongs to one server";
  }
  if ((reply.status == 403 || reply.status == 401) && failed.anonymous) {
    return "the bucket is not public: give credentials, as nothing was signed" + credentials;
  }
  if (reply.status == 403 || reply.status == 401) {
    return "check the credentials" + credentials + " and what they may do" +
           (code.empty() ? "; functionfuse check s3://" + failed.bucket + " says more" : "");
  }
  if (reply.status >= 500 || reply.status == 429) return "try again later";
  if (reply.status == 404 && code.empty()) {
    return "check the endpoint" + endpoint + ": is it a server of S3?";
  }
  return reply.status == 0 ? connection_cure(reply.failure, endpoint) : std::string();
}

}  // namespace

std::exception_ptr error_of(const Failed& failed, const http::Reply& reply,
                            const ErrorReply& error) {
  std::string id = shown(error.request_id);
  if (id.empty()) id = shown(reply.header("x-amz-request-id"));
  std::string text =
      "cannot " + failed.what + ' ' + failed.url + ": " + what_happened(reply, error);
  std::string details;
  if (!id.empty()) details = "request id " + id;
  if (failed.attempts > 1) {
    details += (details.empty() ? "" : ", ") + std::to_string(failed.attempts) + " attempts";
  }
  if (!details.empty()) text += " (" + details + ")";
  if (const std::string cure = what_to_do(failed, reply, error); !cure.empty()) text += "; " + cure;
  return std::make_exception_ptr(S3Error(text, reply.status, error.code, id));
}

void fail_reply(const std::string& url, const std::string& what) {
  throw S3Error("the server's reply about " + url + " makes no sense: " + shown(what) +
                    "; check the endpoint: is it a server of S3?",
                200, {}, {});
}

}  // namespace functionfuse::io::s3
