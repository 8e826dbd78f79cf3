#include "workflow/arrays_suite.hpp"

#include <numeric>

#include <gmock/gmock.h>

namespace ff = functionfuse;

struct Frames {
  ff::ChunkedArray first, again;
  std::vector<ff::ChunkedArray> list;
  std::map<std::string, ff::ChunkedArray> by_name;
};
FUNCTIONFUSE_FIELDS(Frames, first, again, list, by_name)

namespace functionfuse::test {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ArraysSuite);

ChunkedArray counted(std::int64_t length, std::int64_t chunk) {
  return ChunkedArray::from_function<double>(
      {length}, {chunk}, [](std::span<double> values, const Block& where) {
        ++made;
        std::iota(values.begin(), values.end(), static_cast<double>(where.origin[0]));
      });
}

void ArraysSuite::SetUp() {
  store = GetParam().make();
  if (!store) GTEST_SKIP() << "no " << GetParam().name << " on this computer";
  storage = open();
  made = 0;
}

std::shared_ptr<Storage> ArraysSuite::open() const {
  auto opened = store->open();
  opened->register_persistent_serializers(DaskArraySerializer(GetParam().options));
  return opened;
}

std::size_t ArraysSuite::kept(const std::string& workflow) const {
  std::set<std::string> names;
  for (std::string name : store->bigdata(workflow)) {
    if (name.starts_with("dask_arrays/")) name.erase(0, 12);
    if (name.front() != '.') names.insert(name.substr(0, name.find('/')));
  }
  return names.size();
}

void ArraysSuite::damage(const std::string& workflow) const {
  const auto names = store->bigdata(workflow);
  for (const std::string& name : names) {
    if (name.find("/.") != name.npos) continue;  // metadata
    const bool is_folder = std::ranges::any_of(
        names, [&](const auto& other) { return other.starts_with(name + "/"); });
    if (is_folder) continue;
    std::string bytes = store->raw(workflow, "bigdata/" + name);
    bytes.at(bytes.size() - 20) = static_cast<char>(~bytes[bytes.size() - 20]);
    store->set_raw(workflow, "bigdata/" + name, bytes);
  }
}

namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;

double total(const ChunkedArray& array) { return array.sum().compute_scalar<double>(); }

ChunkedArray make_frames() { return counted(100, 7); }
ChunkedArray twice(const ChunkedArray& x) { return x * 2; }
Frames both() { return {counted(100, 7), counted(50, 7), {}, {}}; }

/// A class that only adds functions.
struct Image : ChunkedArray {
  explicit Image(ChunkedArray pixels) : ChunkedArray(std::move(pixels)) {}
  [[nodiscard]] double brightness() const { return mean().compute_scalar<double>(); }
};

/// Accumulates sums of arrays.
struct Sums {
  double all = 0;
  double add(const ChunkedArray& x) { return all += total(x); }
};

TEST_P(ArraysSuite, ALazyArrayIsComputedOnceThoughItIsSavedAndUsed) {
  for (int run = 0; run < 2; ++run) {
    LocalWorkflow flow({workflow<total>()(workflow<make_frames>()())}, "arrays");
    flow.set_storage(open());
    EXPECT_EQ(flow.run<double>(), 4950.0);
    EXPECT_EQ(made, 15);  // chunks: once in the first run, never in the second
  }
}

TEST_P(ArraysSuite, AreFoundWhereverTheyAreInAResult) {
  const ChunkedArray shared = counted(10, 3);
  const ChunkedArray irregular = ChunkedArray::from_array(
      NdArray::from(std::vector<int>{1, 2, 3, 4, 5, 6}), Chunks({{1, 3, 2}}));
  storage->save("w", "t", Frames{shared, shared, {irregular, shared + 1}, {{"a", shared}}});
  EXPECT_EQ(made, 4);
  EXPECT_EQ(kept("w"), 3u);

  const auto read = open()->read_task<Frames>("w", "t");
  EXPECT_EQ(read.first.identity(), read.again.identity());
  EXPECT_EQ(read.first.identity(), read.by_name.at("a").identity());
  EXPECT_EQ(read.list[0].chunks(), Chunks({{1, 3, 2}}));
  EXPECT_EQ(read.list[0].compute().to_vector<int>(), (std::vector<int>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(total(read.list[1]), 55.0);
  EXPECT_EQ(made, 4);

  // Saved again, as a part of another result: the same array is kept twice then, each whole.
  storage->save("w", "t2", read.list);
  EXPECT_EQ(total(storage->read_task<std::vector<ChunkedArray>>("w", "t2")[1]), 55.0);
  EXPECT_THAT(storage->verify("w"), IsEmpty());
  EXPECT_THAT(storage->gc("w", false, 0), IsEmpty());
}

TEST_P(ArraysSuite, RemovingATaskRemovesItsArrays) {
  storage->save("w", "t", counted(10, 3));
  auto array = storage->read_task<ChunkedArray>("w", "t");
  storage->save("w", "t", counted(20, 3));
  EXPECT_EQ(kept("w"), 1u);
  EXPECT_EQ(total(storage->read_task<ChunkedArray>("w", "t")), 190.0);
  EXPECT_EQ(storage->remove_task("w", "t"), 1u);
  EXPECT_EQ(kept("w"), 0u);
  if (GetParam().open_arrays_go_on) {
    EXPECT_EQ(total(array), 45.0);
  } else {
    EXPECT_THAT(error_of(Errc::corrupt, [&] { (void)total(array); }), HasSubstr("is gone"));
  }
}

TEST_P(ArraysSuite, AWorkflowIsRemovedWithItsArraysAndNothingElse) {
  storage->save("w", "t", counted(10, 3));
  storage->save("w2", "t", counted(10, 3));
  EXPECT_TRUE(storage->remove_workflow("w"));
  EXPECT_THAT(store->bigdata("w"), IsEmpty());
  EXPECT_THAT(storage->list_workflows(), testing::ElementsAre("w2"));
  EXPECT_EQ(total(storage->read_task<ChunkedArray>("w2", "t")), 45.0);
}

TEST_P(ArraysSuite, AnErrorWhileChunksAreComputedLeavesTheOldResultAndNothingElse) {
  storage->save("w", "t", counted(10, 3));
  auto bad =
      ChunkedArray::from_function<double>({10}, {1}, [](std::span<double>, const Block& where) {
        if (where.number == 7) throw std::runtime_error("no chunk 7");
      });
  EXPECT_THROW(storage->save("w", "t", std::vector{counted(5, 1), bad}), std::runtime_error);
  EXPECT_EQ(kept("w"), 1u);
  EXPECT_EQ(total(storage->read_task<ChunkedArray>("w", "t")), 45.0);
}

// What the original cannot keep, or gives back as something else.
TEST_P(ArraysSuite, AnyShapeChunksAndDtypeComeBackAsTheyWere) {
  auto comes_back = [&](const ChunkedArray& array) {
    SCOPED_TRACE(array.repr());
    const NdArray expected = array.compute();
    const Chunks chunks = array.chunks();
    storage->save("w", "t", array);
    const auto read = open()->read_task<ChunkedArray>("w", "t");
    EXPECT_EQ(read.chunks(), chunks);
    EXPECT_EQ(read.dtype(), array.dtype());
    EXPECT_TRUE(equal(read.compute(), expected));
  };
  const auto x = counted(1000, 250);
  comes_back(x.slice({{1, {}}}));  // off the grid
  comes_back(x.slice({{{}, {}, -3}}));
  comes_back(x.rechunk({{1, 2, 997}}));  // irregular
  comes_back(ChunkedArray::zeros({3, 5}, {2, 9}).rechunk({{3}, {1, 3, 1}}).transpose());
  comes_back(ChunkedArray(3.5));  // rank 0
  comes_back(ChunkedArray::zeros({0, 3}, {1, 2}));
  comes_back(ChunkedArray::zeros({0}, {1}));
  const auto dates = NdArray::from(std::vector<std::int64_t>{0, 1, -1, INT64_MIN});
  for (const char* dtype : {"<M8[ns]", "<M8[D]", "<m8[s]", ">m8[us]"}) {
    comes_back(ChunkedArray::from_array(dates.reinterpret(DType::parse(dtype)), {3}));
  }
  comes_back(ChunkedArray::zeros({4}, {3}, DType::parse("<U5")));
  comes_back(ChunkedArray::zeros({4}, {3}, DType::parse("S3")));
  EXPECT_EQ(kept("w"), 1u);  // of all those, the last one's
}

TEST_P(ArraysSuite, SubclassesAreKept) {
  storage->save("w", "t", std::vector{Image(counted(10, 3))});
  EXPECT_EQ(storage->read_task<std::vector<Image>>("w", "t")[0].brightness(), 4.5);
  EXPECT_EQ(total(storage->read_task<std::vector<ChunkedArray>>("w", "t")[0]), 45.0);
}

TEST_P(ArraysSuite, ManyArraysInOneResult) {
  std::vector<ChunkedArray> many;
  for (int i = 0; i < 200; ++i) many.push_back(ChunkedArray::full<int>({2}, {1}, i));
  storage->save("w", "t", many);
  auto read = storage->read_task<std::vector<ChunkedArray>>("w", "t");
  EXPECT_EQ(read[199].compute().at<int>(1), 199);
  EXPECT_EQ(read[0].compute().at<int>(1), 0);
}

TEST_P(ArraysSuite, WithoutTheSerializerTheErrorSaysHow) {
  const auto plain = store->open();
  const std::string text =
      error_of(Errc::unsupported, [&] { plain->save("w", "t", counted(10, 3)); });
  EXPECT_THAT(text, HasSubstr("ChunkedArray"));
  EXPECT_THAT(text, HasSubstr("register_persistent_serializers"));
  EXPECT_FALSE(plain->file_exists("w", "t"));
  storage->save("w", "t", counted(10, 3));
  EXPECT_EQ(plain->remove_task("w", "t"), 1u);  // and removing works without
  EXPECT_EQ(kept("w"), 0u);
}

TEST_P(ArraysSuite, AValueIsCopiedWithItsArrays) {
  storage->save("w", "t", std::vector{counted(100, 7), counted(10, 3)});
  const auto plain = store->open();
  plain->save("other", "copy", plain->read_task("w", "t"));
  storage->remove_workflow("w");
  const auto read = open()->read_task<std::vector<ChunkedArray>>("other", "copy");
  EXPECT_EQ(total(read[0]), 4950.0);
  EXPECT_EQ(kept("other"), 2u);
  EXPECT_THAT(open()->verify("other"), IsEmpty());
}

TEST_P(ArraysSuite, DamageIsFoundByVerifyAndComputedAgainByTheNextRun) {
  auto run = [&] {
    auto sum = workflow<total>()(workflow<make_frames>()().set_name("frames"));
    LocalWorkflow flow({sum.set_name("sum")}, "arrays");
    flow.set_storage(open());
    return flow.run<double>();
  };
  EXPECT_EQ(run(), 4950.0);
  EXPECT_THAT(storage->verify("arrays"), IsEmpty());
  damage("arrays");
  const auto problems = storage->verify("arrays");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].task, "frames");
  EXPECT_THAT(problems[0].what, HasSubstr("chunk ("));
  storage->remove_task("arrays", "sum");
  EXPECT_EQ(run(), 4950.0);
  EXPECT_THAT(storage->verify("arrays"), IsEmpty());
}

TEST_P(ArraysSuite, ADamagedChunkFoundByTheNextNodeIsComputedAgainInTheSameRun) {
  std::vector<std::string> warnings;
  auto run = [&] {
    auto frames = workflow<make_frames>()().set_name("frames");
    auto pair = workflow<both>()().set_name("pair");
    auto sums = workflow<Sums>()();
    LocalWorkflow flow(
        {workflow<total>()(frames).set_name("sum"),
         workflow<total>()(workflow<twice>()(frames).set_name("twice")).set_name("twice sum"),
         workflow<total>()(pair[&Frames::again]).set_name("item"),
         sums.call<&Sums::add>(frames).set_name("first"),
         sums.call<&Sums::add>(pair[&Frames::first]).set_name("second")},
        "arrays");
    flow.set_storage(open());
    flow.set_log([&](std::string_view line) {
      if (line.find("computed again, as its stored result can't be used") != line.npos) {
        warnings.emplace_back(line);
      }
    });
    return flow.run<double, double, double, double, double>();
  };
  const auto expected = std::make_tuple(4950.0, 9900.0, 1225.0, 4950.0, 9900.0);
  EXPECT_EQ(run(), expected);
  for (const char* task : {"sum", "twice", "twice sum", "item", "first", "second"}) {
    storage->remove_task("arrays", task);
  }
  damage("arrays");
  warnings.clear();
  EXPECT_EQ(run(), expected);
  EXPECT_EQ(warnings.size(), 2u);
  for (const std::string& text : warnings) EXPECT_THAT(text, HasSubstr("chunk ("));
  EXPECT_THAT(storage->verify("arrays"), IsEmpty());
}

TEST_P(ArraysSuite, BytesAreKeptBesideThePickleToo) {
  storage->register_persistent_serializers(BytesSerializer({.threshold = 1000}));
  const Bytes large(std::string(5'000'000, 'x')), small(std::string(999, 'y'));
  storage->save("w", "t", std::vector{large, small, Bytes(std::string(1000, 'z'))});
  EXPECT_EQ(kept("w"), 2u);
  EXPECT_THAT(storage->verify("w"), IsEmpty());
  const auto read = storage->read_task<std::vector<Bytes>>("w", "t");
  EXPECT_TRUE(read[0] == large);
  EXPECT_TRUE(read[1] == small);
  damage("w");
  EXPECT_EQ(storage->verify("w").size(), 2u);
  EXPECT_THAT(
      error_of(Errc::corrupt, [&] { (void)storage->read_task<std::vector<Bytes>>("w", "t"); }),
      HasSubstr("SHA-1"));
  EXPECT_EQ(storage->remove_task("w", "t"), 1u);
  EXPECT_EQ(kept("w"), 0u);
}

}  // namespace
}  // namespace functionfuse::test
