#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/serializers/protocols.hpp"
#include "functionfuse/serializers/serializer.hpp"

#include "storage/copying_hooks.hpp"
#include "storage/s3_place.hpp"

namespace functionfuse::detail {

class S3Origin;

/// The S3_PROTOCOL of an S3Storage, for one save, read or removal.
class S3Bigdata final : public S3Protocol {
 public:
  S3Bigdata(std::shared_ptr<S3Place> place, std::string_view workflow)
      : place_(std::move(place)), prefix_(place_->bigdata_key(workflow)) {}

  void put(std::string_view name, std::span<const std::byte> data) override;
  [[nodiscard]] std::optional<std::vector<std::byte>> get(std::string_view name,
                                                          std::size_t most_bytes) override;
  [[nodiscard]] std::vector<std::string> list(std::string_view prefix) override;
  void remove(std::string_view filename) override;
  void keeps(std::string_view filename) override;
  [[nodiscard]] std::string key(std::string_view name) const override;
  [[nodiscard]] const std::shared_ptr<io::s3::Client>& client() const override {
    return place_->shared_client();
  }
  [[nodiscard]] std::string url(std::string_view name) const override;

  /// Copies all that belongs to an object of another such place, under a new name.
  std::string copy_from(const S3Origin& origin, const std::string& filename);
  /// Whether anything belongs to it.
  [[nodiscard]] bool exists(const std::string& filename);
  /// The objects behind `ids`, as objects.hpp says.
  void remove_objects(std::span<const PersistentId> ids, const SerializerPool& pool);

  /// Whether the place of anything in it was asked for.
  [[nodiscard]] bool looked_into() const noexcept { return looked_into_; }
  /// Filenames of this save.
  [[nodiscard]] const std::set<std::string, std::less<>>& created() const noexcept {
    return created_;
  }
  /// What can't be removed stays for gc.
  void remove_created() noexcept;

 private:
  [[nodiscard]] std::vector<std::string> names_of(std::string_view filename);
  void remove_names(std::span<const std::string> names);

  std::shared_ptr<S3Place> place_;
  std::string prefix_;
  mutable std::atomic<bool> looked_into_ = false;
  std::mutex mutex_;
  std::set<std::string, std::less<>> created_;  // guarded by mutex_ until the pickle is complete
};

/// The part of a name in bigdata that says to which object it belongs: see S3Protocol.
[[nodiscard]] std::string_view object_of(std::string_view name);

/// Where the objects of a Value lie that was read from an S3Storage.
class S3Origin final : public PersistentOrigin {
 public:
  S3Origin(std::shared_ptr<S3Place> place, std::string workflow)
      : place_(std::move(place)), workflow_(std::move(workflow)) {}
  [[nodiscard]] std::string where() const { return place_->url(place_->bigdata_key(workflow_)); }
  [[nodiscard]] const std::shared_ptr<S3Place>& place() const noexcept { return place_; }
  [[nodiscard]] const std::string& workflow() const noexcept { return workflow_; }

 private:
  std::shared_ptr<S3Place> place_;
  std::string workflow_;
};

using S3Hooks = CopyingHooks<S3Origin, S3Bigdata>;

}  // namespace functionfuse::detail
