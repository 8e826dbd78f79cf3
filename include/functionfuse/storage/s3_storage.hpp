#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/storage/options.hpp"
#include "functionfuse/storage/storage.hpp"

namespace functionfuse {

/// Where a bucket is and how to get in. What is empty is looked up where Amazon's own tools look:
/// in the environment, then in the profile (docs/s3.md).
struct S3Options {
  std::string path{};  ///< /bucket/prefix; bucket/prefix and s3://bucket/prefix mean the same
  std::string key{}, secret{}, token{};
  std::string endpoint_url{};  ///< http[s]://host[:port]; empty: Amazon's
  std::string region_name{};
  std::string profile{};
  std::string ca_bundle{};  ///< a PEM file; empty: the system's
  bool anon = false;        ///< nothing is signed
  unsigned attempts = 8;    ///< how often a request is sent that may succeed next time
};

/// From the options of a storage of kind "S3", in the words of Function Fuse and s3fs:
///
///     {"path": "/bucket/prefix",
///      "s3fs": {"key": ..., "secret": ..., "token": ..., "endpoint_url": ..., "anon": false,
///               "use_ssl": true, "profile": ...,
///               "client_kwargs": {"region_name": ..., "endpoint_url": ..., "verify": ...}}}
///
/// \error invalid_argument  an option that is missing, unknown, of another type or contradicts
///                          another; no value of a credential is in the text
/// \error unsupported       `verify` false: certificates are always checked
[[nodiscard]] S3Options s3_options(const Options& options);

/// Results in a bucket of S3, laid out as IBM's Function Fuse does
/// (docs/formats/storage-layout.md):
///
///     <bucket>/<prefix>/<workflow>/<task>                    a pickle and its SHA-1
///     <bucket>/<prefix>/<workflow>/bigdata/...               what persistent serializers keep
///     <bucket>/<prefix>/<workflow>/.functionfuse/records     a cache of what made the results
///
/// Offers serializers the S3_PROTOCOL. Any number of processes may use the bucket. It has to exist.
/// A result is in memory as a whole while it is saved or read, but for what serializers keep.
/// A name has to be UTF-8, as S3 wants it. A workflow is there from its first result to its last.
class S3Storage final : public Storage {
 public:
  /// Sends nothing yet. \error invalid_argument  the options; no credentials anywhere
  explicit S3Storage(const S3Options& options);
  ~S3Storage() override;

  /// "s3://bucket/prefix"
  [[nodiscard]] std::string url() const override;
  /// Does nothing but check the name.
  void new_workflow(std::string_view workflow) override;
  using Storage::read_task;
  [[nodiscard]] Value read_task(std::string_view workflow, std::string_view task) const override;
  [[nodiscard]] bool file_exists(std::string_view workflow, std::string_view task) const override;
  [[nodiscard]] std::vector<std::string> list_tasks(std::string_view workflow,
                                                    std::string_view pattern = "*") const override;
  [[nodiscard]] std::vector<std::string> list_workflows() const override;
  std::size_t remove_task(std::string_view workflow, std::string_view pattern) override;
  bool remove_workflow(std::string_view workflow) override;
  /// For few tasks a request each, when it is asked for; for many the workflow is listed at once.
  [[nodiscard]] std::unique_ptr<TaskIndex> index(std::string_view workflow,
                                                 std::size_t expected) const override;
  /// What was saved is kept by the server before save() returns; this waits for saves in the
  /// background, and writes the cache.
  void sync(std::string_view workflow) override;
  /// A server can't say whether a save is under way: the grace has to be longer than the longest.
  /// Uploads in parts that a kill has cut short are not found; see docs/s3.md.
  std::vector<Leftover> gc(std::optional<std::string_view> workflow, bool dry_run,
                           double grace_seconds = 3600) override;
  [[nodiscard]] std::vector<Problem> verify(std::optional<std::string_view> workflow,
                                            std::size_t* checked = nullptr) const override;
  [[nodiscard]] std::vector<Problem> verify_task(std::string_view workflow,
                                                 std::string_view task) const override;
  void save_erased(std::string_view workflow, std::string_view task, Saved result,
                   const Record* record) override;
  void read_erased(std::string_view workflow, std::string_view task, Loaded result) const override;
  /// Up to 16 at a time, with 64 MiB of pickles or one larger one. After an error, saves are not in the
  /// background any more until sync() has thrown it.
  void save_in_background(std::string_view workflow, std::string_view task, Saved result,
                          const Record* record) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace functionfuse
