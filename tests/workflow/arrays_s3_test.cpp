#include "storage/real_s3_store.hpp"
#include "workflow/arrays_suite.hpp"

namespace functionfuse::test {
namespace {

ArraysKind real_s3() {
  return {"radosgw", [] { return RealS3Store::make(); }, {}, false};
}
auto name_of = [](const auto& info) { return info.param.name; };

}  // namespace

INSTANTIATE_TEST_SUITE_P(S3, ArraysSuite, testing::Values(real_s3()), name_of);

}  // namespace functionfuse::test
