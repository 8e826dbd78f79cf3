// Arrays that nodes make: kept by DaskArraySerializer in a FileStorage.

#include <gmock/gmock.h>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "functionfuse/functionfuse.hpp"
#include "io/temp_folder.hpp"

namespace ff = functionfuse;
using testing::HasSubstr;
using functionfuse::test::TempFolder;

struct Frames {
  ff::ChunkedArray first, again;
  std::vector<ff::ChunkedArray> list;
  std::map<std::string, ff::ChunkedArray> by_name;
};
FUNCTIONFUSE_FIELDS(Frames, first, again, list, by_name)

namespace {

std::atomic<int> made = 0;

ff::ChunkedArray counted(std::int64_t length, std::int64_t chunk) {
  return ff::ChunkedArray::from_function<double>({length}, {chunk}, [](std::span<double> values, const ff::Block& where) {
    ++made;
    std::iota(values.begin(), values.end(), static_cast<double>(where.origin[0]));
  });
}

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
double sum_up(const ff::ChunkedArray& x) { return x.sum().compute_scalar<double>(); }

}  // namespace

TEST(Arrays, ALazyArrayIsComputedOnceThoughItIsSavedAndUsed) {
  TempFolder folder;
  made = 0;
  for (int run = 0; run < 2; ++run) {
    auto frames = ff::workflow<make_frames>()();
    auto sum = ff::workflow<sum_up>()(frames);
    ff::LocalWorkflow workflow({sum}, "arrays");
    workflow.set_storage(storage_at(folder));
    const double result = workflow.run<double>();
    EXPECT_EQ(result, 4950.0);
    EXPECT_EQ(made, 15);  // chunks: once in the first run, never in the second
  }
}

TEST(Arrays, AreFoundWhereverTheyAreInAResult) {
  TempFolder folder;
  auto storage = storage_at(folder);
  made = 0;
  const ff::ChunkedArray shared = counted(10, 3);
  const ff::ChunkedArray irregular = ff::ChunkedArray::from_array(
      ff::NdArray::from(std::vector<int>{1, 2, 3, 4, 5, 6}), ff::Chunks({{1, 3, 2}}));
  storage->save("w", "t", Frames{shared, shared, {irregular, shared + 1}, {{"a", shared}}});
  EXPECT_EQ(made, 4);
  EXPECT_EQ(files_in(folder.path() / "w" / "bigdata"), 3u);

  const auto read = storage_at(folder)->read_task<Frames>("w", "t");
  EXPECT_EQ(read.first.identity(), read.again.identity());
  EXPECT_EQ(read.first.identity(), read.by_name.at("a").identity());
  EXPECT_EQ(read.list[0].chunks(), ff::Chunks({{1, 3, 2}}));
  EXPECT_EQ(read.list[0].compute().to_vector<int>(), (std::vector<int>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(read.list[1].sum().compute_scalar<double>(), 55.0);
  EXPECT_EQ(made, 4);

  // Saved again, as a part of another result: the same array is two files' then, each whole.
  storage->save("w", "t2", read.list);
  EXPECT_EQ(storage->read_task<std::vector<ff::ChunkedArray>>("w", "t2")[1].sum().compute_scalar<double>(), 55.0);
}

TEST(Arrays, RemovingATaskRemovesItsFilesAndOpenArraysGoOn) {
  TempFolder folder;
  auto storage = storage_at(folder);
  storage->save("w", "t", counted(10, 3));
  auto array = storage->read_task<ff::ChunkedArray>("w", "t");
  storage->save("w", "t", counted(20, 3));
  EXPECT_EQ(files_in(folder.path() / "w" / "bigdata"), 1u);
  EXPECT_EQ(array.sum().compute_scalar<double>(), 45.0);
  EXPECT_EQ(storage->remove_task("w", "t"), 1u);
  EXPECT_EQ(files_in(folder.path() / "w" / "bigdata"), 0u);
  EXPECT_EQ(array.sum().compute_scalar<double>(), 45.0);
}

TEST(Arrays, AnErrorWhileChunksAreComputedLeavesTheOldResultAndNothingElse) {
  TempFolder folder;
  auto storage = storage_at(folder);
  storage->save("w", "t", counted(10, 3));
  auto bad = ff::ChunkedArray::from_function<double>({10}, {1}, [](std::span<double>, const ff::Block& where) {
    if (where.number == 7) throw std::runtime_error("no chunk 7");
  });
  EXPECT_THROW(storage->save("w", "t", std::vector{counted(5, 1), bad}), std::runtime_error);
  EXPECT_EQ(files_in(folder.path() / "w" / "bigdata"), 1u);
  EXPECT_EQ(storage->read_task<ff::ChunkedArray>("w", "t").sum().compute_scalar<double>(), 45.0);
}

/// A class that only adds functions.
struct Image : ff::ChunkedArray {
  explicit Image(ff::ChunkedArray pixels) : ff::ChunkedArray(std::move(pixels)) {}
  [[nodiscard]] double brightness() const { return mean().compute_scalar<double>(); }
};

// What the original cannot keep, or gives back as something else.
TEST(Arrays, AnyShapeChunksAndDtypeComeBackAsTheyWere) {
  TempFolder folder;
  auto storage = storage_at(folder);
  auto comes_back = [&](const ff::ChunkedArray& array) {
    SCOPED_TRACE(array.repr());
    const ff::NdArray expected = array.compute();
    const ff::Chunks chunks = array.chunks();
    storage->save("w", "t", array);
    const auto read = storage_at(folder)->read_task<ff::ChunkedArray>("w", "t");
    EXPECT_EQ(read.chunks(), chunks);
    EXPECT_EQ(read.dtype(), array.dtype());
    EXPECT_TRUE(equal(read.compute(), expected));
  };
  const auto x = counted(1000, 250);
  comes_back(x.slice({{1, {}}}));                    // off the grid
  comes_back(x.slice({{{}, {}, -3}}));
  comes_back(x.rechunk({{1, 2, 997}}));              // irregular
  comes_back(ff::ChunkedArray::zeros({3, 5}, {2, 9}).rechunk({{3}, {1, 3, 1}}).transpose());
  comes_back(ff::ChunkedArray(3.5));                 // rank 0
  comes_back(ff::ChunkedArray::zeros({0, 3}, {1, 2}));
  comes_back(ff::ChunkedArray::zeros({0}, {1}));
  const auto dates = ff::NdArray::from(std::vector<std::int64_t>{0, 1, -1, INT64_MIN});
  for (const char* dtype : {"<M8[ns]", "<M8[D]", "<m8[s]", ">m8[us]"}) {
    comes_back(ff::ChunkedArray::from_array(dates.reinterpret(ff::DType::parse(dtype)), {3}));
  }
  comes_back(ff::ChunkedArray::zeros({4}, {3}, ff::DType::parse("<U5")));
  comes_back(ff::ChunkedArray::zeros({4}, {3}, ff::DType::parse("S3")));
  EXPECT_EQ(files_in(folder.path() / "w" / "bigdata"), 1u);  // of all those, the last one's
}

TEST(Arrays, MoreChunksThanTheOriginalSurvives) {
  TempFolder folder;
  auto storage = storage_at(folder);
  storage->save("w", "t", counted(100'000, 1));
  const auto read = storage_at(folder)->read_task<ff::ChunkedArray>("w", "t");
  EXPECT_EQ(read.chunks().count(), 100'000u);
  EXPECT_EQ(read.sum().compute_scalar<double>(), 100'000.0 * 99'999 / 2);
}

// In Python such an array can't be sent to another process; here a forked one goes on with it.
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

TEST(Arrays, SubclassesAreKept) {
  TempFolder folder;
  auto storage = storage_at(folder);
  storage->save("w", "t", std::vector{Image(counted(10, 3))});
  EXPECT_EQ(storage->read_task<std::vector<Image>>("w", "t")[0].brightness(), 4.5);
  EXPECT_EQ(storage->read_task<std::vector<ff::ChunkedArray>>("w", "t")[0].mean().compute_scalar<double>(), 4.5);
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

TEST(Arrays, ManyArraysInOneResult) {
  TempFolder folder;
  auto storage = storage_at(folder);
  std::vector<ff::ChunkedArray> many;
  for (int i = 0; i < 1200; ++i) many.push_back(ff::ChunkedArray::full<int>({2}, {1}, i));
  storage->save("w", "t", many);
  auto read = storage->read_task<std::vector<ff::ChunkedArray>>("w", "t");
  EXPECT_EQ(read[1199].compute().at<int>(1), 1199);
  EXPECT_EQ(read[0].compute().at<int>(1), 0);
}

TEST(Arrays, WithoutTheSerializerTheErrorSaysHow) {
  TempFolder folder;
  ff::FileStorage storage(folder.path());
  try {
    storage.save("w", "t", counted(10, 3));
    FAIL();
  } catch (const ff::Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("ChunkedArray"));
    EXPECT_THAT(e.what(), HasSubstr("register_persistent_serializers"));
  }
  EXPECT_FALSE(storage.file_exists("w", "t"));
  storage_at(folder)->save("w", "t", counted(10, 3));
  EXPECT_EQ(storage.remove_task("w", "t"), 1u);  // and removing works without
  EXPECT_EQ(files_in(folder.path() / "w" / "bigdata"), 0u);
}

TEST(Arrays, ADamagedChunkIsComputedAgainByTheNextRun) {
  TempFolder folder;
  auto run = [&] {
    auto sum = ff::workflow<sum_up>()(ff::workflow<make_frames>()().set_name("frames"));
    ff::LocalWorkflow workflow({sum.set_name("sum")}, "arrays");
    workflow.set_storage(storage_at(folder));
    return workflow.run<double>();
  };
  EXPECT_EQ(run(), 4950.0);
  auto storage = storage_at(folder);
  EXPECT_TRUE(storage->verify("arrays").empty());
  for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "arrays" / "bigdata")) {
    std::filesystem::resize_file(entry.path(), std::filesystem::file_size(entry.path()) - 100);
  }
  const auto problems = storage->verify("arrays");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].task, "frames");
  storage->remove_task("arrays", "sum");
  EXPECT_EQ(run(), 4950.0);
  EXPECT_TRUE(storage->verify("arrays").empty());
}

namespace {
ff::ChunkedArray twice(const ff::ChunkedArray& x) { return x * 2; }
Frames both() { return {counted(100, 7), counted(50, 7), {}, {}}; }

/// Accumulates sums of arrays.
struct Sums {
  double total = 0;
  double add(const ff::ChunkedArray& x) { return total += x.sum().compute_scalar<double>(); }
};

/// Changes one byte near the end of each file.
void damage(const std::filesystem::path& bigdata) {
  for (const auto& entry : std::filesystem::directory_iterator(bigdata)) {
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-20, std::ios::end);
    file.put('!');
  }
}
}  // namespace

TEST(Arrays, ADamagedChunkFoundByTheNextNodeIsComputedAgainInTheSameRun) {
  TempFolder folder;
  std::vector<std::string> warnings;
  auto run = [&] {
    auto frames = ff::workflow<make_frames>()().set_name("frames");
    auto pair = ff::workflow<both>()().set_name("pair");
    auto sums = ff::workflow<Sums>()();
    ff::LocalWorkflow workflow({ff::workflow<sum_up>()(frames).set_name("sum"),
                                ff::workflow<sum_up>()(ff::workflow<twice>()(frames).set_name("twice")).set_name("twice sum"),
                                ff::workflow<sum_up>()(pair[&Frames::again]).set_name("item"),
                                sums.call<&Sums::add>(frames).set_name("first"),
                                sums.call<&Sums::add>(pair[&Frames::first]).set_name("second")},
                               "arrays");
    workflow.set_storage(storage_at(folder));
    workflow.set_log([&](std::string_view line) {
      if (line.find("computed again, as its stored result can't be used") != line.npos) warnings.emplace_back(line);
    });
    return workflow.run<double, double, double, double, double>();
  };
  const auto expected = std::make_tuple(4950.0, 9900.0, 1225.0, 4950.0, 9900.0);
  EXPECT_EQ(run(), expected);
  auto storage = storage_at(folder);
  for (const char* task : {"sum", "twice", "twice sum", "item", "first", "second"}) storage->remove_task("arrays", task);
  damage(folder.path() / "arrays" / "bigdata");
  warnings.clear();
  EXPECT_EQ(run(), expected);
  EXPECT_EQ(warnings.size(), 2u);
  for (const std::string& text : warnings) EXPECT_THAT(text, HasSubstr("chunk ("));
  EXPECT_TRUE(storage->verify("arrays").empty());
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
      storage->register_persistent_serializers(ff::DaskArraySerializer({.compute = {.threads = 1}, .resume = resume}));
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
  auto ones = ff::ChunkedArray::full<int>({2}, {1}, 1), twos = ff::ChunkedArray::full<int>({2}, {1}, 2);
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
