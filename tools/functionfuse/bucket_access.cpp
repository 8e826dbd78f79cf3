#include <optional>

#include "functionfuse/error.hpp"

#include "access.hpp"
#include "bucket_location.hpp"
#include "io/s3/client.hpp"
#include "io/uuid.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

using io::s3::Client;
using io::s3::Configuration;
using io::s3::shortened;

std::string key_text(const io::s3::Credentials& keys) {
  if (keys.anonymous()) return "none, requests are not signed";
  return "access key id " + shortened(keys.access_key_id) +
         (keys.session_token.empty() ? "" : ", with a session token");
}

void add_settings(std::vector<Setting>& settings, const Configuration& used) {
  const auto profile = io::s3::process_environment()("AWS_PROFILE");
  const std::string& bundle = used.ca_bundle.value;
  settings.push_back({"endpoint", used.endpoint.value.url(), used.endpoint.from});
  settings.push_back({"region", used.region.value, used.region.from});
  settings.push_back({"addressing",
                      used.virtual_host.value ? "the bucket in the host's name" : "in the path",
                      used.virtual_host.from});
  settings.push_back({"profile", profile.value_or("default"), profile ? "AWS_PROFILE" : "default"});
  settings.push_back({"certificates", bundle.empty() ? "the system's" : bundle,
                      bundle.empty() ? "default" : used.ca_bundle.from});
}

/// What can be said where settings do not fit: all but the credentials, if they are the fault.
void add_other_settings(std::vector<Setting>& settings, io::s3::Options options) {
  options.anonymous = true;
  try {
    add_settings(settings, resolve(options, io::s3::process_environment()));
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): it is reported already
  }
}

Trial read_trial(Client& client, const std::string& prefix) {
  try {
    const io::s3::ListPage page = client.list_page(prefix, "/");
    std::size_t workflows = 0;
    for (const std::string& name : page.prefixes) workflows += name[prefix.size()] == '.' ? 0 : 1;
    if (page.objects.empty() && page.prefixes.empty()) return {"read", true, "nothing there yet"};
    return {"read", true,
            (page.next.empty() ? "" : "at least ") + counted(workflows, "folder") + " in it"};
  } catch (const Error& error) {
    return {"read", false, error.what()};
  }
}

/// A hidden name, so that it is no workflow while it is there.
Trial write_trial(Client& client, const std::string& prefix) {
  const std::string key = prefix + ".functionfuse-check-" + io::uuid4();
  try {
    client.put(key, {});
  } catch (const Error& error) {
    return {"write", false, error.what()};
  }
  try {
    client.remove(key);
  } catch (const Error& error) {
    return {"write", false, std::string(error.what()) + "; that object was left behind"};
  }
  return {"write", true, "a small object was put and removed"};
}

}  // namespace

Access try_bucket(const std::string& url, bool write) {
  const auto parts = bucket_parts(url);
  std::string prefix;
  for (std::size_t i = 1; i < parts.size(); ++i) prefix += parts[i] + "/";
  Access access;
  access.url =
      "s3://" + parts[0] + (prefix.empty() ? "" : "/" + prefix.substr(0, prefix.size() - 1));
  access.settings = {{"bucket", parts[0]}, {"prefix", prefix.empty() ? "none" : prefix}};

  io::s3::Options options;
  options.bucket = parts[0];
  options.retry.attempts = 1;  // what it says is how it is now
  std::optional<Client> client;
  try {
    client.emplace(options);
  } catch (const Error& error) {
    add_other_settings(access.settings, options);
    access.trials.push_back({"read", false, error.what()});
    return access;
  }
  const Configuration used = client->configuration();
  add_settings(access.settings, used);
  access.settings.push_back(
      {"credentials", key_text(used.credentials.value), used.credentials.from});
  access.trials.push_back(read_trial(*client, prefix));
  if (write && access.good()) access.trials.push_back(write_trial(*client, prefix));
  return access;
}

}  // namespace functionfuse::cli
