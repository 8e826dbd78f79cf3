#include "io/s3/retry.hpp"

#include <algorithm>
#include <array>
#include <charconv>

// 1. A request is signed and sent; its reply is judged by the server's code where there is one,
//    else by the status, else by how the connection failed.
// 2. Broken connections, time-outs, 5xx, 429 and the codes of kTransient are tried again. A 4xx is
//    not: the same request would get the same reply.
// 3. Credentials that have expired are read once more; where that gives others, the request is
//    repeated with them.
// 4. Before attempt n: a random part of first_delay * 2^(n-2), so that many clients which failed
//    together do not come back together. Not less than the server's Retry-After.
// 5. It ends with the last attempt, or when the next one would begin after `total`.

namespace functionfuse::io::s3 {
namespace {

/// Codes that may come with a 4xx, or in the body of a 200. Amazon asks to repeat both conflicts.
constexpr std::array<std::string_view, 7> kTransient = {"InternalError",
                                                        "SlowDown",
                                                        "ServiceUnavailable",
                                                        "RequestTimeout",
                                                        "ConditionalRequestConflict",
                                                        "OperationAborted",
                                                        "Throttling"};

constexpr std::array<std::string_view, 3> kExpired = {"ExpiredToken", "ExpiredTokenException",
                                                      "TokenRefreshRequired"};

template <class Codes>
bool contains(const Codes& codes, std::string_view code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool has_error_status(const http::Reply& reply) { return reply.status >= 400; }

}  // namespace

Verdict judge(const http::Reply& reply, std::string_view code) {
  if (contains(kTransient, code)) return Verdict::retry;
  if (contains(kExpired, code)) return Verdict::renew;
  // A server that refuses a body may close before it has read it all: its reply counts.
  if (reply.failure != http::Failure::none && !has_error_status(reply)) {
    const bool lasting = reply.failure == http::Failure::too_large ||
                         reply.failure == http::Failure::untrusted ||
                         reply.failure == http::Failure::refused;
    return lasting ? Verdict::fail : Verdict::retry;
  }
  if (reply.good()) return code.empty() ? Verdict::done : Verdict::fail;
  if (reply.status == 404 && code == "NoSuchKey") return Verdict::absent;
  if (reply.status == 412) return Verdict::conflict;
  const bool never = reply.status == 501 || reply.status == 505;  // not implemented, HTTP version
  if (reply.status == 429 || (reply.status >= 500 && !never)) return Verdict::retry;
  return Verdict::fail;
}

std::chrono::milliseconds delay_before(unsigned next, const RetryOptions& options, double chance,
                                       std::string_view retry_after) {
  const unsigned doublings = std::min(next - 2, 30u);
  const double longest = static_cast<double>(options.longest_delay.count());
  const double bound =
      std::min(longest, static_cast<double>(options.first_delay.count()) * (1u << doublings));
  double wanted = 0;
  unsigned seconds = 0;
  const auto [end, error] =
      std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
  if (error == std::errc() && end == retry_after.data() + retry_after.size()) {
    wanted = std::min(longest, 1000.0 * seconds);
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::max(wanted, bound * chance)));
}

}  // namespace functionfuse::io::s3
