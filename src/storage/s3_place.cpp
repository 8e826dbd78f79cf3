#include "storage/s3_place.hpp"

#include <algorithm>
#include <charconv>

#include <time.h>

#include "functionfuse/error.hpp"

#include "pickle/utf8.hpp"
#include "storage/record_log.hpp"
#include "storage/task_names.hpp"

namespace functionfuse::detail {
namespace {

/// The parts between the slashes of "/bucket/prefix".
std::vector<std::string> parts_of(std::string_view path) {
  if (path.starts_with("s3://")) path.remove_prefix(5);
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) parts.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  for (const std::string& part : parts) {
    if (part == "." || part == "..") {
      throw Error(Errc::invalid_argument, "the path of a storage on S3 has a part \"" + part +
                                              "\": write it as /bucket/prefix, in full");
    }
  }
  if (parts.empty()) {
    throw Error(Errc::invalid_argument,
                "the path of a storage on S3 names no bucket: write it as /bucket/prefix");
  }
  return parts;
}

io::s3::Options client_options(const S3Options& options) {
  io::s3::Options result;
  result.bucket = parts_of(options.path).front();
  result.endpoint = options.endpoint_url;
  result.region = options.region_name;
  result.profile = options.profile;
  result.access_key_id = options.key;
  result.secret_access_key = options.secret;
  result.session_token = options.token;
  result.anonymous = options.anon;
  result.ca_bundle = options.ca_bundle;
  result.retry.attempts = options.attempts;
  return result;
}

std::string root_of(const std::string& path) {
  const auto parts = parts_of(path);
  std::string root;
  for (std::size_t i = 1; i < parts.size(); ++i) root += parts[i] + "/";
  return root;
}

}  // namespace

S3Place::S3Place(const S3Options& options)
    : client_(std::make_shared<io::s3::Client>(client_options(options))),
      root_(root_of(options.path)) {}

std::string S3Place::workflow_key(std::string_view workflow) const {
  return root_ + std::string(workflow) + "/";
}
std::string S3Place::task_key(std::string_view workflow, std::string_view task) const {
  return workflow_key(workflow) + std::string(task);
}
std::string S3Place::bigdata_key(std::string_view workflow) const {
  return task_key(workflow, kBigdata) + "/";
}
std::string S3Place::records_key(std::string_view workflow) const {
  return task_key(workflow, kPrivateFolder) + "/" + std::string(kRecords);
}

std::string S3Place::url(std::string_view key) const {
  std::string text = "s3://" + client_->options().bucket + "/";
  text += key.empty() ? std::string_view(root_) : key;
  if (text.back() == '/') text.pop_back();
  return text;
}

std::vector<std::string> S3Place::workflows() {
  std::vector<std::string> names;
  client_->list(root_, "/", [&](const io::s3::ListPage& page) {
    for (std::string_view prefix : page.prefixes) {
      std::string_view name = prefix.substr(root_.size());
      name.remove_suffix(1);
      if (!name.empty() && name.front() != '.') names.emplace_back(name);
    }
    return true;
  });
  std::ranges::sort(names);
  return names;
}

std::vector<ListedTask> S3Place::tasks(std::string_view workflow) {
  const std::string prefix = workflow_key(workflow);
  std::vector<ListedTask> tasks;
  client_->list(prefix, "/", [&](io::s3::ListPage page) {
    for (io::s3::ListedObject& object : page.objects) {
      std::string name = object.key.substr(prefix.size());
      // Other programs mark folders with an empty object of the prefix's own name.
      if (name.empty() || name.front() == '.' || name == kBigdata) continue;
      tasks.push_back(
          {std::move(name), std::move(object.etag), object.size, std::move(object.last_modified)});
    }
    return true;
  });
  std::ranges::sort(tasks, {}, &ListedTask::name);
  return tasks;
}

bool S3Place::holds_any(const std::string& prefix) {
  return !client_->list_page(prefix, {}, {}, 1).objects.empty();
}

void S3Place::for_each(const std::string& prefix,
                       const std::function<void(const io::s3::ListedObject&)>& visit) {
  client_->list(prefix, {}, [&](const io::s3::ListPage& page) {
    std::ranges::for_each(page.objects, visit);
    return true;
  });
}

std::chrono::system_clock::time_point parse_s3_time(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) {
    throw Error(Errc::io, "the server lists an object with the time \"" + text.substr(0, 80) +
                              "\", which is none");
  }
  // A fraction of a second does not matter here.
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

void check_s3_name(std::string_view name, std::string_view what) {
  check_name(name, what);
  if (find_invalid_utf8(name) == name.size()) return;
  throw Error(Errc::invalid_argument, "the name of a " + std::string(what) +
                                          " is not valid UTF-8, which S3 asks for: choose another");
}

}  // namespace functionfuse::detail
