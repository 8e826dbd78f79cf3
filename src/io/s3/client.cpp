#include "io/s3/client.hpp"

#include <algorithm>
#include <charconv>
#include <thread>
#include <unordered_set>
#include <utility>

#include "functionfuse/error.hpp"

#include "io/s3/batch.hpp"
#include "io/s3/digests.hpp"
#include "io/s3/failure.hpp"
#include "io/s3/multipart_upload.hpp"

namespace functionfuse::io::s3 {
namespace {

constexpr std::size_t kMostKeysOfDelete = 1000;
constexpr unsigned kMostEmptyPages = 1000;

std::uint64_t size_of(const http::Reply& reply, const std::string& url) {
  const std::string_view text = reply.header("content-length");
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size())
    fail_reply(url, "it has no Content-Length");
  return size;
}

constexpr std::string_view kMetadata = "x-amz-meta-";

}  // namespace

std::vector<http::Header> metadata_headers(const Metadata& metadata) {
  std::vector<http::Header> headers;
  for (const auto& [name, value] : metadata)
    headers.push_back({std::string(kMetadata) + name, value});
  return headers;
}

ObjectInfo object_info(const Answer& answer, const std::string& url) {
  ObjectInfo info{size_of(answer.reply, url),
                  without_quotes(answer.reply.header("etag")),
                  std::string(answer.reply.header("last-modified")),
                  {}};
  for (const auto& [name, value] : answer.reply.headers) {
    if (name.starts_with(kMetadata))
      info.metadata.push_back({name.substr(kMetadata.size()), value});
  }
  return info;
}

Client::Client(Options options, Environment environment)
    : requests_(std::move(options), std::move(environment)) {}

std::optional<std::vector<std::byte>> Client::get(const std::string& key, std::size_t most_bytes,
                                                  std::optional<ByteRange> range,
                                                  ObjectInfo* info) {
  check_key(key);
  std::vector<std::byte> bytes;
  Call call{.what = "read", .key = key};
  call.target = {{}, &bytes, most_bytes};
  call.range = range;
  const Answer answer = requests_.run(std::move(call));
  if (answer.verdict == Verdict::absent) return {};
  if (info != nullptr) *info = object_info(answer, url(key));
  return bytes;
}

std::optional<std::size_t> Client::get(const std::string& key, std::span<std::byte> buffer,
                                       std::optional<ByteRange> range) {
  check_key(key);
  Call call{.what = "read", .key = key};
  call.target.buffer = buffer;
  call.range = range;
  const Answer answer = requests_.run(std::move(call));
  if (answer.verdict == Verdict::absent) return {};
  return answer.reply.received;
}

std::optional<ObjectInfo> Client::head(const std::string& key) {
  check_key(key);
  const Answer answer = requests_.run({.what = "look at", .method = "HEAD", .key = key});
  if (answer.verdict == Verdict::absent) {
    // A 404 without a body may mean the bucket as well.
    if (!requests_.bucket_seen() && !bucket_exists()) {
      throw S3Error("cannot look at " + url(key) + ": there is no bucket " + options().bucket +
                        "; check its name and the endpoint, or create it",
                    404, "NoSuchBucket", {});
    }
    return {};
  }
  return object_info(answer, url(key));
}

std::string Client::put(const std::string& key, std::span<const std::byte> data,
                        const Metadata& metadata) {
  check_key(key);
  if (data.size() > options().multipart_from) return put_in_parts(key, data, metadata);
  Call call{.what = "write", .method = "PUT", .key = key, .headers = metadata_headers(metadata)};
  call.body = data;
  return without_quotes(requests_.run(std::move(call)).reply.header("etag"));
}

std::string Client::put_over(const std::string& key, std::span<const std::byte> data,
                             const Metadata& metadata, const std::string& before) {
  check_key(key);
  if (data.size() > options().multipart_from) return put_in_parts(key, data, metadata);
  const RetryOptions& retry = options().retry;
  const std::string own = hex(md5(data));
  for (unsigned attempt = 1;; ++attempt) {
    Call call{.what = "write", .method = "PUT", .key = key, .headers = metadata_headers(metadata)};
    call.body = data;
    call.attempts = 1;
    const Answer answer = requests_.try_run(std::move(call));
    if (answer.verdict == Verdict::done) return without_quotes(answer.reply.header("etag"));
    const bool may_be_there = judge(answer.reply, answer.s3_code) == Verdict::retry;
    if (attempt >= retry.attempts || !may_be_there) answer.throw_error();
    std::this_thread::sleep_for(delay_before(attempt + 1, retry, 0.5, {}));
    const auto now = head(key);
    const std::string there = now ? now->etag : std::string();
    if (there == own || there != before) return own;
  }
}

std::string Client::put_in_parts(const std::string& key, std::span<const std::byte> data,
                                 const Metadata& metadata) {
  constexpr std::size_t kMost = MultipartUpload::kMostParts;
  const std::size_t part_bytes =
      std::max({options().part_bytes, (data.size() + kMost - 1) / kMost, std::size_t{1}});
  MultipartUpload upload(*this, key, metadata);
  Batch batch(*this, options().parts_in_flight);
  for (unsigned number = 1; !data.empty(); ++number) {
    const std::size_t size = std::min(part_bytes, data.size());
    upload.put_part(batch, number, data.first(size));
    data = data.subspan(size);
  }
  batch.finish();
  return upload.complete();
}

bool Client::put_new(const std::string& key, std::span<const std::byte> data) {
  check_key(key);
  Call call{.what = "write", .method = "PUT", .key = key, .headers = {{"if-none-match", "*"}}};
  call.body = data;
  const Answer answer = requests_.try_run(std::move(call));
  if (answer.verdict != Verdict::conflict) {
    answer.throw_error();
    return true;
  }
  const auto object = head(key);
  return object && object->size == data.size() && object->etag == hex(md5(data));
}

void Client::remove(const std::string& key) {
  check_key(key);
  requests_.run({.what = "remove", .method = "DELETE", .key = key});
}

void Client::remove(std::span<const std::string> keys) {
  std::vector<std::string> listed;
  const auto flush = [&] {
    if (!listed.empty()) remove_listed(listed);
    listed.clear();
  };
  for (const std::string& key : keys) {
    check_key(key);
    if (!fits_xml(key)) {
      remove(key);
      continue;
    }
    listed.push_back(key);
    if (listed.size() == kMostKeysOfDelete) flush();
  }
  flush();
}

void Client::remove_listed(std::span<const std::string> keys) {
  const std::string body = delete_request(keys);
  Call call{.what = "remove objects from", .method = "POST", .query = {{"delete", ""}}};
  call.body = bytes_of(body);
  call.xml = true;
  call.content_md5 = true;
  const Answer answer = requests_.run(std::move(call));
  for (const KeyError& error : parsed(answer.xml, url({}), parse_deleted)) {
    // One by one: what is transient is tried again, what is not has an error of its own.
    if (error.code != "NoSuchKey") remove(error.key);
  }
}

ListPage Client::list_page(const std::string& prefix, const std::string& delimiter,
                           const std::string& token, unsigned most_keys) {
  Call call{.what = "list", .query = {{"list-type", "2"}, {"encoding-type", "url"}}};
  call.query.emplace_back("max-keys", std::to_string(most_keys));
  if (!prefix.empty()) call.query.emplace_back("prefix", prefix);
  if (!delimiter.empty()) call.query.emplace_back("delimiter", delimiter);
  if (!token.empty()) call.query.emplace_back("continuation-token", token);
  call.xml = true;
  ListPage page = parsed(requests_.run(std::move(call)).xml, url({}), parse_list);
  const bool fits =
      std::ranges::all_of(page.objects, [&](const auto& o) { return o.key.starts_with(prefix); }) &&
      std::ranges::all_of(page.prefixes, [&](const std::string& p) {
        return p.starts_with(prefix) && p.size() > prefix.size() && p.ends_with(delimiter);
      });
  if (!fits) fail_reply(url({}), "a list has keys that were not asked for");
  return page;
}

void Client::list(const std::string& prefix, const std::string& delimiter,
                  const std::function<bool(ListPage)>& visit, unsigned keys_per_page) {
  std::unordered_set<std::string> tokens;
  std::string token;
  unsigned empty_pages = 0;
  do {
    ListPage page = list_page(prefix, delimiter, token, keys_per_page);
    token = page.next;
    // A server that goes in circles would be asked for ever.
    if (!token.empty() && !tokens.insert(token).second) {
      fail_reply(url({}), "a list goes on where it has been before");
    }
    empty_pages = page.objects.empty() && page.prefixes.empty() ? empty_pages + 1 : 0;
    if (empty_pages > kMostEmptyPages) fail_reply(url({}), "a list has no end and nothing in it");
    if (!visit(std::move(page))) return;
  } while (!token.empty());
}

bool Client::bucket_exists() {
  const Answer answer = requests_.try_run({.what = "look at the bucket", .method = "HEAD"});
  if (answer.s3_code == "NoSuchBucket") return false;
  answer.throw_error();
  return true;
}

void Client::create_bucket() {
  const std::string region = configuration().region.value;
  // Amazon takes no location for its first region, and wants one for every other.
  const std::string body = region == "us-east-1" ? std::string() : location_request(region);
  Call call{.what = "create the bucket", .method = "PUT"};
  call.body = bytes_of(body);
  const Answer answer = requests_.try_run(std::move(call));
  if (answer.s3_code != "BucketAlreadyOwnedByYou") answer.throw_error();
}

void Client::remove_bucket() { requests_.run({.what = "remove the bucket", .method = "DELETE"}); }

}  // namespace functionfuse::io::s3
