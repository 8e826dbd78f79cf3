#pragma once

#include "io/s3_server.hpp"
#include "io/uuid.hpp"
#include "storage/s3_store.hpp"

namespace functionfuse::test {

/// A bucket of its own of a real server, removed in the end. Only where S3Server::get() is not
/// null.
class RealS3Store final : public S3Store {
 public:
  RealS3Store()
      : S3Store(options_of(*S3Server::get(), "/test-" + io::uuid4() + "/a prefix/größe")) {
    client().create_bucket();
  }
  ~RealS3Store() override {
    client().remove(keys(""));
    client().remove_bucket();
  }

  static std::unique_ptr<RealS3Store> make() {
    return S3Server::get() != nullptr ? std::make_unique<RealS3Store>() : nullptr;
  }

 private:
  static S3Options options_of(const S3Server& server, const std::string& path) {
    return {.path = path,
            .key = server.access_key,
            .secret = server.secret_key,
            .endpoint_url = server.endpoint};
  }
};

}  // namespace functionfuse::test
