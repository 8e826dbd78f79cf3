// Arrays in a FileStorage: what is the same everywhere stands in arrays_suite.cpp.

#include <filesystem>
#include <numeric>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "functionfuse/functionfuse.hpp"

#include "io/temp_folder.hpp"
#include "storage/file_store.hpp"
#include "storage/s3_store.hpp"
#include "workflow/arrays_suite.hpp"

namespace ff = functionfuse;
using ff::test::counted;
using ff::test::made;
using ff::test::TempFolder;

namespace functionfuse::test {
namespace {

std::vector<ArraysKind> kinds() {
  const auto file = [] { return std::make_unique<FileStore>(); };
  const auto s3 = [] { return std::make_unique<FakeS3Store>(); };
  return {{"hdf5", file},
          {"zarr", file, {.format = DaskArraySerializer::Format::zarr}, false},
          {"zarr_nested",
           file,
           {.zarr = {.codec = "", .separator = '/'}, .format = DaskArraySerializer::Format::zarr},
           false},
          {"fake_s3", s3, {}, false}};
}
auto name_of = [](const auto& info) { return info.param.name; };

}  // namespace

INSTANTIATE_TEST_SUITE_P(Arrays, ArraysSuite, testing::ValuesIn(kinds()), name_of);

}  // namespace functionfuse::test

namespace {

std::shared_ptr<ff::FileStorage> storage_at(const TempFolder& folder) {
  auto storage = std::make_shared<ff::FileStorage>(folder.path());
  storage->register_persistent_serializers<ff::DaskArraySerializer>();
  return storage;
}

std::size_t files_in(const std::filesystem::path& folder) {
  std::size_t n = 0;
  if (!std::filesystem::exists(folder)) return 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++n;
  return n;
}

std::size_t open_files() { return files_in("/proc/self/fd"); }

ff::ChunkedArray make_frames() { return counted(100, 7); }

}  // namespace

TEST(Arrays, MoreChunksThanTheOriginalSurvives) {
  TempFolder folder;
  auto storage = storage_at(folder);
  storage->save("w", "t", counted(100'000, 1));
  const auto read = storage_at(folder)->read_task<ff::ChunkedArray>("w", "t");
  EXPECT_EQ(read.chunks().count(), 100'000u);
  EXPECT_EQ(read.sum().compute_scalar<double>(), 100'000.0 * 99'999 / 2);
}

TEST(Arrays, AForkedProcessReadsTheArraysThatWereOpen) {
  TempFolder folder;
  auto storage = storage_at(folder);
  storage->save("w", "t", counted(1000, 7));
  const auto read = storage->read_task<ff::ChunkedArray>("w", "t");
  const pid_t child = ::fork();
  if (child == 0) ::_exit(read.sum().compute_scalar<double>({.threads = 1}) == 499'500.0 ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Arrays, ARunLeavesNoFileOpenAndKeepsSharedArraysShared) {
  TempFolder folder;
  const std::size_t before = open_files();
  for (int run = 0; run < 2; ++run) {
    auto both = ff::workflow("pair", [] {
      const auto x = counted(10, 3);
      return std::pair(x, x);
    })();
    auto same = ff::workflow("same", [](const std::pair<ff::ChunkedArray, ff::ChunkedArray>& p) {
      return p.first.identity() == p.second.identity();
    })(both);
    ff::LocalWorkflow workflow({same}, "pairs");
    auto storage = storage_at(folder);
    workflow.set_storage(storage);
    EXPECT_TRUE(workflow.run<bool>());
    EXPECT_EQ(files_in(folder.path() / "pairs" / "bigdata"), 1u);
    if (run == 0) storage->remove_task("pairs", "same_0000");
  }
  EXPECT_EQ(open_files(), before);
}

TEST(Arrays, NoFileStaysOpen) {
  TempFolder folder;
  const std::size_t before = open_files();
  {
    auto storage = storage_at(folder);
    storage->save("w", "t", counted(10, 3));
    storage->save("w", "u", std::vector(3, counted(10, 3)));
    for (int i = 0; i < 3000; ++i) (void)storage->read_task<ff::ChunkedArray>("w", "t");
    auto kept = storage->read_task<std::vector<ff::ChunkedArray>>("w", "u");
    auto sum = (kept[0] + kept[1]).sum();
    kept.clear();
    EXPECT_EQ(sum.compute_scalar<double>(), 90.0);
    storage->sync("w");
  }
  EXPECT_EQ(open_files(), before);
}

TEST(Arrays, AFunctionsOwnDamagedFileIsAnError) {
  TempFolder folder;
  auto bad = [](const ff::ChunkedArray&) -> double { throw ff::CorruptError("my own file"); };
  ff::LocalWorkflow workflow({ff::workflow("bad", bad)(ff::workflow<make_frames>()())}, "arrays");
  workflow.set_storage(storage_at(folder));
  EXPECT_THROW(workflow.run<double>(), ff::NodeError);
}

TEST(Arrays, ASaveGoesOnWithTheChunksOfAKilledOne) {
  for (const bool resume : {true, false}) {
    TempFolder folder;
    auto save = [&](int stop_at) {
      auto storage = std::make_shared<ff::FileStorage>(folder.path());
      storage->register_persistent_serializers(
          ff::DaskArraySerializer({.compute = {.threads = 1}, .resume = resume}));
      made = 0;
      auto array = ff::ChunkedArray::from_function<double>(
          {800000}, {40000}, [stop_at](std::span<double> values, const ff::Block& where) {
            if (made++ == stop_at) ::_exit(17);
            std::iota(values.begin(), values.end(), static_cast<double>(where.origin[0]));
          });
      ff::Record record;
      record.function = "f";
      storage->save("w", "t", std::vector{array, array + 1}, &record);
    };
    const pid_t child = ::fork();
    if (child == 0) {
      save(18);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 17);
    EXPECT_FALSE(storage_at(folder)->file_exists("w", "t"));
    save(-1);
    EXPECT_EQ(made, resume ? 2 : 20);
    auto read = storage_at(folder)->read_task<std::vector<ff::ChunkedArray>>("w", "t");
    EXPECT_EQ(read[0].sum().compute_scalar<double>(), 799999.0 * 400000);
    EXPECT_EQ(read[1].sum().compute_scalar<double>(), 799999.0 * 400000 + 800000);
    const auto left = storage_at(folder)->gc("w", false, 0);
    EXPECT_EQ(left.size(), resume ? 0u : 1u);
    EXPECT_EQ(files_in(folder.path() / "w" / "bigdata"), 2u);
    // Saved once more it replaces the old result, whose files go.
    save(-1);
    EXPECT_EQ(made, 20);
    EXPECT_EQ(files_in(folder.path() / "w" / "bigdata"), 2u);
    EXPECT_TRUE(storage_at(folder)->verify("w").empty());
  }
}

TEST(Arrays, ResumeNeverTakesTheFileOfAResult) {
  TempFolder folder;
  auto storage = std::make_shared<ff::FileStorage>(folder.path());
  storage->register_persistent_serializers(ff::DaskArraySerializer({.resume = true}));
  ff::Record record;
  record.function = "f";
  auto ones = ff::ChunkedArray::full<int>({2}, {1}, 1),
       twos = ff::ChunkedArray::full<int>({2}, {1}, 2);
  storage->save("w", "a", ones, &record);
  std::filesystem::rename(folder.path() / "w" / "a", folder.path() / "w" / "old");
  storage->save("w", "a", twos, &record);
  EXPECT_EQ(storage->read_task<ff::ChunkedArray>("w", "a").sum().compute_scalar<int>(), 4);
  EXPECT_EQ(storage->read_task<ff::ChunkedArray>("w", "old").sum().compute_scalar<int>(), 2);
  storage->remove_task("w", "a");
  EXPECT_TRUE(storage->verify("w").empty());

  // A name that comes again, while somebody has the array of before.
  const auto held = storage->read_task<ff::ChunkedArray>("w", "old");
  storage->remove_task("w", "old");
  storage->save("w", "a", twos, &record);
  EXPECT_EQ(held.sum().compute_scalar<int>(), 2);
  EXPECT_EQ(twos.sum().compute_scalar<int>(), 4);
  EXPECT_EQ(storage->read_task<ff::ChunkedArray>("w", "a").sum().compute_scalar<int>(), 4);
}
