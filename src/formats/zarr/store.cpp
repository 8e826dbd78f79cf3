#include "formats/zarr/store.hpp"

#include <functionfuse/error.hpp>

namespace functionfuse::formats::zarr {
namespace {

constexpr std::string_view kScheme = "s3://";

std::string without_slashes(std::string text) {
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text == "/" ? "" : text;
}

}  // namespace

std::string Store::url(std::string_view key) const {
  if (key.ends_with('/')) key.remove_suffix(1);
  return key.empty() ? location() : location() + "/" + std::string(key);
}

bool is_s3(std::string_view location) noexcept { return location.starts_with(kScheme); }

std::unique_ptr<Store> open_store(std::string_view location) {
  if (!is_s3(location)) return folder_store(std::string(location));
  const std::string_view rest = location.substr(kScheme.size());
  const std::size_t slash = rest.find('/');
  io::s3::Options options;
  options.bucket = rest.substr(0, slash);
  if (options.bucket.empty()) {
    throw Error(Errc::invalid_argument,
                std::string(location) + ": the name of a bucket is missing: s3://bucket/prefix");
  }
  return s3_store(std::make_shared<io::s3::Client>(options),
                  slash == rest.npos ? "" : without_slashes(std::string(rest.substr(slash + 1))));
}

void fail_too_large(const Store& store, const std::string& key, std::size_t most_bytes) {
  throw CorruptError(store.url(key) + " has more than the " + std::to_string(most_bytes) +
                     " bytes that it can have");
}

}  // namespace functionfuse::formats::zarr
