#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <span>
#include <string>

#include "io/s3/batch.hpp"
#include "io/s3/client.hpp"

namespace functionfuse::io::s3 {

/// An object that goes up in parts, and is there when complete() returns. Destroyed before, the
/// parts are removed. A killed program leaves them behind: a rule of the bucket's life cycle
/// (AbortIncompleteMultipartUpload) removes such.
///
/// \threads put_part is safe for different numbers
class MultipartUpload {
 public:
  /// The client must outlive it.
  MultipartUpload(Client& client, std::string key, const Metadata& metadata = {});
  ~MultipartUpload();
  MultipartUpload(const MultipartUpload&) = delete;
  MultipartUpload& operator=(const MultipartUpload&) = delete;

  static constexpr unsigned kMostParts = 10'000;

  /// \param number  1 to kMostParts; in the end there must be no gap
  /// \param data    at least 5 MiB, but for the last part
  void put_part(unsigned number, std::span<const std::byte> data);
  /// The same in a batch; this, the batch and the data must stay until it is done.
  void put_part(Batch& batch, unsigned number, std::span<const std::byte> data);
  /// \returns  the ETag
  std::string complete();

 private:
  [[nodiscard]] Call part_call(unsigned number, std::span<const std::byte> data) const;
  void note_part(unsigned number, const Answer& answer);
  void abort();

  Client& client_;
  std::string key_, upload_id_;
  bool completed_ = false;
  std::mutex mutex_;
  std::map<unsigned, std::string> etags_;  // guarded by mutex_
};

}  // namespace functionfuse::io::s3
