#include "io/s3/signing.hpp"

#include <algorithm>
#include <ctime>

#include "io/s3/digests.hpp"

// 1. The canonical request: method, path, query, headers sorted by name, their names, the payload's
//    digest; a line each.
// 2. The string to sign: algorithm, time, scope (day/region/service/aws4_request), SHA-256 of 1.
// 3. The key: HMACs of day, region, service and "aws4_request", one keyed with the other, the first
//    with "AWS4" and the secret key.
// 4. The signature: HMAC of 2 with 3.

namespace functionfuse::io::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::vector<http::Header> sorted(std::vector<http::Header> headers) {
  std::sort(headers.begin(), headers.end(),
            [](const http::Header& a, const http::Header& b) { return a.name < b.name; });
  return headers;
}

std::string names_of(const std::vector<http::Header>& headers) {
  std::string names;
  for (const http::Header& header : headers) {
    if (!names.empty()) names += ';';
    names += header.name;
  }
  return names;
}

std::string hex_sha256(std::string_view text) { return hex(sha256(bytes_of(text))); }

Sha256Digest signing_key(const Scope& scope, std::string_view day, std::string_view secret) {
  const std::string first = "AWS4" + std::string(secret);
  const auto bytes = reinterpret_cast<const std::uint8_t*>(first.data());
  Sha256Digest key = hmac_sha256({bytes, first.size()}, day);
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")}) {
    key = hmac_sha256(key, part);
  }
  return key;
}

}  // namespace

std::string amz_date(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts)};
}

std::string canonical_request(const Signable& request) {
  std::string text;
  text.append(request.method).append("\n").append(request.path).append("\n");
  text.append(request.query).append("\n");
  const std::vector<http::Header> headers = sorted(request.headers);
  for (const http::Header& header : headers) text += header.name + ':' + header.value + '\n';
  text.append("\n").append(names_of(headers)).append("\n").append(request.payload);
  return text;
}

std::string authorization(const Signable& request, const Scope& scope,
                          const Credentials& credentials) {
  const std::string day = scope.time.substr(0, 8);
  const std::string scope_text = day + '/' + scope.region + '/' + scope.service + "/aws4_request";
  std::string to_sign(kAlgorithm);
  to_sign += '\n' + scope.time + '\n' + scope_text + '\n' + hex_sha256(canonical_request(request));
  const Sha256Digest key = signing_key(scope, day, credentials.secret_access_key);
  std::string result(kAlgorithm);
  result += " Credential=" + credentials.access_key_id + '/' + scope_text;
  result += ", SignedHeaders=" + names_of(sorted(request.headers));
  result += ", Signature=" + hex(hmac_sha256(key, to_sign));
  return result;
}

}  // namespace functionfuse::io::s3
