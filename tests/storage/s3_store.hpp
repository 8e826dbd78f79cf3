#pragma once

#include "functionfuse/storage/s3_storage.hpp"

#include "io/fake_s3.hpp"
#include "io/s3/client.hpp"
#include <functionfuse/testing/storage_suite.hpp>

namespace functionfuse::test {

/// A prefix in a bucket of a server.
class S3Store : public Store {
 public:
  /// \param options  path: /bucket/prefix; with key, secret and endpoint_url
  explicit S3Store(S3Options options) : options_(std::move(options)), client_(client_options()) {
    const std::size_t slash = options_.path.find('/', 1);
    root_ = slash == options_.path.npos ? "" : options_.path.substr(slash + 1) + "/";
  }

  [[nodiscard]] std::shared_ptr<Storage> open() override {
    return std::make_shared<S3Storage>(options_);
  }
  [[nodiscard]] std::string raw(const std::string& workflow, const std::string& task) override {
    const auto bytes = client_.get(root_ + workflow + "/" + task, std::size_t{1} << 30).value();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  void set_raw(const std::string& workflow, const std::string& task,
               const std::string& bytes) override {
    client_.put(root_ + workflow + "/" + task, io::s3::bytes_of(bytes));
  }
  [[nodiscard]] std::vector<std::string> bigdata(const std::string& workflow) override {
    return keys(root_ + workflow + "/bigdata/");
  }
  void remove_bigdata(const std::string& workflow, const std::string& name) override {
    client_.remove(root_ + workflow + "/bigdata/" + name);
  }

  /// What follows the prefix in the keys that begin with it.
  [[nodiscard]] std::vector<std::string> keys(const std::string& prefix) {
    std::vector<std::string> names;
    client_.list(prefix, "", [&](const io::s3::ListPage& page) {
      for (const auto& object : page.objects) names.push_back(object.key.substr(prefix.size()));
      return true;
    });
    return names;
  }
  [[nodiscard]] const S3Options& options() const { return options_; }
  [[nodiscard]] io::s3::Client& client() { return client_; }

 private:
  [[nodiscard]] io::s3::Options client_options() const {
    io::s3::Options options;
    options.bucket = options_.path.substr(1, options_.path.find('/', 1) - 1);
    options.endpoint = options_.endpoint_url;
    options.access_key_id = options_.key;
    options.secret_access_key = options_.secret;
    return options;
  }

  S3Options options_;
  io::s3::Client client_;
  std::string root_;
};

/// The same in a bucket of its own, in memory.
class FakeS3Store final : public S3Store {
 public:
  FakeS3Store() : FakeS3Store(std::make_unique<FakeS3>()) {}
  [[nodiscard]] FakeS3& server() { return *server_; }

 private:
  explicit FakeS3Store(std::unique_ptr<FakeS3> server)
      : S3Store({.path = "/bucket/some/prefix",
                 .key = "the-key",
                 .secret = "the-secret",
                 .endpoint_url = server->endpoint(),
                 .attempts = 1}),
        server_(std::move(server)) {}
  std::unique_ptr<FakeS3> server_;
};

}  // namespace functionfuse::test
