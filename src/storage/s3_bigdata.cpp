#include "storage/s3_bigdata.hpp"

#include <algorithm>
#include <limits>

#include "functionfuse/error.hpp"

#include "serializers/dask_arrays.hpp"
#include "storage/objects.hpp"

namespace functionfuse::detail {
namespace {

/// Where what belongs to an object lies.
constexpr std::string_view kPlaces[] = {"", kArrayGroup};
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

bool is_plain_name(std::string_view name) {
  if (name.find('\0') != name.npos) return false;
  for (;;) {
    const std::size_t slash = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == name.size()) return true;
    name.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string_view object_of(std::string_view name) {
  if (name.starts_with(kArrayGroup)) name.remove_prefix(kArrayGroup.size());
  return name.substr(0, name.find('/'));
}

std::string S3Bigdata::key(std::string_view name) const {
  if (!is_plain_name(name)) {
    throw Error(Errc::invalid_argument,
                "\"" + std::string(name.substr(0, 80)) + "\" is no name of an object in " +
                    place_->url(prefix_) +
                    ": it needs parts that are not empty, not \".\" and not "
                    "\"..\", with slashes between them");
  }
  looked_into_ = true;
  return prefix_ + std::string(name);
}

std::string S3Bigdata::url(std::string_view name) const { return place_->url(key(name)); }

void S3Bigdata::keeps(std::string_view filename) {
  std::lock_guard lock(mutex_);
  created_.emplace(filename);
}

void S3Bigdata::put(std::string_view name, std::span<const std::byte> data) {
  const std::string where = key(name);
  keeps(object_of(name));
  client()->put(where, data);
}

std::optional<std::vector<std::byte>> S3Bigdata::get(std::string_view name,
                                                     std::size_t most_bytes) {
  return client()->get(key(name), most_bytes);
}

std::vector<std::string> S3Bigdata::list(std::string_view prefix) {
  looked_into_ = true;
  std::vector<std::string> names;
  place_->for_each(prefix_ + std::string(prefix), [&](const io::s3::ListedObject& object) {
    names.push_back(object.key.substr(prefix_.size()));
  });
  return names;
}

std::vector<std::string> S3Bigdata::names_of(std::string_view filename) {
  std::vector<std::string> names;
  for (const std::string_view place : kPlaces) {
    for (std::string& name : list(std::string(place) + std::string(filename))) {
      if (belongs_to(object_of(name), filename)) names.push_back(std::move(name));
    }
  }
  return names;
}

void S3Bigdata::remove_names(std::span<const std::string> names) {
  std::vector<std::string> keys;
  for (const std::string& name : names) keys.push_back(prefix_ + name);
  client()->remove(keys);
}

void S3Bigdata::remove(std::string_view filename) { remove_names(names_of(filename)); }

bool S3Bigdata::exists(const std::string& filename) {
  if (!is_plain_filename(filename)) return false;
  return std::ranges::any_of(kPlaces, [&](std::string_view place) {
    const std::string start = std::string(place) + filename;
    const auto first = client()->list_page(prefix_ + start).objects;
    return std::ranges::any_of(first, [&](const io::s3::ListedObject& object) {
      return belongs_to(object_of(std::string_view(object.key).substr(prefix_.size())), filename);
    });
  });
}

std::string S3Bigdata::copy_from(const S3Origin& origin, const std::string& filename) {
  const std::string copy = new_filename();
  S3Bigdata from(origin.place(), origin.workflow());
  const auto names = from.names_of(filename);
  for (const std::string& name : names) {
    const auto data = from.get(name, kAll);
    if (!data) throw NotFoundError(from.url(name) + " went away while it was copied");
    std::string to = name;
    to.replace(static_cast<std::size_t>(object_of(name).data() - name.data()), filename.size(),
               copy);
    put(to, *data);
  }
  if (names.empty()) {
    throw NotFoundError(from.url(filename) +
                        " is gone: the value that is being saved refers to the object there; read "
                        "it before its task is removed or replaced");
  }
  return copy;
}

void S3Bigdata::remove_objects(std::span<const PersistentId> ids, const SerializerPool& pool) {
  Protocols protocols;
  protocols.add(S3_PROTOCOL, *this);
  detail::remove_objects(ids, pool, protocols, [&](const Filenames& filenames) {
    auto names = list({});
    std::erase_if(names, [&](const std::string& name) { return !filenames.own(object_of(name)); });
    remove_names(names);
  });
}

void S3Bigdata::remove_created() noexcept {
  for (const std::string& filename : created_) {
    try {
      remove(filename);
    } catch (const std::exception&) {
      // See the header.
    }
  }
  created_.clear();
}

}  // namespace functionfuse::detail
