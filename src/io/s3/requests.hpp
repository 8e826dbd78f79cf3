#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/http/transfers.hpp"
#include "io/s3/configuration.hpp"
#include "io/s3/options.hpp"
#include "io/s3/retry.hpp"
#include "io/s3/uri.hpp"
#include "io/s3/xml.hpp"

namespace functionfuse::io::s3 {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  ///< not 0; past the end of the object there is nothing
};

/// A request as S3 means it: not encoded, not signed.
struct Call {
  const char* what = "";  ///< for errors: "read"
  const char* method = "GET";
  std::string key{};  ///< empty: about the bucket
  Query query{};
  std::vector<http::Header> headers{};  ///< names in lower case
  std::span<const std::byte> body{};    ///< stays until the answer is there
  http::Target target{};                ///< stays too; not with `xml`
  std::optional<ByteRange> range{};     ///< the only part that is wanted
  bool xml = false;                     ///< the reply is S3's XML, for Answer::xml
  bool content_md5 = false;             ///< S3 insists on this header
  unsigned attempts = 0;                ///< 0: as the options say
};

struct Answer {
  Verdict verdict = Verdict::fail;  ///< done, absent, conflict or fail
  http::Reply reply;
  std::string xml;
  std::string s3_code;       ///< of an error
  std::exception_ptr error;  ///< of conflict and fail: an S3Error

  void throw_error() const {
    if (error) std::rethrow_exception(error);
  }
};

/// \error invalid_argument  the key of an object is empty
void check_key(const std::string& key);

/// Sends calls to one bucket: signs them, tries again (retry.cpp), judges the replies.
/// \threads safe, but for what is said of start()
class Requests {
 public:
  using Done = std::function<void(Answer)>;

  Requests(Options options, Environment environment);
  ~Requests();
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  /// Takes up to `attempts` requests; `done` is called by transfers.run_until().
  void start(http::Transfers& transfers, Call call, Done done);
  /// Until the answer is there: done or absent.
  /// \error io
  Answer run(Call call);
  /// The same with conflict and fail as answers.
  [[nodiscard]] Answer try_run(Call call);

  /// Kept connections for one thread; they come back to this, which must outlive them.
  using Lease = std::unique_ptr<http::Transfers, std::function<void(http::Transfers*)>>;
  [[nodiscard]] Lease lease();

  /// The credentials may be newer ones than at the beginning.
  [[nodiscard]] Configuration configuration() const;
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] std::string url(const std::string& key) const;
  /// A reply has shown that there is such a bucket.
  [[nodiscard]] bool bucket_seen() const noexcept { return bucket_seen_; }

 private:
  struct Exchange;
  void send(http::Transfers& transfers, std::shared_ptr<Exchange> exchange,
            std::chrono::milliseconds delay);
  void receive(http::Transfers& transfers, const std::shared_ptr<Exchange>& exchange,
               http::Reply reply);
  bool try_again(http::Transfers& transfers, const std::shared_ptr<Exchange>& exchange,
                 const Answer& answer);
  [[nodiscard]] http::Request signed_request(Exchange& exchange) const;
  [[nodiscard]] PayloadCheck payload_check() const noexcept;
  [[nodiscard]] std::string path_of(const std::string& key) const;
  bool renew_credentials(const Credentials& old);

  Options options_;
  Environment environment_;
  Configuration configuration_;  // but for its credentials, which mutex_ guards, never changed
  std::string base_;             // scheme and host of all URLs
  std::string host_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<http::Transfers>> idle_;  // guarded by mutex_
  int process_;                                         // that made those; guarded by mutex_
  std::atomic<bool> bucket_seen_ = false;
};

}  // namespace functionfuse::io::s3
