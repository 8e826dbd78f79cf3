#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/s3/configuration.hpp"
#include "io/s3/error.hpp"
#include "io/s3/options.hpp"
#include "io/s3/requests.hpp"
#include "io/s3/xml.hpp"

namespace functionfuse::io::s3 {

/// What a user keeps with an object, 2 KB in all: names in lower case, without x-amz-meta-; values
/// in ASCII.
using Metadata = std::vector<http::Header>;

struct ObjectInfo {
  std::uint64_t size = 0;
  std::string etag;           ///< without its quotes
  std::string last_modified;  ///< as in HTTP: Mon, 23 Nov 2026 02:20:55 GMT
  Metadata metadata;
};

/// The headers that send it.
[[nodiscard]] std::vector<http::Header> metadata_headers(const Metadata& metadata);

/// Of the answer to a GET or HEAD for a whole object.
[[nodiscard]] ObjectInfo object_info(const Answer& answer, const std::string& url);

/// One bucket of Amazon S3, or of any server that speaks its protocol.
///
/// A key is any text of 1 to 1024 bytes; it is encoded here, once. Every call is tried again where
/// that may help (retry.cpp, Options::retry). An object that is not there is an empty optional; all
/// else that does not work, a missing bucket too, is an S3Error. What is stored is there for all
/// readers when the call returns, whole; the server has compared its digest with the one sent
/// along.
///
/// \threads safe; each caller has connections of its own, which are kept
class Client {
 public:
  /// Sends nothing yet.
  /// \error invalid_argument  the settings; see configuration.hpp
  explicit Client(Options options, Environment environment = process_environment());

  /// What is in use, and from where it comes.
  [[nodiscard]] Configuration configuration() const { return requests_.configuration(); }
  [[nodiscard]] const Options& options() const noexcept { return requests_.options(); }
  /// Where the object is, without anything secret.
  [[nodiscard]] std::string url(const std::string& key) const { return requests_.url(key); }

  /// \param info  if given, gets what else the reply says of the object; not with a range
  /// \error io  also where there is more than `most_bytes`; they are not kept in memory
  [[nodiscard]] std::optional<std::vector<std::byte>> get(const std::string& key,
                                                          std::size_t most_bytes,
                                                          std::optional<ByteRange> range = {},
                                                          ObjectInfo* info = nullptr);
  /// Fills `buffer` from its start, and returns how many bytes came: fewer than a range asks for
  /// where the object ends. After an error the buffer holds anything.
  /// \error io  also where there is more than the buffer holds, or nothing in the range
  [[nodiscard]] std::optional<std::size_t> get(const std::string& key, std::span<std::byte> buffer,
                                               std::optional<ByteRange> range = {});
  [[nodiscard]] std::optional<ObjectInfo> head(const std::string& key);

  /// Sent from where it lies. Large ones go up in parts (Options::multipart_from), which are
  /// removed where it fails. \returns  the ETag
  std::string put(const std::string& key, std::span<const std::byte> data,
                  const Metadata& metadata = {});
  /// As put, where another may replace the object meanwhile: a request that may have been done
  /// although no reply came is not sent again over what is neither this object nor the one of
  /// before. It then counts as replaced. Not so where it goes up in parts.
  /// \param before  the ETag of what is there; empty: nothing
  std::string put_over(const std::string& key, std::span<const std::byte> data,
                       const Metadata& metadata, const std::string& before);
  /// Only where there is no such object, in one request. False: there is one, with other content.
  /// With the same content it counts as stored: that may have been an attempt of this call whose
  /// reply was lost. Who has to know that it was him puts something in that nobody else would.
  [[nodiscard]] bool put_new(const std::string& key, std::span<const std::byte> data);

  /// Nothing where there is none.
  void remove(const std::string& key);
  /// Up to 1000 in a request. After an error any of them may still be there.
  void remove(std::span<const std::string> keys);

  /// One page of the keys that begin with `prefix`, in the order of their bytes. With a delimiter,
  /// what they have in common up to the next one is in ListPage::prefixes instead.
  [[nodiscard]] ListPage list_page(const std::string& prefix, const std::string& delimiter = {},
                                   const std::string& token = {}, unsigned most_keys = 1000);
  /// All pages; `visit` returns false to stop.
  void list(const std::string& prefix, const std::string& delimiter,
            const std::function<bool(ListPage)>& visit, unsigned keys_per_page = 1000);

  [[nodiscard]] bool bucket_exists();
  /// Nothing where it is there and one's own.
  void create_bucket();
  /// \error io  also where it is not empty
  void remove_bucket();

  [[nodiscard]] Requests& requests() noexcept { return requests_; }  ///< for Batch, MultipartUpload

 private:
  std::string put_in_parts(const std::string& key, std::span<const std::byte> data,
                           const Metadata& metadata);
  void remove_listed(std::span<const std::string> keys);

  Requests requests_;
};

}  // namespace functionfuse::io::s3
