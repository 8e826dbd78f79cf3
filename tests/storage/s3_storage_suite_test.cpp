#include "storage/s3_store.hpp"

namespace functionfuse::test {
namespace {

StoreKind fake_s3() {
  return {"fake_s3", [] { return std::make_unique<FakeS3Store>(); }, false, false};
}

auto name_of = [](const auto& info) { return info.param.name; };

}  // namespace

INSTANTIATE_TEST_SUITE_P(S3, StorageSuite, testing::Values(fake_s3()), name_of);

INSTANTIATE_TEST_SUITE_P(S3, PersistentStorageSuite, testing::Values(fake_s3()), name_of);

}  // namespace functionfuse::test
