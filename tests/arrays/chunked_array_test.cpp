#include "functionfuse/arrays/chunked_array.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <numeric>
#include <set>
#include <sstream>
#include <thread>

#include "functionfuse/error.hpp"

namespace ff = functionfuse;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

ff::ChunkedArray numbers(const ff::Shape& shape, const ff::Shape& chunks) {
  std::int64_t size = 1;
  for (auto n : shape) size *= n;
  std::vector<double> values(static_cast<std::size_t>(size));
  std::iota(values.begin(), values.end(), 0.0);
  return ff::ChunkedArray::from_array(ff::NdArray::from(std::move(values), shape), chunks);
}

/// Counts how often each chunk is made.
struct Counted {
  std::shared_ptr<std::mutex> mutex = std::make_shared<std::mutex>();
  std::shared_ptr<std::map<std::size_t, int>> calls = std::make_shared<std::map<std::size_t, int>>();

  ff::ChunkedArray array(const ff::Shape& shape, const ff::Shape& chunks) const {
    return ff::ChunkedArray::from_function<double>(
        shape, chunks, [mutex = mutex, calls = calls](std::span<double> values, const ff::Block& where) {
          {
            std::lock_guard lock(*mutex);
            ++(*calls)[where.number];
          }
          std::fill(values.begin(), values.end(), static_cast<double>(where.number + 1));
        });
  }
  int most() const {
    int n = 0;
    for (const auto& [chunk, count] : *calls) n = std::max(n, count);
    return n;
  }
};

template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const ff::Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST(ChunkedArray, ComputesWhatItWasMadeOf) {
  auto x = numbers({5, 7}, {2, 3});
  EXPECT_EQ(x.chunks(), ff::Chunks({{2, 2, 1}, {3, 3, 1}}));
  EXPECT_TRUE(equal(x.compute(), x.compute({.threads = 1})));
  EXPECT_EQ(x.compute().at<double>(4, 6), 34.0);
  EXPECT_EQ(x.compute_chunk({1, 2}).to_vector<double>(), (std::vector<double>{20, 27}));
}

TEST(ChunkedArray, RankZeroAndEmpty) {
  EXPECT_EQ(ff::ChunkedArray(3.5).compute_scalar<double>(), 3.5);
  EXPECT_EQ((ff::ChunkedArray(3) + 4).compute_scalar<int>(), 7);
  auto empty = ff::ChunkedArray::zeros({0, 3}, {1, 2});
  EXPECT_EQ(empty.compute().shape(), (ff::Shape{0, 3}));
  EXPECT_EQ(empty.sum().compute_scalar<double>(), 0.0);
  EXPECT_EQ((empty + 1).slice({{}, {1, 2}}).compute().shape(), (ff::Shape{0, 1}));
  EXPECT_EQ(ff::ChunkedArray().compute().shape(), (ff::Shape{0}));
}

TEST(ChunkedArray, ElementwiseOfArraysInOtherChunks) {
  auto x = numbers({4, 6}, {2, 3});
  auto y = numbers({4, 6}, {3, 6});
  auto sum = x + 2.0 * y - 1;
  EXPECT_EQ(sum.chunks(), ff::Chunks({{2, 1, 1}, {3, 3}}));
  auto values = sum.compute().to_vector<double>();
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], 3.0 * static_cast<double>(i) - 1);
  auto row = numbers({6}, {4});
  EXPECT_EQ((x * row).compute().at<double>(3, 5), 23.0 * 5);
  EXPECT_EQ((x > 11).compute().dtype(), ff::DType::of<bool>());
  EXPECT_EQ((x == 3).sum().compute_scalar<std::int64_t>(), 1);
}

TEST(ChunkedArray, ScalarsDoNotWiden) {
  auto x = ff::ChunkedArray::from_array(ff::NdArray::from(std::vector<std::uint8_t>{1, 255}), {1});
  EXPECT_EQ((x + 1).dtype(), ff::DType::of<std::uint8_t>());
  EXPECT_EQ((x + 1).compute().to_vector<int>(), (std::vector<int>{2, 0}));
  EXPECT_EQ((x + 300).dtype(), ff::DType::of<std::uint16_t>());
  EXPECT_EQ((x / 2).dtype(), ff::DType::of<double>());
}

TEST(ChunkedArray, AChunkIsMadeOnceForAllResults) {
  Counted made;
  auto x = made.array({8, 8}, {2, 2});
  auto results = ff::compute_all({x + 1, x.sum(), x.transpose() * x, x.rechunk({8, 1})});
  EXPECT_EQ(made.calls->size(), 16u);
  EXPECT_EQ(made.most(), 1);
  EXPECT_EQ(results[1].reshape({}).at<double>(), 4.0 * 16 * 17 / 2);
}

TEST(ChunkedArray, AChunkIsMadeOnceThoughTheLimitIsTight) {
  Counted made;
  auto x = made.array({512, 512}, {64, 64});  // 2 MiB in chunks of 32 KiB
  auto y = x + x.transpose();
  auto sink_values = y.compute({.memory_limit = 192 << 10, .threads = 2});
  EXPECT_EQ(made.most(), 1);
  EXPECT_EQ(sink_values.at<double>(0, 511), 8.0 + 57.0);
  EXPECT_EQ(sink_values.at<double>(511, 0), 8.0 + 57.0);
}

TEST(ChunkedArray, ASliceTouchesOnlyItsChunks) {
  Counted made;
  auto x = made.array({10, 10}, {2, 2});
  EXPECT_EQ(x.slice({{3, 4}, {.start = -1, .stop = -4, .step = -2}}).compute().to_vector<double>(),
            (std::vector<double>{10, 9}));
  EXPECT_EQ(made.calls->size(), 2u);
  EXPECT_EQ(x.take(-1, 1)[0].compute_scalar<double>(), 5.0);
  EXPECT_EQ(made.calls->size(), 3u);
}

TEST(ChunkedArray, TheLimitHolds) {
  std::atomic<std::int64_t> now = 0, most = 0;
  auto x = ff::ChunkedArray::from_function<double>(
      {64, 4096}, {1, 4096}, [&](std::span<double> values, const ff::Block&) {
        std::fill(values.begin(), values.end(), 1.0);
      });
  struct Sink : ff::ChunkSink {
    std::atomic<std::int64_t>&now, &most;
    Sink(std::atomic<std::int64_t>& n, std::atomic<std::int64_t>& m) : now(n), most(m) {}
    void write(std::size_t, const ff::NdArray& block) override {
      now += static_cast<std::int64_t>(block.nbytes());
      most = std::max(most.load(), now.load());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      now -= static_cast<std::int64_t>(block.nbytes());
    }
  } sink(now, most);
  x.store(sink, {.memory_limit = 80 << 10, .threads = 8});  // two chunks of 32 KiB
  EXPECT_LE(most.load(), 80 << 10);
  EXPECT_EQ(now.load(), 0);
}

TEST(ChunkedArray, AChunkBeyondTheLimitIsAnErrorBeforeAnythingRuns) {
  Counted made;
  auto x = made.array({1000, 1000}, {1000, 1000});
  auto what = error_of([&] { (void)(x + 1).compute({.memory_limit = 1 << 20}); });
  EXPECT_THAT(what, HasSubstr("memory limit is 1 MiB"));
  EXPECT_THAT(what, HasSubstr("rechunk"));
  EXPECT_EQ(made.calls->size(), 0u);
}

TEST(ChunkedArray, TheFirstErrorEndsIt) {
  auto x = ff::ChunkedArray::from_function<double>({1000}, {1}, [](std::span<double>, const ff::Block& where) {
    if (where.number == 17) throw std::runtime_error("chunk 17 is bad");
  });
  EXPECT_THROW((void)x.compute(), std::runtime_error);
  EXPECT_THROW((void)x.sum().compute(), std::runtime_error);
}

TEST(ChunkedArray, AFunctionMayCompute) {
  auto inner = numbers({100}, {10});
  auto x = ff::ChunkedArray::from_function<double>({8}, {1}, [inner](std::span<double> values, const ff::Block&) {
    values[0] = inner.sum().compute_scalar<double>();
  });
  EXPECT_EQ(x.sum().compute_scalar<double>(), 8 * 4950.0);
}

TEST(ChunkedArray, DeepGraphs) {
  auto x = numbers({4}, {2});
  for (int i = 0; i < 20000; ++i) x = x + 1;
  EXPECT_EQ(x.compute().at<double>(3), 20003.0);
}

TEST(ChunkedArray, ReductionsOverSomeAxes) {
  auto x = numbers({4, 6, 5}, {3, 2, 5});
  EXPECT_EQ(x.sum().compute_scalar<double>(), 119.0 * 120 / 2);
  EXPECT_EQ(x.sum({0, 2}).shape(), (ff::Shape{6}));
  EXPECT_EQ(x.mean({-1}, true).shape(), (ff::Shape{4, 6, 1}));
  EXPECT_EQ(x.max({1}).compute().at<double>(3, 4), 119.0);
  EXPECT_EQ(x.argmax().compute_scalar<std::int64_t>(), 119);
  EXPECT_EQ(x.argmin(1).compute().to_vector<int>(), std::vector<int>(20, 0));
  EXPECT_NEAR(x.std().compute_scalar<double>(), std::sqrt((120.0 * 120 - 1) / 12), 1e-9);
  EXPECT_TRUE((x >= 0).all().compute_scalar<bool>());
  EXPECT_THAT(error_of([&] { (void)x.sum({3}); }), HasSubstr("axis 3 is out of bounds"));
}

TEST(ChunkedArray, Matmul) {
  auto a = numbers({5, 4}, {2, 3}), b = numbers({4, 3}, {1, 2});
  auto c = matmul(a, b).compute();
  EXPECT_EQ(c.at<double>(4, 2), 16.0 * 2 + 17 * 5 + 18 * 8 + 19 * 11);
  EXPECT_THAT(error_of([&] { (void)matmul(a, a); }), HasSubstr("do not fit"));
}

TEST(ChunkedArray, ConcatenateAndStack) {
  auto x = numbers({2, 3}, {1, 2});
  EXPECT_EQ(ff::ChunkedArray::concatenate({x, x + 10}, 1).compute().to_vector<int>(),
            (std::vector<int>{0, 1, 2, 10, 11, 12, 3, 4, 5, 13, 14, 15}));
  EXPECT_EQ(ff::ChunkedArray::stack({x, x}, -1).shape(), (ff::Shape{2, 3, 2}));
  EXPECT_EQ(ff::ChunkedArray::stack({x, x}, -1).compute().at<double>(1, 2, 1), 5.0);
}

TEST(ChunkedArray, SetStoredReplacesWhatItIsMadeOf) {
  Counted made;
  auto x = made.array({6}, {2});
  auto y = x * 2;
  x.set_stored(ff::ChunkedArray::from_array(ff::NdArray::from(std::vector<double>{9, 8, 7, 6, 5, 4}), {4}));
  EXPECT_EQ(x.chunks(), ff::Chunks({{2, 2, 2}}));
  EXPECT_EQ(y.compute().to_vector<int>(), (std::vector<int>{18, 16, 14, 12, 10, 8}));
  EXPECT_TRUE(made.calls->empty());
}

TEST(ChunkedArray, MapBlocksGetsBlocksThatBelongTogether) {
  auto x = numbers({4, 4}, {2, 2});
  auto y = x.map_blocks<double, std::int64_t>(
      [](std::span<const double> in, std::span<std::int64_t> out, const ff::Block& where) {
        for (std::size_t i = 0; i < in.size(); ++i) {
          out[i] = static_cast<std::int64_t>(in[i]) * 100 + static_cast<std::int64_t>(where.number);
        }
      });
  EXPECT_EQ(y.compute().at<std::int64_t>(3, 3), 1503);
}

TEST(Chunks, ErrorsSayWhatFits) {
  EXPECT_THAT(error_of([] { ff::Chunks::regular({4, 4}, {2}); }), HasSubstr("one length for each axis"));
  EXPECT_THAT(error_of([] { ff::Chunks::regular({4}, {0}); }), HasSubstr("above 0"));
  EXPECT_THAT(error_of([] { ff::Chunks c(std::vector<std::vector<std::int64_t>>{{}}); }), HasSubstr("no chunks"));
  EXPECT_EQ(ff::Chunks::regular({1000}, {3}).to_string(), "((3, 3, 3, ..., 3, 3, 1),)");
}

TEST(ChunkedArray, AReductionOfLargeStatesStaysWithinTheLimit) {
  // 64 frames of 32 KiB; a state of std is 96 KiB, so that not even four fit.
  auto x = ff::ChunkedArray::from_function<double>({64, 64, 64}, {1, 64, 64}, [](std::span<double> values, const ff::Block& where) {
    std::fill(values.begin(), values.end(), static_cast<double>(where.number));
  });
  auto deviation = x.std({0}).compute({.memory_limit = 320 << 10, .threads = 2});
  EXPECT_NEAR(deviation.at<double>(63, 63), std::sqrt((64.0 * 64 - 1) / 12), 1e-12);
}

TEST(ChunkedArray, AFunctionThatReplacesItsBlockIsToldSo) {
  const auto x = numbers({8}, {4});
  const auto y = ff::ChunkedArray::map_blocks(
      [](std::span<const ff::NdArray> blocks, ff::NdArray& out, const ff::Block&) {
        out = blocks[0].astype(ff::DType::of<float>());
      },
      {x}, ff::DType::of<double>());
  EXPECT_THAT(error_of([&] { (void)y.compute(); }), HasSubstr(",) was made as an array of float32"));
  const auto z = ff::ChunkedArray::from_function(ff::DType::of<double>(), ff::Chunks::regular({8}, {4}),
                                                 [](ff::NdArray& out, const ff::Block&) { out = ff::NdArray(ff::DType::of<double>(), {1000}); });
  EXPECT_THAT(error_of([&] { (void)z.compute(); }), HasSubstr("to be of float64 and shape (4,)"));
}

TEST(ChunkedArray, DeepViewsOfMemory) {
  auto x = numbers({4, 3}, {2, 3});
  for (int i = 0; i < 100'001; ++i) x = x.transpose();
  EXPECT_EQ(x.compute().at<double>(2, 3), 11.0);
}

TEST(ChunkedArray, WrittenAsInNumpy) {
  auto x = ff::ChunkedArray::arange(0, 12, 1, 5);
  EXPECT_EQ(x.dtype(), ff::DType::of<std::int64_t>());
  EXPECT_EQ(ff::ChunkedArray::arange(0, 1, 0.25, 2).compute().to_vector<double>(),
            (std::vector<double>{0, 0.25, 0.5, 0.75}));
  EXPECT_EQ(x.sum(0).compute_scalar<int>(), 66);
  EXPECT_EQ(x.sum(-1, true).shape(), (ff::Shape{1}));
  EXPECT_EQ(numbers({3, 4}, {2, 2}).sum({0, 1}).compute_scalar<double>(), 66.0);
  EXPECT_EQ(numbers({3, 4}, {2, 2}).sum().compute_scalar<double>(), 66.0);
  EXPECT_EQ(numbers({3, 4}, {2, 2}).sum({}).compute_scalar<double>(), 66.0);
  EXPECT_EQ(numbers({3, 4}, {2, 2}).mean({1}).compute().to_vector<double>(), (std::vector<double>{1.5, 5.5, 9.5}));
  auto copy = x;
  x += 1;
  x *= 2;
  EXPECT_EQ(x.sum().compute_scalar<int>(), 156);
  EXPECT_EQ(copy.sum().compute_scalar<int>(), 66);
  EXPECT_EQ(numbers({4, 4}, {2, 2}).rechunk({{1, 3}, {4}}).chunks(), ff::Chunks({{1, 3}, {4}}));
  EXPECT_EQ(x.rechunk({{1, 2, 9}}).chunks(), ff::Chunks({{1, 2, 9}}));
  EXPECT_EQ(x.rechunk({5}).chunks(), ff::Chunks({{5, 5, 2}}));
  EXPECT_EQ(numbers({4, 4}, {2, 2}).rechunk({4, 1}).chunks(), ff::Chunks({{4}, {1, 1, 1, 1}}));
}

TEST(ChunkedArray, OfTemporariesAndWholes) {
  static_assert(!std::is_assignable_v<ff::ChunkedArray, int>, "x[0] = 5 would change nothing");
  auto x = numbers({2, 3}, {2, 2});
  EXPECT_EQ(x.transpose({-1, 0}).shape(), (ff::Shape{3, 2}));
  EXPECT_EQ(x.sum(std::vector<int>{0, 1}).compute_scalar<double>(), 15.0);
  EXPECT_THAT(error_of([&] { (void)x.compute_scalar<double>(); }), HasSubstr("has 6 elements"));
  std::ostringstream text;
  text << x << x.sum().compute();
  EXPECT_EQ(text.str(), x.repr() + x.sum().compute().repr());
  EXPECT_EQ(ff::ChunkedArray::from_array(ff::NdArray::from(std::vector<double>(4)), {{1, 3}}).chunks(), ff::Chunks({{1, 3}}));
}

TEST(ChunkedArray, AnOperandThatIsThereTwiceIsMadeOnce) {
  Counted counted;
  auto x = counted.array({8}, {2});
  EXPECT_EQ((x * x).compute().to_vector<double>(), (std::vector<double>{1, 1, 4, 4, 9, 9, 16, 16}));
  auto sum = ff::ChunkedArray::map_blocks(
      [](std::span<const ff::NdArray> blocks, ff::NdArray& out, const ff::Block&) {
        ASSERT_EQ(blocks.size(), 3u);
        for (std::size_t i = 0; i < out.size(); ++i) {
          out.mutable_view<double>()[i] =
              blocks[0].view<double>()[i] + 10 * blocks[1].view<double>()[i] + 100 * blocks[2].view<double>()[i];
        }
      },
      {x, ff::ChunkedArray::zeros({8}, {2}) + 5, x}, ff::DType::of<double>());
  EXPECT_EQ(sum.compute().at<double>(7), 454.0);
  EXPECT_EQ(counted.most(), 2);  // once in each of the two evaluations
}

TEST(ChunkedArray, WantingFewOfVeryManyChunksCostsLittle) {
  auto x = ff::ChunkedArray::from_function<double>(
      {10'000'000, 10'000'000}, {100, 100},
      [](std::span<double> values, const ff::Block& where) { std::ranges::fill(values, where.number); });
  auto y = x + 1;
  auto part = (y + y.slice({{}})).slice({{5'000'000, 5'000'003}, {7, 8}});
  EXPECT_EQ(part.compute().to_vector<double>(), (std::vector<double>(3, 10'000'000'002)));
}

/// In memory only from its second chunk on.
class HalfSource : public ff::ChunkSource {
 public:
  HalfSource() : ChunkSource(ff::DType::of<double>(), ff::Chunks({{3, 3}})) {}
  void read(std::size_t number, ff::NdArray& block) const override {
    std::ranges::fill(block.mutable_view<double>(), static_cast<double>(number));
  }
  bool view(std::size_t number, ff::NdArray& block) const override {
    if (number == 0) block = ff::NdArray::from(std::vector<double>(3, 0.0));
    return number == 0;
  }
};

TEST(ChunkedArray, ASourceMaySeeSomeOfItsChunksInMemory) {
  ff::ChunkedArray x(std::make_shared<HalfSource>());
  EXPECT_EQ(x.compute().to_vector<double>(), (std::vector<double>{0, 0, 0, 1, 1, 1}));
  EXPECT_THAT(error_of([&] { (void)x.compute({.memory_limit = 8}); }), HasSubstr("memory limit is 8 bytes"));
}

TEST(ChunkedArray, WhatMakesNoSenseIsAnError) {
  auto x = numbers({4}, {2});
  EXPECT_THAT(error_of([&] { x.set_stored(x + 1); }), HasSubstr("is made of that array itself"));
  EXPECT_THAT(error_of([&] { x.set_stored(x); }), HasSubstr("is made of that array itself"));
  EXPECT_EQ(x.compute().at<double>(3), 3.0);
  EXPECT_THAT(error_of([&] { (void)ff::ChunkedArray(1.0).compute_chunk({3}); }), HasSubstr("no chunk (3,)"));
  EXPECT_THAT(error_of([&] { (void)x.compute_chunk({}); }), HasSubstr("no chunk ()"));
  EXPECT_THAT(error_of([&] { (void)ff::ChunkedArray::map_blocks({}, {x}, x.dtype()); }), HasSubstr("function is empty"));
  EXPECT_THAT(error_of([&] { (void)ff::ChunkedArray(std::shared_ptr<const ff::ChunkSource>()); }), HasSubstr("is null"));
  EXPECT_THAT(error_of([&] { (void)x.field("a"); }), HasSubstr("shape=(4,)"));
}

TEST(ChunkedArray, AChunkBeyondTheLimitIsNamed) {
  auto x = ff::ChunkedArray::from_function<double>({1 << 20}, {1 << 19}, [](std::span<double>, const ff::Block&) {});
  EXPECT_THAT(error_of([&] { (void)x.sum().compute({.memory_limit = 1 << 20}); }), HasSubstr("of shape (524288,)"));
}

TEST(ChunkedArray, TemporaryFilesSayWhyTheyAreThere) {
  ASSERT_EQ(::setenv("TMPDIR", "/nowhere", 1), 0);
  auto x = ff::ChunkedArray::from_function<double>(
      {1 << 20}, {1 << 14}, [](std::span<double> v, const ff::Block&) { std::ranges::fill(v, 1.0); });
  const std::string text = error_of([&] { (void)(x - x.mean()).sum().compute({.memory_limit = 2 << 20}); });
  ASSERT_EQ(::unsetenv("TMPDIR"), 0);
  EXPECT_THAT(text, HasSubstr("/nowhere"));
  EXPECT_THAT(text, HasSubstr("do not fit the memory limit of 2 MiB"));
}

TEST(ChunkedArray, MoreThreadsThanCoresInSeveralEvaluations) {
  testing::internal::CaptureStderr();
  auto x = ff::ChunkedArray::from_function<double>(
      {1 << 16}, {1 << 8}, [](std::span<double> v, const ff::Block&) { std::ranges::fill(v, 1.0); });
  std::vector<std::jthread> threads;
  for (unsigned n = 1; n <= 4; ++n) {
    threads.emplace_back([&x, n] { EXPECT_EQ(x.sum().compute_scalar<double>({.threads = 8 * n}), 1 << 16); });
  }
  threads.clear();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Chunks, TooManyElementsAreAnError) {
  EXPECT_THAT(error_of([] { ff::Chunks::regular({std::int64_t{1} << 40, std::int64_t{1} << 40}, {-1, -1}); }),
              HasSubstr("too many elements"));
}
