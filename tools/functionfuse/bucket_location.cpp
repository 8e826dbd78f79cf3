#include "bucket_location.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include <time.h>

#include "functionfuse/error.hpp"

#include "look.hpp"
#include "serializers/dask_arrays.hpp"
#include "storage/filenames.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

using functionfuse::detail::S3Place;
using io::s3::ListPage;

using functionfuse::detail::kArrayGroup;

S3Options options_of(const std::string& url) {
  S3Options options;
  options.path = url;
  return options;
}

/// Of everything in the storage; ends with a slash, or is empty.
std::string root_of(const S3Place& place) {
  std::string root = place.workflow_key("");
  root.pop_back();
  return root;
}

std::time_t http_time(const std::string& text) {
  std::tm parts{};
  if (::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr) return 0;
  return ::timegm(&parts);
}

std::time_t listed_time(const std::string& text) {
  return std::chrono::system_clock::to_time_t(functionfuse::detail::parse_s3_time(text));
}

/// The first page of each prefix, or all of it, asked for once.
class BucketTree final : public Tree {
 public:
  explicit BucketTree(S3Place& place, bool all = false)
      : place_(place), root_(root_of(place)), all_(all) {}

  void visit(const std::string& path, const std::function<bool(const Entry&)>& use) override {
    for (const Entry& entry : page(path)) {
      if (!use(entry)) return;
    }
  }
  [[nodiscard]] std::vector<std::byte> start(const std::string& path, std::size_t most) override {
    try {
      auto bytes = place_.client().get(root_ + path, most, io::s3::ByteRange{0, most});
      return bytes ? *std::move(bytes) : std::vector<std::byte>();
    } catch (const io::s3::S3Error& e) {
      if (e.status() < 400 || e.status() >= 500) throw;
      return {};  // an archived one, an empty one
    }
  }
  [[nodiscard]] std::string full(const std::string& path) const override {
    return place_.url(root_ + path);
  }
  [[nodiscard]] std::optional<Around> around() const override {
    if (root_.empty()) return {};
    const std::string url = place_.url();
    const std::size_t slash = url.rfind('/');
    return Around{url.substr(0, slash), url.substr(slash + 1)};
  }

 private:
  const std::vector<Entry>& page(const std::string& path) {
    const auto [known, is_new] = pages_.emplace(path, std::vector<Entry>());
    if (!is_new) return known->second;
    const std::string prefix = path.empty() ? root_ : root_ + path + "/";
    place_.client().list(prefix, "/", [&](const ListPage& listed) {
      for (const std::string& folder : listed.prefixes) {
        std::string name = folder.substr(prefix.size());
        name.pop_back();
        if (!name.empty()) known->second.push_back({std::move(name), true, 0});
      }
      for (const auto& object : listed.objects) {
        std::string name = object.key.substr(prefix.size());
        if (!name.empty()) known->second.push_back({std::move(name), false, object.size});
      }
      return all_;
    });
    std::ranges::sort(known->second, {}, &Entry::name);
    return known->second;
  }

  S3Place& place_;
  std::string root_;
  bool all_;
  std::map<std::string, std::vector<Entry>> pages_;
};

/// What lies below bigdata for an object that is no Zarr array: one of its name.
bool is_of(std::string_view rest) { return rest.empty() || rest.front() == '/'; }

}  // namespace

std::vector<std::string> bucket_parts(const std::string& url) {
  std::vector<std::string> parts;
  for (std::size_t at = std::string_view("s3://").size(); at < url.size();) {
    const std::size_t end = std::min(url.find('/', at), url.size());
    if (end > at) parts.push_back(url.substr(at, end - at));
    at = end + 1;
  }
  if (!parts.empty()) return parts;
  throw Error(Errc::invalid_argument,
              "\"" + printable(url) + "\" names no bucket: write s3://bucket/prefix");
}

BucketLocation::BucketLocation(const std::string& url)
    : url_(url), parts_(bucket_parts(url)), place_(std::make_shared<S3Place>(options_of(url))) {}

void BucketLocation::fail_missing() const {
  std::string root = root_of(*place_);
  root.pop_back();
  const std::size_t slash = root.rfind('/');
  const std::string parent = slash == root.npos ? "" : root.substr(0, slash + 1);
  const ListPage page = place_->client().list_page(parent, "/");
  std::vector<std::string> siblings;
  for (const std::string& prefix : page.prefixes) {
    siblings.push_back(prefix.substr(parent.size(), prefix.size() - parent.size() - 1));
  }
  const std::string name = "\"" + printable(place_->url()) + "\"";
  if (std::ranges::find(page.objects, root, &io::s3::ListedObject::key) != page.objects.end()) {
    throw NotFoundError(name +
                        " is an object, and a storage is a prefix, below which each workflow has "
                        "one of its own");
  }
  const std::string near = did_you_mean(root.substr(parent.size()), siblings);
  std::string text = "there is nothing at " + name;
  if (near.empty() && !siblings.empty()) {
    text += "; " +
            printable(parent.empty() ? "s3://" + place_->client().options().bucket
                                     : place_->url(parent)) +
            " holds " + some_of(siblings);
  }
  throw NotFoundError(text + near);
}

std::unique_ptr<Storage> BucketLocation::open(Must must) const {
  BucketTree tree(*place_);
  bool empty = true;
  tree.visit("", [&](const Tree::Entry&) { return empty = false; });
  if (empty && must == Must::exist && tree.around()) fail_missing();
  if (const std::string why = why_no_storage(tree); !why.empty()) {
    throw NotFoundError("\"" + printable(place_->url()) + "\" " + why);
  }
  return std::make_unique<S3Storage>(options_of(url_));
}

std::vector<std::string> BucketLocation::parts() const {
  std::vector<std::string> parts{"s3"};
  std::ranges::copy(parts_, std::back_inserter(parts));
  return parts;
}

bool BucketLocation::has_workflow(const std::string& workflow) const {
  return place_->holds_any(place_->workflow_key(workflow));
}

bool BucketLocation::looks_like_workflow(const std::string& workflow) const {
  BucketTree tree(*place_, true);  // what is removed may lie anywhere in it
  return cli::looks_like_workflow(tree, workflow);
}

WorkflowFacts BucketLocation::workflow(const std::string& workflow) const {
  WorkflowFacts total;
  const std::string prefix = place_->workflow_key(workflow);
  place_->for_each(prefix, [&](const io::s3::ListedObject& object) {
    const std::string_view name = std::string_view(object.key).substr(prefix.size());
    if (name.empty() || name.front() == '.') return;
    if (name.find('/') == name.npos && name != kBigdata) ++total.tasks;
    total.bytes += object.size;
    total.changed = std::max(total.changed, listed_time(object.last_modified));
  });
  return total;
}

std::vector<ListedTask> BucketLocation::tasks(const std::string& workflow) const {
  std::vector<ListedTask> tasks;
  for (auto& task : place_->tasks(workflow)) {
    tasks.push_back(
        {std::move(task.name), {task.size, listed_time(task.last_modified), std::move(task.etag)}});
  }
  return tasks;
}

std::optional<TaskFacts> BucketLocation::task(const std::string& workflow,
                                              const std::string& task) const {
  auto info = place_->client().head(place_->task_key(workflow, task));
  if (!info) return {};
  return TaskFacts{info->size, http_time(info->last_modified), std::move(info->etag)};
}

bool BucketLocation::read(const std::string& workflow, const std::string& task,
                          std::uint64_t offset, std::span<std::byte> buffer) const {
  const auto got = place_->client().get(place_->task_key(workflow, task), buffer,
                                        io::s3::ByteRange{offset, buffer.size()});
  return got == buffer.size();
}

std::optional<std::uint64_t> BucketLocation::object_bytes(const std::string& workflow,
                                                          const PersistentId& id) const {
  if (!functionfuse::detail::is_plain_filename(id.filename)) return {};
  std::optional<std::uint64_t> bytes;
  for (const std::string_view group : {std::string_view(), kArrayGroup}) {
    const std::string prefix = place_->bigdata_key(workflow) + std::string(group) + id.filename;
    place_->for_each(prefix, [&](const io::s3::ListedObject& object) {
      if (!is_of(std::string_view(object.key).substr(prefix.size()))) return;
      bytes = bytes.value_or(0) + object.size;
    });
    if (bytes) return bytes;
  }
  return bytes;
}

KeptArray BucketLocation::array(const std::string& workflow, const PersistentId& id) const {
  if (!functionfuse::detail::is_plain_filename(id.filename)) {
    throw NotFoundError("bigdata/" + printable(id.filename) + " is missing");
  }
  check_array_version(id);
  return array_at(place_->bigdata_key(workflow) + std::string(kArrayGroup) + id.filename,
                  id.filename);
}

KeptArray BucketLocation::array(const Protocols& protocols, const std::string& filename) const {
  auto& objects = protocols.require<S3Protocol>(S3_PROTOCOL, "functionfuse");
  return array_at(objects.key(std::string(kArrayGroup) + filename), filename);
}

KeptArray BucketLocation::array_at(const std::string& key, const std::string& filename) const {
  std::string place = "bigdata/" + std::string(kArrayGroup) + filename;
  std::optional<std::uint64_t> bytes;
  const std::string prefix = key + "/";
  place_->for_each(prefix, [&](const io::s3::ListedObject& object) {
    const std::string_view name = std::string_view(object.key).substr(prefix.size());
    const bool describes = name.starts_with('.');
    bytes = bytes.value_or(0) + (describes ? 0 : object.size);
  });
  if (!bytes) throw NotFoundError(printable(place) + " is missing");
  return open_kept_zarr(formats::zarr::s3_store(place_->shared_client(), key), std::move(place),
                        *bytes);
}

}  // namespace functionfuse::cli
