#include "functionfuse/error.hpp"
#include "functionfuse/storage/s3_storage.hpp"

namespace functionfuse {
namespace {

constexpr std::string_view kWhose = "a storage of kind \"S3\"";

void take(const Options& options, std::string_view name, std::string& value) {
  if (const Option* option = options.find(name)) value = option->text(name);
}

void take_client_kwargs(const Options& options, S3Options& result) {
  check_known(options, {"region_name", "endpoint_url", "verify"},
              "\"client_kwargs\" of " + std::string(kWhose));
  take(options, "region_name", result.region_name);
  std::string endpoint_url;
  take(options, "endpoint_url", endpoint_url);
  if (!endpoint_url.empty() && !result.endpoint_url.empty() &&
      endpoint_url != result.endpoint_url) {
    throw Error(Errc::invalid_argument, std::string(kWhose) +
                                            " has two different options \"endpoint_url\", one of "
                                            "them in \"client_kwargs\": leave one out");
  }
  if (!endpoint_url.empty()) result.endpoint_url = endpoint_url;
  const Option* verify = options.find("verify");
  if (verify == nullptr) return;
  if (!verify->is_boolean()) {
    result.ca_bundle = verify->text("verify");
  } else if (!verify->boolean("verify")) {
    throw UnsupportedError(std::string(kWhose) +
                           " always checks the server's certificate: in place of \"verify\": false "
                           "name a file with the certificate that it was signed with (PEM)");
  }
}

void take_s3fs(const Options& options, S3Options& result) {
  check_known(
      options,
      {"key", "secret", "token", "endpoint_url", "anon", "use_ssl", "profile", "client_kwargs"},
      "\"s3fs\" of " + std::string(kWhose));
  take(options, "key", result.key);
  take(options, "secret", result.secret);
  take(options, "token", result.token);
  take(options, "endpoint_url", result.endpoint_url);
  take(options, "profile", result.profile);
  if (const Option* anon = options.find("anon")) result.anon = anon->boolean("anon");
  if (result.anon && !(result.key + result.secret + result.token + result.profile).empty()) {
    throw Error(Errc::invalid_argument,
                std::string(kWhose) +
                    " has \"anon\": true, which signs nothing, and credentials "
                    "beside it: leave one of them out");
  }
  if (const Option* kwargs = options.find("client_kwargs")) {
    take_client_kwargs(kwargs->options("client_kwargs"), result);
  }
  // As in s3fs, the scheme of an endpoint comes first.
  const Option* ssl = options.find("use_ssl");
  if (ssl != nullptr && !ssl->boolean("use_ssl") && result.endpoint_url.empty()) {
    throw Error(Errc::invalid_argument,
                std::string(kWhose) +
                    " with \"use_ssl\": false needs an \"endpoint_url\" that begins "
                    "with http://");
  }
}

}  // namespace

S3Options s3_options(const Options& options) {
  check_known(options, {"path", "s3fs"}, kWhose);
  S3Options result;
  take(options, "path", result.path);
  if (result.path.empty()) {
    throw Error(Errc::invalid_argument,
                std::string(kWhose) +
                    R"( needs the option "path", for example {"path", "/bucket/prefix"})");
  }
  if (const Option* s3fs = options.find("s3fs")) take_s3fs(s3fs->options("s3fs"), result);
  return result;
}

}  // namespace functionfuse
