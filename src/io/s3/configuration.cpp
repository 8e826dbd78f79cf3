#include "io/s3/configuration.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "functionfuse/error.hpp"

#include "io/s3/profile_file.hpp"

namespace functionfuse::io::s3 {
namespace {

[[noreturn]] void fail_settings(const std::string& what) {
  throw Error(Errc::invalid_argument, what);
}

std::string file_of(const Environment& environment, const char* variable, const char* usual) {
  const std::string home = environment("HOME").value_or("");
  std::string path = environment(variable).value_or(home + usual);
  if (path.starts_with("~/")) path.replace(0, 1, home);
  return path;
}

/// The profile that was chosen, in both files.
class Profile {
 public:
  Profile(const Options& options, const Environment& environment)
      : config_path_(file_of(environment, "AWS_CONFIG_FILE", "/.aws/config")),
        credentials_path_(file_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials")),
        config_(read_profile_file(config_path_)),
        credentials_(read_profile_file(credentials_path_)) {
    std::optional<std::string> named;
    if (!options.profile.empty()) named = options.profile;
    if (!named) named = environment("AWS_PROFILE");
    name_ = named.value_or("default");
    section_ = name_ == "default" && config_.contains("default") ? name_ : "profile " + name_;
    if (named && name_ != "default" && !config_.contains(section_) &&
        !credentials_.contains(name_)) {
      fail_settings("there is no profile \"" + name_ + "\" in " + credentials_path_ + " or " +
                    config_path_ + ": choose another one (AWS_PROFILE)");
    }
  }

  [[nodiscard]] std::optional<std::string> setting(std::string_view name) const {
    return find(config_, section_, name);
  }
  [[nodiscard]] std::optional<std::string> service_setting(std::string_view name) const {
    const auto services = setting("services");
    return services ? find(config_, "services " + *services, name) : std::nullopt;
  }
  [[nodiscard]] std::string from() const { return from(config_path_); }

  [[nodiscard]] std::optional<Found<Credentials>> credentials() const {
    if (auto found = keys_in(credentials_, name_, credentials_path_)) return found;
    if (auto found = keys_in(config_, section_, config_path_)) return found;
    for (const char* name : {"credential_process", "sso_session", "sso_start_url", "role_arn",
                             "web_identity_token_file"}) {
      if (setting(name) || find(credentials_, name_, name)) {
        throw UnsupportedError(
            "profile \"" + name_ + "\" gets its credentials by " + name +
            ", which is not supported here: `aws configure export-credentials --profile " + name_ +
            " --format env` writes them as environment variables");
      }
    }
    return {};
  }

 private:
  [[nodiscard]] std::string from(const std::string& path) const {
    return "profile \"" + name_ + "\" of " + path;
  }
  [[nodiscard]] std::optional<Found<Credentials>> keys_in(const Sections& sections,
                                                          const std::string& section,
                                                          const std::string& path) const {
    const auto id = find(sections, section, "aws_access_key_id");
    const auto secret = find(sections, section, "aws_secret_access_key");
    if (!id && !secret) return {};
    if (!id || !secret) {
      fail_settings(from(path) + " has only one of aws_access_key_id and aws_secret_access_key");
    }
    const auto token = find(sections, section, "aws_session_token");
    return Found<Credentials>{{*id, *secret, token.value_or("")}, from(path)};
  }

  std::string config_path_, credentials_path_;
  Sections config_, credentials_;
  std::string name_, section_;
};

std::optional<Found<std::string>> first_set(const Environment& environment,
                                            std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (auto value = environment(name)) return Found<std::string>{*value, name};
  }
  return {};
}

bool is_true(std::optional<std::string> value) {
  if (!value) return false;
  for (char& c : *value) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return *value == "yes" || *value == "true" || *value == "1";
}

Found<Credentials> find_credentials(const Options& options, const Environment& environment,
                                    const Profile& profile) {
  const auto check_both = [](bool id, bool secret, const char* id_name, const char* secret_name) {
    if (id != secret) {
      fail_settings(std::string(id ? id_name : secret_name) + " is set and " +
                    (id ? secret_name : id_name) + " is not: set both or none");
    }
    return id;
  };
  if (options.anonymous) return {{}, "option anon"};
  if (check_both(!options.access_key_id.empty(), !options.secret_access_key.empty(),
                 "the option key", "the option secret")) {
    return {{options.access_key_id, options.secret_access_key, options.session_token}, "options"};
  }
  if (options.profile.empty()) {
    if (is_true(environment("AWS_NO_SIGN_REQUEST"))) return {{}, "AWS_NO_SIGN_REQUEST"};
    const auto id = environment("AWS_ACCESS_KEY_ID"), secret = environment("AWS_SECRET_ACCESS_KEY");
    if (check_both(id.has_value(), secret.has_value(), "AWS_ACCESS_KEY_ID",
                   "AWS_SECRET_ACCESS_KEY")) {
      return {{*id, *secret, environment("AWS_SESSION_TOKEN").value_or("")}, "AWS_ACCESS_KEY_ID"};
    }
  }
  if (auto found = profile.credentials()) return *found;
  fail_settings(
      "there are no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write "
      "a profile in ~/.aws/credentials; for a storage they may be among its options. For a public "
      "bucket set "
      "AWS_NO_SIGN_REQUEST=YES");
}

Found<std::string> find_region(const Options& options, const Environment& environment,
                               const Profile& profile) {
  if (!options.region.empty()) return {options.region, "option region"};
  if (auto set = first_set(environment, {"AWS_REGION", "AWS_DEFAULT_REGION"})) return *set;
  if (auto set = profile.setting("region")) return {*set, profile.from()};
  return {"us-east-1", "default"};
}

Found<Endpoint> endpoint_at(const std::string& url, const std::string& from) {
  try {
    return {parse_endpoint(url), from};
  } catch (const Error& error) {
    fail_settings(std::string(error.what()) + ": look at " + from);
  }
}

Found<Endpoint> find_endpoint(const Options& options, const Environment& environment,
                              const Profile& profile, const std::string& region) {
  if (!options.endpoint.empty()) return endpoint_at(options.endpoint, "option endpoint");
  if (environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").value_or("") != "true") {
    if (auto set = first_set(environment, {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"})) {
      return endpoint_at(set->value, set->from);
    }
    auto url = profile.service_setting("s3.endpoint_url");
    if (!url) url = profile.setting("endpoint_url");
    if (url) return endpoint_at(*url, profile.from());
  }
  const bool china = region.starts_with("cn-");
  return {parse_endpoint("https://s3." + region + ".amazonaws.com" + (china ? ".cn" : "")),
          "default"};
}

Found<bool> find_style(const Options& options, const Profile& profile,
                       const Found<Endpoint>& endpoint) {
  if (options.address_style != AddressStyle::automatic) {
    return {options.address_style == AddressStyle::virtual_host, "option address_style"};
  }
  if (const auto set = profile.setting("s3.addressing_style"); set && *set != "auto") {
    return {*set == "virtual", profile.from()};
  }
  if (endpoint.from != "default") return {false, "usual at an endpoint of its own"};
  // Amazon's certificate is for one name before its own, and a bucket with dots is several.
  const bool dots = options.bucket.find('.') != std::string::npos;
  return {!dots, dots ? "a bucket with dots" : "usual at Amazon"};
}

Found<std::string> find_ca_bundle(const Options& options, const Environment& environment,
                                  const Profile& profile) {
  if (!options.ca_bundle.empty()) return {options.ca_bundle, "option ca_bundle"};
  if (auto set = first_set(environment, {"AWS_CA_BUNDLE"})) return *set;
  if (auto set = profile.setting("ca_bundle")) return {*set, profile.from()};
  return {"", "the system's"};
}

/// These go into headers, where a line break would begin another one.
void check_header_text(const std::string& text, const char* what) {
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; })) {
    fail_settings(std::string("the ") + what + " has characters that are not printable ASCII");
  }
}

bool fits_host(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("-._:[]").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string shortened(const std::string& id) {
  if (id.size() < 12) return id.substr(0, 2) + "...";
  return id.substr(0, 4) + "..." + id.substr(id.size() - 4);
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return {};
    return value;
  };
}

std::string Endpoint::url() const { return (https ? "https://" : "http://") + host + path; }

Endpoint parse_endpoint(std::string_view url) {
  // The text is not shown: it may hold a password before an @.
  constexpr const char* kWanted =
      "an S3 endpoint has the form http[s]://host[:port][/path], without a user name";
  Endpoint endpoint;
  endpoint.https = url.starts_with("https://");
  if (!endpoint.https && !url.starts_with("http://")) fail_settings(kWanted);
  url.remove_prefix(endpoint.https ? 8 : 7);
  const auto slash = std::min(url.find('/'), url.size());
  endpoint.host = url.substr(0, slash);
  for (char& c : endpoint.host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  // As the header Host has it, which is signed.
  const std::string_view own_port = endpoint.https ? ":443" : ":80";
  if (endpoint.host.ends_with(own_port))
    endpoint.host.resize(endpoint.host.size() - own_port.size());
  std::string_view path = url.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  endpoint.path = path;
  const bool fits_path = std::all_of(path.begin(), path.end(), [](char c) {
    return c > ' ' && c < 127 && c != '?' && c != '#' && c != '@';
  });
  if (!fits_host(endpoint.host) || !fits_path) fail_settings(kWanted);
  return endpoint;
}

std::string Configuration::describe() const {
  std::string text;
  const auto line = [&](const char* name, const std::string& value, const std::string& from) {
    text += std::string(name) + ": " + value + " (" + from + ")\n";
  };
  line("endpoint", endpoint.value.url(), endpoint.from);
  line("region", region.value, region.from);
  line("address style", virtual_host.value ? "virtual host" : "path", virtual_host.from);
  const Credentials& keys = credentials.value;
  line("credentials",
       keys.anonymous() ? "anonymous" : "access key id " + shortened(keys.access_key_id),
       credentials.from);
  if (!ca_bundle.value.empty()) line("CA bundle", ca_bundle.value, ca_bundle.from);
  return text;
}

Configuration resolve(const Options& options, const Environment& environment) {
  const Profile profile(options, environment);
  Configuration result;
  result.region = find_region(options, environment, profile);
  result.endpoint = find_endpoint(options, environment, profile, result.region.value);
  result.virtual_host = find_style(options, profile, result.endpoint);
  result.ca_bundle = find_ca_bundle(options, environment, profile);
  result.credentials = find_credentials(options, environment, profile);
  check_header_text(result.region.value, "region");
  check_header_text(result.credentials.value.access_key_id, "access key id");
  check_header_text(result.credentials.value.session_token, "session token");
  return result;
}

}  // namespace functionfuse::io::s3
