#include <algorithm>

#include <functionfuse/error.hpp>

#include "formats/zarr/store.hpp"

namespace functionfuse::formats::zarr {
namespace {

class S3Store final : public Store {
 public:
  S3Store(std::shared_ptr<io::s3::Client> client, const std::string& prefix)
      : client_(std::move(client)),
        location_("s3://" + client_->options().bucket + (prefix.empty() ? "" : "/" + prefix)),
        prefix_(prefix.empty() ? "" : prefix + "/") {}

  [[nodiscard]] const std::string& location() const noexcept override { return location_; }

  [[nodiscard]] std::optional<std::vector<std::byte>> get(const std::string& key,
                                                          std::size_t most) const override {
    try {
      return client_->get(prefix_ + key, most);
    } catch (const io::s3::S3Error&) {
      check_size(key, most);
      throw;
    }
  }

  [[nodiscard]] std::optional<std::size_t> get(const std::string& key,
                                               std::span<std::byte> buffer) const override {
    try {
      return client_->get(prefix_ + key, buffer);
    } catch (const io::s3::S3Error&) {
      check_size(key, buffer.size());
      throw;
    }
  }

  void put(const std::string& key, std::span<const std::byte> data) override {
    client_->put(prefix_ + key, data);
  }

  [[nodiscard]] unsigned concurrent_calls() const override { return io::s3::kRequestsInFlight; }

  void sync() override {}  // a PUT is on the disk when it has been answered

  void list(const std::function<bool(const std::string&)>& visit) const override {
    client_->list(prefix_, "", [&](const io::s3::ListPage& page) {
      return std::all_of(page.objects.begin(), page.objects.end(), [&](const auto& object) {
        return visit(object.key.substr(prefix_.size()));
      });
    });
  }

  void remove_all() override {
    std::vector<std::string> keys;
    list([&](const std::string& key) {
      keys.push_back(prefix_ + key);
      return true;
    });
    client_->remove(keys);
  }

 private:
  /// The client's error does not tell an object that is too large from other failures.
  void check_size(const std::string& key, std::size_t most) const {
    const auto info = client_->head(prefix_ + key);
    if (info && info->size > most) fail_too_large(*this, key, most);
  }

  std::shared_ptr<io::s3::Client> client_;
  std::string location_, prefix_;
};

}  // namespace

std::unique_ptr<Store> s3_store(std::shared_ptr<io::s3::Client> client, std::string prefix) {
  return std::make_unique<S3Store>(std::move(client), prefix);
}

}  // namespace functionfuse::formats::zarr
