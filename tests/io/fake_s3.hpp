#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <time.h>

#include "io/s3/digests.hpp"
#include "io/s3/uri.hpp"
#include "io/scripted_server.hpp"

namespace functionfuse::test {

/// A bucket in memory that speaks as much of S3 as the client does, without uploads in parts and
/// without looking at signatures: to count requests, and to have any of them fail.
class FakeS3 {
 public:
  struct Object {
    std::string body, etag, modified;
    std::vector<std::pair<std::string, std::string>> metadata;
  };
  /// What happens to a request: nothing special, an error 500 in place of it, or after it.
  enum class Fault { none, before, after };

  FakeS3()
      : server_([this](const ScriptedRequest& request, std::size_t) { return answer(request); }) {}

  [[nodiscard]] std::string endpoint() const { return server_.endpoint(); }

  /// Decides about the requests to come, which it counts from 0.
  void set_faults(std::function<Fault(std::size_t)> faults) {
    std::lock_guard lock(mutex_);
    faults_ = std::move(faults);
    asked_.clear();
  }
  /// Requests since then: "PUT key", "LIST prefix", "DELETE *" for many at once.
  [[nodiscard]] std::vector<std::string> asked() const {
    std::lock_guard lock(mutex_);
    return asked_;
  }
  void forget_requests() { set_faults({}); }
  [[nodiscard]] std::map<std::string, Object> objects() const {
    std::lock_guard lock(mutex_);
    return objects_;
  }
  void put(const std::string& key, const std::string& body) {
    std::lock_guard lock(mutex_);
    store(key, body, {});
  }
  void remove(const std::string& key) {
    std::lock_guard lock(mutex_);
    objects_.erase(key);
  }

 private:
  using Query = std::map<std::string, std::string>;

  static Query query_of(const std::string& text) {
    Query query;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('&', begin), text.size());
      const std::string part = text.substr(begin, end - begin);
      const std::size_t equals = std::min(part.find('='), part.size());
      query[part.substr(0, equals)] =
          io::s3::decode_listed(part.substr(std::min(equals + 1, part.size())));
      begin = end + 1;
    }
    return query;
  }

  static std::string now() {
    const auto time = std::chrono::system_clock::now().time_since_epoch();
    const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &parts)};
  }

  static ScriptedReply error(int status, const std::string& code) {
    return {status, "<Error><Code>" + code + "</Code></Error>"};
  }

  ScriptedReply answer(const ScriptedRequest& request) {
    std::lock_guard lock(mutex_);
    const std::size_t mark = std::min(request.target.find('?'), request.target.size());
    const std::string path = io::s3::decode_listed(request.target.substr(1, mark - 1));
    const Query query = query_of(request.target.substr(std::min(mark + 1, request.target.size())));
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string key = path.substr(std::min(slash + 1, path.size()));
    const bool list = query.contains("list-type"), many = query.contains("delete");
    const auto prefix = query.find("prefix");
    asked_.push_back(list   ? "LIST " + (prefix == query.end() ? std::string() : prefix->second)
                     : many ? "DELETE *"
                            : request.method + " " + key);
    const Fault fault = faults_ ? faults_(asked_.size() - 1) : Fault::none;
    if (fault == Fault::before) return error(500, "InternalError");
    ScriptedReply reply = list   ? list_of(query)
                          : many ? remove_many(request.body)
                                 : one(request, key);
    return fault == Fault::after ? error(500, "InternalError") : reply;
  }

  void store(const std::string& key, const std::string& body,
             std::vector<std::pair<std::string, std::string>> metadata) {
    objects_[key] = {body, io::s3::hex(io::s3::md5(io::s3::bytes_of(body))), now(),
                     std::move(metadata)};
  }

  ScriptedReply one(const ScriptedRequest& request, const std::string& key) {
    if (key.empty()) return {};
    if (request.method == "PUT") {
      std::vector<std::pair<std::string, std::string>> metadata;
      for (const auto& [name, value] : request.headers) {
        if (name.starts_with("x-amz-meta-")) metadata.emplace_back(name, value);
      }
      store(key, request.body, std::move(metadata));
      return {200, "", {{"ETag", '"' + objects_[key].etag + '"'}}};
    }
    if (request.method == "DELETE") {
      objects_.erase(key);
      return {204, ""};
    }
    const auto found = objects_.find(key);
    if (found == objects_.end()) return error(404, "NoSuchKey");
    const Object& object = found->second;
    ScriptedReply reply{200, object.body, object.metadata};
    reply.headers.emplace_back("ETag", '"' + object.etag + '"');
    reply.headers.emplace_back("Last-Modified", "Mon, 23 Nov 2026 02:20:55 GMT");
    if (const auto range = request.headers.find("range"); range != request.headers.end()) {
      const std::size_t begin = std::stoul(range->second.substr(6));
      const std::size_t end = std::stoul(range->second.substr(range->second.find('-') + 1)) + 1;
      reply.status = 206;
      reply.body = object.body.substr(begin, end - begin);
      reply.headers.emplace_back("Content-Range",
                                 "bytes " + std::to_string(begin) + "-" +
                                     std::to_string(begin + reply.body.size() - 1) + "/" +
                                     std::to_string(object.body.size()));
    }
    return reply;
  }

  ScriptedReply list_of(Query query) {
    const std::string prefix = query["prefix"], delimiter = query["delimiter"];
    const std::string token =
        io::s3::decode_listed(query["continuation-token"]);  // as it was given
    const std::size_t most = std::stoul(query["max-keys"]);
    std::string items, last_common, next;
    std::size_t count = 0;
    for (auto it = objects_.lower_bound(std::max(prefix, token));
         it != objects_.end() && it->first.starts_with(prefix); ++it) {
      const auto& [key, object] = *it;
      const std::size_t cut = delimiter.empty() ? key.npos : key.find(delimiter, prefix.size());
      const std::string common = cut == key.npos ? "" : key.substr(0, cut + 1);
      if (!common.empty() && common == last_common) continue;
      if (count++ == most) {
        next = key;
        break;
      }
      last_common = common;
      items += common.empty()
                   ? "<Contents><Key>" + io::s3::encode_uri(key) + "</Key><Size>" +
                         std::to_string(object.body.size()) + "</Size><ETag>" + object.etag +
                         "</ETag><LastModified>" + object.modified + "</LastModified></Contents>"
                   : "<CommonPrefixes><Prefix>" + io::s3::encode_uri(common) +
                         "</Prefix></CommonPrefixes>";
    }
    return {200, "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>" +
                     std::string(next.empty() ? "false" : "true") + "</IsTruncated>" +
                     (next.empty() ? ""
                                   : "<NextContinuationToken>" + io::s3::encode_uri(next) +
                                         "</NextContinuationToken>") +
                     items + "</ListBucketResult>"};
  }

  ScriptedReply remove_many(const std::string& body) {
    for (std::size_t at = 0; (at = body.find("<Key>", at)) != body.npos;) {
      at += 5;
      std::string key = body.substr(at, body.find("</Key>", at) - at);
      for (const auto& [code, c] :
           {std::pair("&lt;", "<"), {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}}) {
        for (std::size_t i = 0; (i = key.find(code, i)) != key.npos; ++i) {
          key.replace(i, std::string(code).size(), c);
        }
      }
      objects_.erase(key);
    }
    return {200, "<DeleteResult/>"};
  }

  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;     // guarded by mutex_
  std::vector<std::string> asked_;            // guarded by mutex_
  std::function<Fault(std::size_t)> faults_;  // guarded by mutex_
  ScriptedServer server_;                     // stops first
};

}  // namespace functionfuse::test
