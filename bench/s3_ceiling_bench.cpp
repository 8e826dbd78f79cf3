// The ceiling of S3: the requests that s3_bench.cpp needs at least, sent by a bare loop over
// libcurl with the library's signatures. Nothing is tried again, and what comes lies in a buffer of
// its connection, where nobody looks at it.
//
//     s3_ceiling_bench arrays BUCKET      seconds for 256 MiB
//     s3_ceiling_bench CASE BUCKET        one of them, as "plain chunks of 4 MiB"
//     s3_ceiling_bench unsigned BUCKET    all, with bodies that are neither hashed nor signed
//     s3_ceiling_bench nodes BUCKET       milliseconds for a small object, one and 16 in flight
//
// Endpoint and keys are those of the environment.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <curl/curl.h>

#include "io/s3/configuration.hpp"
#include "io/s3/digests.hpp"
#include "io/s3/signing.hpp"
#include "report.hpp"

namespace s3 = functionfuse::io::s3;
namespace http = functionfuse::io::http;

namespace {

constexpr std::size_t kInFlight = 16;
constexpr std::size_t kMostBytes = 4 << 20;  // of an object
constexpr long kBufferBytes = 256 * 1024;    // as the library's connections

struct Request {
  const char* method;
  std::string key;
  std::span<const std::byte> body = {};
};

[[noreturn]] void fail(const char* what, std::string_view why) {
  std::fprintf(stderr, "s3_ceiling_bench: %s: %.*s\n", what, static_cast<int>(why.size()),
               why.data());
  std::exit(1);
}

/// Connections to a bucket, kept from one run() to the next.
class Bucket {
 public:
  Bucket(std::string name, bool signs_bodies)
      : name_(std::move(name)),
        configuration_(s3::resolve({}, s3::process_environment())),
        signs_bodies_(signs_bodies),
        multi_(::curl_multi_init()) {}
  ~Bucket() {
    for (const auto& slot : slots_) {
      ::curl_easy_cleanup(slot->easy);
      ::curl_slist_free_all(slot->headers);
    }
    ::curl_multi_cleanup(multi_);
  }
  Bucket(const Bucket&) = delete;
  Bucket& operator=(const Bucket&) = delete;

  void run(const std::vector<Request>& requests, std::size_t in_flight = kInFlight) {
    std::size_t next = 0, answered = 0;
    while (slots_.size() < in_flight) slots_.push_back(make_slot());
    for (; next < std::min(in_flight, requests.size()); ++next)
      start(*slots_[next], requests[next]);
    while (answered < requests.size()) {
      int running = 0, left = 0;
      ::curl_multi_perform(multi_, &running);
      bool any = false;
      while (const CURLMsg* message = ::curl_multi_info_read(multi_, &left)) {
        Slot& slot = finish(*message);
        any = true;
        ++answered;
        if (next < requests.size()) start(slot, requests[next++]);
      }
      if (!any) ::curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

 private:
  struct Slot {
    CURL* easy = ::curl_easy_init();
    curl_slist* headers = nullptr;
    std::vector<char> reply = std::vector<char>(kMostBytes);
    std::size_t received = 0;
  };

  static std::size_t receive(char* data, std::size_t, std::size_t size, void* to) {
    Slot& slot = *static_cast<Slot*>(to);
    if (size > slot.reply.size() - slot.received) return 0;
    std::memcpy(slot.reply.data() + slot.received, data, size);
    slot.received += size;
    return size;
  }

  std::unique_ptr<Slot> make_slot() {
    auto slot = std::make_unique<Slot>();
    CURL* easy = slot->easy;
    ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    ::curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kBufferBytes);
    ::curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
    ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &receive);
    ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot.get());
    ::curl_easy_setopt(easy, CURLOPT_PRIVATE, slot.get());
    return slot;
  }

  curl_slist* signed_headers(const Request& request, const std::string& path) const {
    const s3::Scope scope{s3::amz_date(std::chrono::system_clock::now()),
                          configuration_.region.value};
    const bool hashes = signs_bodies_ || request.body.empty();
    const std::string payload =
        hashes ? s3::hex(s3::sha256(request.body)) : std::string(s3::kUnsignedPayload);
    const std::vector<http::Header> headers = {{"host", configuration_.endpoint.value.host},
                                               {"x-amz-content-sha256", payload},
                                               {"x-amz-date", scope.time}};
    const std::string authorization = s3::authorization(
        {request.method, path, "", headers, payload}, scope, configuration_.credentials.value);
    curl_slist* list = nullptr;
    for (const std::string& line : {"x-amz-content-sha256: " + payload, "x-amz-date: " + scope.time,
                                    "authorization: " + authorization, std::string("Expect:"),
                                    std::string("Content-Type:")}) {
      list = ::curl_slist_append(list, line.c_str());
    }
    return list;
  }

  void start(Slot& slot, const Request& request) {
    slot.received = 0;
    const std::string path = "/" + name_ + "/" + request.key;
    ::curl_slist_free_all(slot.headers);
    slot.headers = signed_headers(request, path);
    if (request.body.empty()) {
      ::curl_easy_setopt(slot.easy, CURLOPT_HTTPGET, 1L);
    } else {
      ::curl_easy_setopt(slot.easy, CURLOPT_POST, 1L);
      ::curl_easy_setopt(slot.easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
      ::curl_easy_setopt(slot.easy, CURLOPT_POSTFIELDS, request.body.data());
    }
    ::curl_easy_setopt(slot.easy, CURLOPT_CUSTOMREQUEST, request.method);
    ::curl_easy_setopt(slot.easy, CURLOPT_URL,
                       (configuration_.endpoint.value.url() + path).c_str());
    ::curl_easy_setopt(slot.easy, CURLOPT_HTTPHEADER, slot.headers);
    ::curl_multi_add_handle(multi_, slot.easy);
  }

  Slot& finish(const CURLMsg& message) {
    CURL* easy = message.easy_handle;
    long status = 0;
    Slot* slot = nullptr;
    ::curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    ::curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
    if (message.data.result != CURLE_OK) fail("request", ::curl_easy_strerror(message.data.result));
    if (status < 200 || status > 299) fail("status", std::to_string(status));
    ::curl_multi_remove_handle(multi_, easy);
    return *slot;
  }

  std::string name_;
  s3::Configuration configuration_;
  bool signs_bodies_;
  CURLM* multi_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

std::vector<Request> requests(const char* method, std::size_t count) {
  std::vector<Request> result;
  for (std::size_t i = 0; i < count; ++i) {
    result.push_back({method, "ceiling/" + std::to_string(i)});
  }
  return result;
}

std::vector<Request> puts(std::span<const std::byte> bytes, std::size_t object) {
  std::vector<Request> result = requests("PUT", bytes.size() / object);
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i].body = bytes.subspan(i * object, object);
  return result;
}

void arrays(Bucket& bucket, std::string_view wanted) {
  const std::vector<std::byte> bytes(std::size_t{256} << 20, std::byte{1});
  const std::pair<const char*, std::size_t> sizes[] = {{"plain chunks of 4 MiB", 4 << 20},
                                                       {"plain chunks of 1 MiB", 1 << 20},
                                                       {"plain chunks of 256 KiB", 256 << 10}};
  for (const auto& [name, chunk] : sizes) {
    if (wanted.starts_with("plain") && wanted != name) continue;
    const std::string what = std::string("256 MiB in ") + name + ", ";
    const std::size_t count = bytes.size() / chunk;
    bench::report(what + "save", bench::seconds([&] { bucket.run(puts(bytes, chunk)); }));
    bench::report(what + "read and sum",
                  bench::seconds([&] { bucket.run(requests("GET", count)); }));
    bucket.run(requests("DELETE", count));
  }
}

void nodes(Bucket& bucket) {
  constexpr std::size_t kNodes = 1000, kBytes = 64;
  const std::vector<std::byte> bytes(kNodes * kBytes, std::byte{1});
  const auto milliseconds = [&](const std::vector<Request>& sent, std::size_t in_flight) {
    return bench::seconds([&] { bucket.run(sent, in_flight); }) * 1e3 / kNodes;
  };
  bench::report("node, run and store", milliseconds(puts(bytes, kBytes), 1));
  bench::report("node, run and store, 16 in flight", milliseconds(puts(bytes, kBytes), kInFlight));
  bench::report("node, read stored", milliseconds(requests("GET", kNodes), 1));
  bucket.run(requests("DELETE", kNodes));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string_view what = argv[1];
  ::curl_global_init(CURL_GLOBAL_DEFAULT);
  Bucket bucket(argv[2], what != "unsigned");
  if (what == "nodes") {
    nodes(bucket);
  } else {
    arrays(bucket, what);
  }
  return 0;
}
