// S3Storage and a real server.

#include <filesystem>

#include <gmock/gmock.h>

#include "functionfuse/functionfuse.hpp"

#include "io/s3/batch.hpp"
#include "io/temp_folder.hpp"
#include "storage/real_s3_store.hpp"

namespace functionfuse::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

StoreKind real_s3() {
  return {"radosgw", [] { return RealS3Store::make(); }, false, false};
}

auto name_of = [](const auto& info) { return info.param.name; };

class RealS3StorageTest : public testing::Test {
 protected:
  void SetUp() override {
    if (S3Server::get() == nullptr) GTEST_SKIP() << "radosgw is not installed";
    store = std::make_unique<RealS3Store>();
  }
  std::unique_ptr<RealS3Store> store;
};

TEST_F(RealS3StorageTest, ReadsAllThatFunctionFuseWrote) {
  const std::filesystem::path golden = FUNCTIONFUSE_TEST_DATA "/golden/s3/golden";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(golden)) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = read_bytes(entry.path());
    store->client().put(entry.path().lexically_relative(golden), io::s3::bytes_of(bytes));
  }
  S3Options options = store->options();
  options.path = options.path.substr(0, options.path.find('/', 1)) + "/st";
  S3Storage storage(options);
  EXPECT_THAT(storage.list_workflows(), testing::ElementsAre("dask_p4"));
  const auto tasks = storage.list_tasks("dask_p4");
  EXPECT_THAT(tasks, SizeIs(30));
  EXPECT_THAT(storage.verify({}), IsEmpty());
  EXPECT_THAT(storage.gc({}, true, 0), IsEmpty());
  EXPECT_EQ(storage.read_task("dask_p4", "d2_f8").persistent_id()->name, "HDFSerializer");
  const auto index = storage.index("dask_p4", 100);
  for (const std::string& task : tasks) {
    EXPECT_NO_THROW((void)storage.read_task("dask_p4", task)) << task;
    EXPECT_TRUE(index->find(task).stored);
    EXPECT_EQ(index->find(task).record, nullptr) << "taken as it is";
  }
  // Each array's objects go with the tasks that refer to it.
  EXPECT_EQ(storage.remove_task("dask_p4", "*"), 30u);
  EXPECT_THAT(store->keys("st/dask_p4/"), testing::ElementsAre("bigdata/dask_arrays/.zgroup"));
  EXPECT_TRUE(storage.remove_workflow("dask_p4"));
}

TEST_F(RealS3StorageTest, ManyPagesOfTasks) {
  const auto storage = store->open();
  const Record record{"f", "", {}, {}};
  storage->save("w", "t0", 1, &record);
  const auto task = store->raw("w", "t0");
  const std::string prefix = "a prefix/größe/w/t";
  {
    io::s3::Batch batch(store->client());
    for (int i = 1; i < 2500; ++i) {
      batch.put(prefix + std::to_string(i), io::s3::bytes_of(task));
    }
    batch.finish();
  }
  EXPECT_THAT(storage->list_tasks("w"), SizeIs(2500));
  const auto index = storage->index("w", 2500);
  for (int i = 0; i < 2500; ++i) ASSERT_TRUE(index->find("t" + std::to_string(i)).stored);
  EXPECT_NE(index->find("t0").record, nullptr);
  EXPECT_EQ(storage->remove_task("w", "t*"), 2500u);
  EXPECT_TRUE(storage->remove_workflow("w")) << "the cache";
}

TEST_F(RealS3StorageTest, AResultInPartsKeepsItsRecord) {
  const auto storage = store->open();
  const Record record{"large", "", {}, {}};
  const std::vector<double> array(9'000'000, 1.5);  // more than 64 MiB
  storage->save("w", "x", array, &record);
  EXPECT_EQ(store->open()->index("w", 1)->find("x").record->function, "large");
  EXPECT_TRUE(storage->read_task<std::vector<double>>("w", "x") == array);
}

TEST_F(RealS3StorageTest, ARunComputesOnlyWhatIsMissingOrStale) {
  int runs = 0;
  const auto run = [&](int nodes, int argument) {
    std::vector<NodeRef> leaves;
    for (int i = 0; i < nodes; ++i) {
      leaves.push_back(workflow("f", [&](int x) { return ++runs, x; })(argument + i));
    }
    LocalWorkflow flow(leaves, "operations");
    flow.set_storage(store->open());
    flow.run();
    return std::exchange(runs, 0);
  };
  EXPECT_EQ(run(100, 1), 100);
  EXPECT_EQ(run(100, 1), 0);
  EXPECT_EQ(run(101, 1), 1);
  EXPECT_EQ(run(10, 2), 10);
  EXPECT_EQ(run(10, 2), 0);
}

TEST_F(RealS3StorageTest, ErrorsHaveNoSecret) {
  S3Options options = store->options();
  options.secret = "a-wrong-secret";
  S3Storage storage(options);
  const auto check = [&](const std::string& text) {
    EXPECT_THAT(text, AllOf(HasSubstr("SignatureDoesNotMatch"), Not(HasSubstr(options.secret)),
                            Not(HasSubstr(options.key))));
  };
  check(error_of(Errc::io, [&] { storage.save("w", "x", 1); }));
  check(error_of(Errc::io, [&] { (void)storage.list_tasks("w"); }));
  options = store->options();
  options.path = "/there-is-no-such-bucket/x";
  EXPECT_THAT(error_of(Errc::io, [&] { S3Storage(options).save("w", "x", 1); }),
              AllOf(HasSubstr("task \"x\" of workflow \"w\""), HasSubstr("NoSuchBucket"),
                    HasSubstr("there-is-no-such-bucket")));
}

TEST_F(RealS3StorageTest, PythonReadsWhatIsWritten) {
  store->open()->save("w", "x", std::vector<std::string>{"one", "zwei"});
  const TempFolder folder;
  write_bytes(folder / "read.py", R"(
import hashlib, os, pickle, sys
import boto3
s3 = boto3.client("s3", endpoint_url=os.environ["ENDPOINT"], region_name="us-east-1")
data = s3.get_object(Bucket=sys.argv[1], Key="a prefix/gr\xf6\xdfe/w/x")["Body"].read()
assert hashlib.sha1(data[:-20]).digest() == data[-20:]
assert pickle.loads(data[:-20]) == ["one", "zwei"]
)");
  const S3Server& server = *S3Server::get();
  const std::string bucket =
      store->options().path.substr(1, store->options().path.find('/', 1) - 1);
  const std::string command = "ENDPOINT=" + server.endpoint +
                              " AWS_ACCESS_KEY_ID=" + server.access_key +
                              " AWS_SECRET_ACCESS_KEY=" + server.secret_key +
                              " " FUNCTIONFUSE_PYTHON " " + (folder / "read.py") + " " + bucket;
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(S3, StorageSuite, testing::Values(real_s3()), name_of);

INSTANTIATE_TEST_SUITE_P(S3, PersistentStorageSuite, testing::Values(real_s3()), name_of);

}  // namespace functionfuse::test
