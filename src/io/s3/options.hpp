#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "io/s3/retry.hpp"

namespace functionfuse::io::s3 {

enum class AddressStyle : std::uint8_t {
  automatic,     ///< virtual_host at AWS, path at an endpoint of its own
  path,          ///< https://host/bucket/key
  virtual_host,  ///< https://bucket.host/key
};

/// How the server can tell that a body came as it was sent. Both ways are as safe, because the
/// signature covers Content-MD5 too. Measured with radosgw, http, 1 MB objects, 16 in flight from
/// one thread, client and server on two busy cores with SHA instructions: sha256 114 MB/s, md5 108,
/// 151 without any check. On a processor without such instructions md5 is the faster one; and it
/// costs the server nothing, which computes it as the ETag anyway.
enum class PayloadCheck : std::uint8_t {
  automatic,  ///< sha256 over http, md5 over https
  sha256,     ///< the signature covers the body's SHA-256
  md5,        ///< a signed Content-MD5; the body is not signed
};

/// How many requests at a time pay: more gained little where it was measured (docs/benchmarks.md).
inline constexpr unsigned kRequestsInFlight = 16;

/// What is empty is looked up in the environment, then in the profile (configuration.hpp).
struct Options {
  std::string bucket;
  std::string endpoint;  ///< http[s]://host[:port][/path]
  std::string region;
  std::string profile;
  std::string access_key_id, secret_access_key, session_token;
  bool anonymous = false;  ///< nothing is signed
  AddressStyle address_style = AddressStyle::automatic;
  std::string ca_bundle;  ///< a PEM file
  PayloadCheck payload_check = PayloadCheck::automatic;

  RetryOptions retry;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::seconds stall_timeout{60};  ///< a request of which not a byte moved for so long

  std::size_t multipart_from = std::size_t{64} << 20;  ///< objects of more bytes go up in parts
  std::size_t part_bytes = std::size_t{16} << 20;      ///< at least 5 MiB at most servers
  unsigned parts_in_flight = 4;
};

}  // namespace functionfuse::io::s3
