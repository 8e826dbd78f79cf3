#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace functionfuse::io::http {

struct Header {
  std::string name, value;
};

/// Where the body of a good reply (status 2xx) goes: one of both, or nowhere.
struct Target {
  std::optional<std::span<std::byte>>
      buffer{};                             ///< filled from its start; a longer body is a failure
  std::vector<std::byte>* bytes = nullptr;  ///< replaced
  std::size_t most = 0;                     ///< of `bytes`; a longer body is a failure
};

struct Request {
  std::string method;               ///< GET, HEAD, PUT, POST or DELETE
  std::string url;                  ///< sent as it is: nothing is encoded or normalised any more
  std::vector<Header> headers;      ///< besides Host and Content-Length
  std::span<const std::byte> body;  ///< of PUT and POST; sent from where it lies
  Target target;                    ///< like `body` it must stay until the reply is there
};

enum class Failure : std::uint8_t {
  none,
  no_host,      ///< no host of that name
  unreachable,  ///< no connection
  timed_out,    ///< connecting took too long, or nothing moved for too long
  broken,       ///< the connection ended in the middle, or what came is not HTTP
  no_tls,       ///< the server does not agree on TLS
  untrusted,    ///< its certificate was not accepted
  too_large,    ///< the reply has more bytes than the target takes, or than there is memory
  refused,      ///< anything that will not be better next time: a malformed URL
};

struct Reply {
  Failure failure = Failure::none;
  std::string why;              ///< of a failure, in the words of the HTTP library
  int status = 0;               ///< 0: none came
  std::vector<Header> headers;  ///< names in lower case
  std::size_t received = 0;     ///< bytes in the target
  std::string other_body;       ///< not 2xx, or without a target; cut at kMostOtherBytes

  /// Empty where there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
  /// It came whole, and its status is 2xx.
  [[nodiscard]] bool good() const noexcept {
    return failure == Failure::none && status >= 200 && status < 300;
  }
};

inline constexpr std::size_t kMostOtherBytes = 64 * 1024;

struct Options {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::seconds stall_timeout{60};  ///< a transfer of which not a byte moved for so long
  std::string ca_bundle;                   ///< a PEM file; empty: the system's
  std::size_t buffer_bytes = 256 * 1024;   ///< of every connection, for each direction
  std::size_t kept_connections = 64;
};

/// HTTP/1.1 requests, many in flight, all driven by the thread that calls run_until(). Connections
/// are kept for the next request. Redirects are not followed, and a failed request is not repeated;
/// but one that meets a kept connection which the server has closed is sent once more by itself, so
/// that a server may see a request twice.
///
/// \threads one at a time
class Transfers {
 public:
  using Clock = std::chrono::steady_clock;
  using Done = std::function<void(Reply)>;

  explicit Transfers(const Options& options);
  ~Transfers();  ///< gives up what is in flight
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  /// `done` is called by run_until() and may start others. Sent `delay` from now at the earliest.
  void start(Request request, Done done, std::chrono::milliseconds delay = {});
  /// Those that wait for their delay too.
  [[nodiscard]] std::size_t in_flight() const noexcept;
  /// Sends and receives what can be without waiting, and goes on until no more than `count` are in
  /// flight. What a `done` throws comes through; the others stay in flight.
  void run_until(std::size_t count);
  /// Gives up what is in flight: no `done` is called, and bodies and targets may go.
  void cancel() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace functionfuse::io::http
