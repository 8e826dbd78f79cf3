#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "io/http/transfers.hpp"

namespace functionfuse::io::s3 {

struct RetryOptions {
  unsigned attempts = 8;                      ///< the first one included
  std::chrono::milliseconds first_delay{50};  ///< at most before the second attempt; then doubled
  std::chrono::milliseconds longest_delay{10'000};
  std::chrono::milliseconds total{300'000};  ///< no attempt begins later than this
};

enum class Verdict : std::uint8_t {
  done,
  absent,    ///< there is no such object
  conflict,  ///< the condition of the request does not hold
  retry,     ///< it may well be better next time
  renew,     ///< with new credentials it may
  fail,
};

/// \param code  S3's own, from the reply's body; empty where there is none
[[nodiscard]] Verdict judge(const http::Reply& reply, std::string_view code);

/// What to wait before attempt `next` (2, 3, ...).
/// \param chance  a random number from 0 to 1
/// \param retry_after  the header of that name
[[nodiscard]] std::chrono::milliseconds delay_before(unsigned next, const RetryOptions& options,
                                                     double chance, std::string_view retry_after);

}  // namespace functionfuse::io::s3
