#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/s3/client.hpp"

namespace functionfuse::formats::zarr {

/// Where the keys of an array or a group lie: below a folder, or below a prefix of a bucket. A key
/// is a relative path, "a/0.1".
///
/// \threads safe
class Store {
 public:
  virtual ~Store() = default;

  /// "/data/x.zarr", "s3://bucket/x.zarr"
  [[nodiscard]] virtual const std::string& location() const noexcept = 0;
  /// Where a key is; or what keys have in common, "group/x/".
  [[nodiscard]] std::string url(std::string_view key) const;

  /// Empty: there is no such key.
  /// \error corrupt  it has more than `most_bytes`; they are not kept in memory
  [[nodiscard]] virtual std::optional<std::vector<std::byte>> get(const std::string& key,
                                                                  std::size_t most_bytes) const = 0;
  /// Fills the buffer from its start, and returns how many bytes came. After an error it holds
  /// anything.
  /// \error corrupt  there are more
  [[nodiscard]] virtual std::optional<std::size_t> get(const std::string& key,
                                                       std::span<std::byte> buffer) const = 0;

  /// Readers see all of it or what was there before.
  virtual void put(const std::string& key, std::span<const std::byte> data) = 0;
  /// What was put is on the disk when this returns.
  virtual void sync() = 0;

  /// The keys, in no order, those of writes that were stopped left out; `visit` returns false to
  /// end it.
  virtual void list(const std::function<bool(const std::string& key)>& visit) const = 0;
  /// How many calls at a time pay; 0: one per core.
  [[nodiscard]] virtual unsigned concurrent_calls() const { return 0; }
  /// All that is there. \error io  some of it may be gone
  virtual void remove_all() = 0;
};

/// A folder. Made with the first key that is put, where there is none.
[[nodiscard]] std::unique_ptr<Store> folder_store(std::string path);
/// \param prefix  without a slash at its end; empty: the whole bucket
[[nodiscard]] std::unique_ptr<Store> s3_store(std::shared_ptr<io::s3::Client> client,
                                              std::string prefix);
/// "s3://bucket/prefix", with endpoint and credentials of the environment; all else is a folder.
/// \error invalid_argument  no bucket, or settings that do not fit (io/s3/configuration.hpp)
[[nodiscard]] std::unique_ptr<Store> open_store(std::string_view location);

[[nodiscard]] bool is_s3(std::string_view location) noexcept;

/// The error of both stores for a key with more bytes than can be.
[[noreturn]] void fail_too_large(const Store& store, const std::string& key,
                                 std::size_t most_bytes);

}  // namespace functionfuse::formats::zarr
