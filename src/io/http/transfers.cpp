#include "io/http/transfers.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>

#include <curl/curl.h>

#include "functionfuse/error.hpp"

namespace functionfuse::io::http {
namespace {

constexpr std::size_t kMostHeaderBytes = 64 * 1024;

[[noreturn]] void fail_curl(const char* what, const char* why) {
  throw Error(Errc::io, std::string("libcurl cannot ") + what + ": " + why);
}

/// Once a process, and never undone: threads may have requests in flight until its very end.
void init_curl() {
  static const CURLcode code = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) fail_curl("start", ::curl_easy_strerror(code));
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = ::curl_easy_setopt(easy, option, value);
  if (code != CURLE_OK) fail_curl("prepare a request", ::curl_easy_strerror(code));
}

void check(CURLMcode code) {
  if (code != CURLM_OK) fail_curl("send requests", ::curl_multi_strerror(code));
}

/// On the word of a server; what is larger grows as it comes.
constexpr std::size_t kMostReserved = std::size_t{256} << 20;

Failure failure_of(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return Failure::none;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
      return Failure::no_host;
    case CURLE_COULDNT_CONNECT:
      return Failure::unreachable;
    case CURLE_OPERATION_TIMEDOUT:
      return Failure::timed_out;
    case CURLE_SSL_CONNECT_ERROR:
      return Failure::no_tls;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return Failure::untrusted;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_UNSUPPORTED_PROTOCOL:  // the reply is not HTTP
      return Failure::broken;
    default:
      return Failure::refused;
  }
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct FreeEasy {
  void operator()(CURL* easy) const noexcept { ::curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

struct FreeList {
  void operator()(curl_slist* list) const noexcept { ::curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

void append(List& list, const std::string& line) {
  curl_slist* longer = ::curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(list.release());
  list.reset(longer);
}

}  // namespace

std::string_view Reply::header(std::string_view name) const noexcept {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const Header& header) { return header.name == name; });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

namespace {

/// One request in flight.
struct Transfer {
  Request request;
  Transfers::Done done;
  Easy easy;
  List headers;
  Reply reply;
  std::size_t header_bytes = 0;
  bool too_large = false;
  char error[CURL_ERROR_SIZE] = "";

  void prepare();
  std::size_t take_header(std::string_view line);
  std::size_t take_body(const char* data, std::size_t size);
  void finish(CURLcode code);

 private:
  void set_method();
  [[nodiscard]] std::size_t announced_bytes() const;
};

/// Nothing may be thrown through curl: it would take the handle for one in use for ever.
template <class Take>
std::size_t take(void* to, Take part) noexcept {
  auto* transfer = static_cast<Transfer*>(to);
  try {
    return part(*transfer);
  } catch (const std::exception&) {  // no memory for so much
    transfer->too_large = true;
    return 0;
  }
}

std::size_t write_header(char* data, std::size_t, std::size_t size, void* to) {
  return take(to, [&](Transfer& transfer) { return transfer.take_header({data, size}); });
}

std::size_t write_body(char* data, std::size_t, std::size_t size, void* to) {
  return take(to, [&](Transfer& transfer) { return transfer.take_body(data, size); });
}

/// What is the same for every request, and survives from one to the next.
Easy make_easy(const Options& options) {
  Easy owned(::curl_easy_init());
  CURL* easy = owned.get();
  if (easy == nullptr) throw std::bad_alloc();
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_PATH_AS_IS, 1L);  // a key may have the parts . and ..
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout.count()));
  set(easy, CURLOPT_BUFFERSIZE, static_cast<long>(options.buffer_bytes));
  set(easy, CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(options.buffer_bytes));
  set(easy, CURLOPT_HEADERFUNCTION, &write_header);
  set(easy, CURLOPT_WRITEFUNCTION, &write_body);
  if (!options.ca_bundle.empty()) set(easy, CURLOPT_CAINFO, options.ca_bundle.c_str());
  return owned;
}

void Transfer::set_method() {
  CURL* to = easy.get();
  if (request.method == "HEAD") {
    set(to, CURLOPT_NOBODY, 1L);
  } else if (request.method == "PUT" || request.method == "POST") {
    // POSTFIELDS sends from the caller's memory, a small body in one packet with the headers.
    set(to, CURLOPT_POST, 1L);
    set(to, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(to, CURLOPT_POSTFIELDS,
        request.body.empty() ? "" : static_cast<const void*>(request.body.data()));
  } else {
    set(to, CURLOPT_HTTPGET, 1L);
  }
  const bool named = request.method == "PUT" || request.method == "DELETE";
  set(to, CURLOPT_CUSTOMREQUEST,
      named ? request.method.c_str() : static_cast<const char*>(nullptr));
}

void Transfer::prepare() {
  CURL* to = easy.get();
  set_method();
  for (const Header& header : request.headers) append(headers, header.name + ": " + header.value);
  // Waiting for "100 Continue" would cost a round trip a request. A type only where one was given.
  append(headers, "Expect:");
  const auto is_type = [](const Header& header) { return header.name == "content-type"; };
  if (std::none_of(request.headers.begin(), request.headers.end(), is_type)) {
    append(headers, "Content-Type:");
  }
  set(to, CURLOPT_URL, request.url.c_str());
  set(to, CURLOPT_HTTPHEADER, headers.get());
  set(to, CURLOPT_ERRORBUFFER, static_cast<char*>(error));
  set(to, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(to, CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(to, CURLOPT_PRIVATE, static_cast<void*>(this));
}

std::size_t Transfer::take_header(std::string_view line) {
  header_bytes += line.size();
  if (header_bytes > kMostHeaderBytes) return 0;
  if (line.starts_with("HTTP/")) {  // of the next reply, after a 100 Continue
    reply.headers.clear();
    return line.size();
  }
  if (const auto colon = line.find(':'); colon != line.npos) {
    Header header{std::string(line.substr(0, colon)), {}};
    std::transform(header.name.begin(), header.name.end(), header.name.begin(), lower);
    const auto first = line.find_first_not_of(" \t", colon + 1);
    const auto last = line.find_last_not_of(" \t\r\n");
    if (first != line.npos && last >= first) header.value = line.substr(first, last - first + 1);
    reply.headers.push_back(std::move(header));
  }
  return line.size();
}

/// Of the body; 0 where the reply does not say.
std::size_t Transfer::announced_bytes() const {
  curl_off_t size = 0;
  ::curl_easy_getinfo(easy.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

std::size_t Transfer::take_body(const char* data, std::size_t size) {
  if (reply.status == 0) {
    long status = 0;
    ::curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
  }
  Target& target = request.target;
  const bool wanted = target.bytes != nullptr || target.buffer;
  if (!wanted || reply.status < 200 || reply.status >= 300) {
    reply.other_body.append(data, std::min(size, kMostOtherBytes - reply.other_body.size()));
    return size;
  }
  const std::size_t most = target.bytes != nullptr ? target.most : target.buffer->size();
  if (size > most - reply.received) {
    too_large = true;
    return 0;
  }
  if (target.bytes != nullptr) {
    if (reply.received == 0) {
      target.bytes->reserve(std::min({most, announced_bytes(), kMostReserved}));
    }
    const auto bytes = reinterpret_cast<const std::byte*>(data);
    target.bytes->insert(target.bytes->end(), bytes, bytes + size);
  } else {
    std::memcpy(target.buffer->data() + reply.received, data, size);
  }
  reply.received += size;
  return size;
}

void Transfer::finish(CURLcode code) {
  long status = 0;
  ::curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  reply.failure = too_large ? Failure::too_large : failure_of(code);
  if (code != CURLE_OK) reply.why = error[0] != '\0' ? error : ::curl_easy_strerror(code);
}

}  // namespace

struct Transfers::Impl {
  explicit Impl(const Options& wanted) : options(wanted), multi(::curl_multi_init()) {
    if (multi == nullptr) throw std::bad_alloc();
    ::curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.kept_connections));
  }
  ~Impl() {
    cancel();
    idle.clear();  // before their connections
    ::curl_multi_cleanup(multi);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void send(std::unique_ptr<Transfer> transfer);
  void send_due();
  void finish_next(const CURLMsg& message);
  [[nodiscard]] int poll_milliseconds() const;
  void cancel() noexcept;
  void reuse(Easy easy) noexcept;

  Options options;
  CURLM* multi;
  std::vector<Easy> idle;
  std::map<CURL*, std::unique_ptr<Transfer>> sent;
  std::multimap<Clock::time_point, std::unique_ptr<Transfer>> waiting;  // for their delay
};

void Transfers::Impl::send(std::unique_ptr<Transfer> transfer) {
  if (idle.empty()) {
    transfer->easy = make_easy(options);
  } else {
    transfer->easy = std::move(idle.back());
    idle.pop_back();
  }
  transfer->prepare();
  if (transfer->request.target.bytes != nullptr) transfer->request.target.bytes->clear();
  CURL* easy = transfer->easy.get();
  const auto place = sent.emplace(easy, std::move(transfer)).first;
  if (const CURLMcode code = ::curl_multi_add_handle(multi, easy); code != CURLM_OK) {
    sent.erase(place);
    check(code);
  }
}

void Transfers::Impl::send_due() {
  while (!waiting.empty() && waiting.begin()->first <= Clock::now()) {
    auto transfer = std::move(waiting.begin()->second);
    waiting.erase(waiting.begin());
    send(std::move(transfer));
  }
}

void Transfers::Impl::reuse(Easy easy) noexcept {
  // The handle must not point to a transfer that is gone.
  ::curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, nullptr);
  ::curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, nullptr);
  ::curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, nullptr);
  try {
    idle.push_back(std::move(easy));
  } catch (const std::bad_alloc&) {  // then a new one next time
  }
}

void Transfers::Impl::finish_next(const CURLMsg& message) {
  const CURLcode code = message.data.result;  // the message goes with the handle
  const auto place = sent.find(message.easy_handle);
  const std::unique_ptr<Transfer> transfer = std::move(place->second);
  sent.erase(place);
  transfer->finish(code);
  ::curl_multi_remove_handle(multi, transfer->easy.get());
  reuse(std::move(transfer->easy));
  transfer->done(std::move(transfer->reply));
}

int Transfers::Impl::poll_milliseconds() const {
  constexpr std::chrono::milliseconds kLongest{1000};  // curl_multi_poll() knows curl's own timers
  if (waiting.empty()) return kLongest.count();
  const auto until =
      std::chrono::ceil<std::chrono::milliseconds>(waiting.begin()->first - Clock::now());
  return static_cast<int>(std::clamp(until, std::chrono::milliseconds{0}, kLongest).count());
}

void Transfers::Impl::cancel() noexcept {
  for (auto& [easy, transfer] : sent) {
    ::curl_multi_remove_handle(multi, easy);
    reuse(std::move(transfer->easy));
  }
  sent.clear();
  waiting.clear();
}

Transfers::Transfers(const Options& options) {
  init_curl();
  impl_ = std::make_unique<Impl>(options);
}

Transfers::~Transfers() = default;

void Transfers::start(Request request, Done done, std::chrono::milliseconds delay) {
  auto transfer = std::make_unique<Transfer>();
  transfer->request = std::move(request);
  transfer->done = std::move(done);
  if (delay.count() > 0) {
    impl_->waiting.emplace(Clock::now() + delay, std::move(transfer));
  } else {
    impl_->send(std::move(transfer));
  }
}

std::size_t Transfers::in_flight() const noexcept {
  return impl_->sent.size() + impl_->waiting.size();
}

void Transfers::run_until(std::size_t count) {
  for (;;) {
    impl_->send_due();
    int running = 0;
    check(::curl_multi_perform(impl_->multi, &running));
    bool finished = false;
    for (int left = 0; const CURLMsg* message = ::curl_multi_info_read(impl_->multi, &left);) {
      impl_->finish_next(*message);
      finished = true;
    }
    if (in_flight() <= count) return;
    if (finished) continue;  // what `done` has started is not sent yet
    check(::curl_multi_poll(impl_->multi, nullptr, 0, impl_->poll_milliseconds(), nullptr));
  }
}

void Transfers::cancel() noexcept { impl_->cancel(); }

}  // namespace functionfuse::io::http
