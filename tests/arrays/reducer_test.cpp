// Values are compared with numpy in kernels_numpy_test.py. Here: types, states, errors and
// accuracy.

#include "arrays/kernels/reducer.hpp"

#include <cmath>
#include <complex>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functionfuse/error.hpp>

namespace ff = functionfuse;
using namespace ff::detail;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string error_of(const std::function<void()>& f, ff::Errc code) {
  try {
    f();
  } catch (const ff::Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  return "no error";
}

template <class T>
ff::NdArray array(std::vector<T> values, const ff::Shape& shape) {
  return ff::NdArray::from(std::move(values), shape);
}
ff::NdArray array(std::vector<double> values) { return ff::NdArray::from(std::move(values)); }

ff::Shape kept(ff::Shape shape, const std::vector<bool>& reduced) {
  for (std::size_t d = 0; d < shape.size(); ++d) shape[d] = reduced[d] ? 1 : shape[d];
  return shape;
}

ff::NdArray state_of(const Reducer& reducer, const ff::NdArray& chunk,
                     const std::vector<bool>& reduced, const ff::Shape& origin) {
  ff::NdArray state = ff::NdArray::empty(reducer.state_dtype(), kept(chunk.shape(), reduced));
  reducer.partial(chunk, origin, state);
  return state;
}

ff::NdArray result_of(const Reducer& reducer, const ff::NdArray& state) {
  ff::NdArray result = ff::NdArray::empty(reducer.result_dtype(), state.shape());
  reducer.finish(state, result);
  return result;
}

ff::NdArray reduced(Reduction r, const ff::NdArray& a, const std::vector<bool>& axes,
                    std::int64_t ddof = 0) {
  const Reducer reducer(r, a.dtype(), a.shape(), axes, ddof);
  return result_of(reducer, state_of(reducer, a, axes, ff::Shape(a.ndim())));
}

template <class T>
T all_of(Reduction r, const ff::NdArray& a, std::int64_t ddof = 0) {
  return reduced(r, a, std::vector<bool>(a.ndim(), true), ddof).template to_vector<T>().at(0);
}

std::string result_type(Reduction r, const char* input) {
  return Reducer(r, ff::DType::parse(input), {3}, {true}).result_dtype().name();
}

TEST(ReducerTest, ResultTypes) {
  EXPECT_EQ(result_type(Reduction::sum, "b1"), "int64");
  EXPECT_EQ(result_type(Reduction::sum, ">i2"), "int64");
  EXPECT_EQ(result_type(Reduction::sum, "u4"), "uint64");
  EXPECT_EQ(result_type(Reduction::sum, "f2"), "float16");
  EXPECT_EQ(result_type(Reduction::mean, "i8"), "float64");
  EXPECT_EQ(result_type(Reduction::mean, "c8"), "complex64");
  EXPECT_EQ(result_type(Reduction::var, "c8"), "float32");
  EXPECT_EQ(result_type(Reduction::std, "f4"), "float32");
  EXPECT_EQ(result_type(Reduction::max, ">f2"), "float16");
  EXPECT_EQ(result_type(Reduction::argmax, "b1"), "int64");
  EXPECT_EQ(result_type(Reduction::all, "f8"), "bool");
}

TEST(ReducerTest, RefusesWhatItCannot) {
  const auto reducer = [](Reduction r, const char* dtype, const ff::Shape& shape,
                          const std::vector<bool>& axes) {
    return [=] { const Reducer made(r, ff::DType::parse(dtype), shape, axes); };
  };
  EXPECT_THAT(error_of(reducer(Reduction::sum, "U3", {2}, {true}), ff::Errc::unsupported),
              HasSubstr("sum of <U3: only numbers"));
  EXPECT_THAT(error_of(reducer(Reduction::mean, "f16", {2}, {true}), ff::Errc::unsupported),
              HasSubstr("astype to float64"));
  EXPECT_THAT(
      error_of(reducer(Reduction::min, "f8", {2, 0}, {false, true}), ff::Errc::invalid_argument),
      HasSubstr("min: an array of shape (2, 0) has no elements"));
  EXPECT_THAT(error_of(reducer(Reduction::argmin, "f8", {2, 3, 4}, {true, false, true}),
                       ff::Errc::invalid_argument),
              HasSubstr("argmin: of 2 of 3 axes"));
  EXPECT_THAT(error_of(reducer(Reduction::sum, "f8", {2, 3}, {true}), ff::Errc::invalid_argument),
              HasSubstr("one flag for each axis"));
}

TEST(ReducerTest, RefusesAStateOfAnotherShape) {
  const Reducer reducer(Reduction::sum, ff::DType(), {2, 3}, {true, false});
  ff::NdArray state(ff::DType(), {2, 1});
  EXPECT_THAT(error_of(
                  [&] {
                    reducer.partial(ff::NdArray(ff::DType(), {2, 3}), {0, 0}, state);
                  },
                  ff::Errc::invalid_argument),
              HasSubstr("elements of shape (2, 3) do not go into a state of shape (2, 1)"));
}

TEST(ReducerTest, SumsOfIntegersWrap) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(all_of<std::int64_t>(Reduction::sum, array<std::int64_t>({most, 1}, {2})), -most - 1);
  EXPECT_EQ(all_of<std::int64_t>(Reduction::sum, array<std::int8_t>({127, 127, -1}, {3})), 253);
  EXPECT_EQ(all_of<std::int64_t>(Reduction::sum, ff::NdArray::from(std::vector<bool>(1000, true))),
            1000);
}

TEST(ReducerTest, NothingAndRankZero) {
  EXPECT_EQ(all_of<double>(Reduction::sum, array({})), 0);
  EXPECT_TRUE(std::isnan(all_of<double>(Reduction::mean, array({}))));
  EXPECT_TRUE(std::isnan(all_of<double>(Reduction::var, array({1}), 1)));
  EXPECT_FALSE(all_of<bool>(Reduction::any, array({})));
  EXPECT_TRUE(all_of<bool>(Reduction::all, array({})));
  EXPECT_EQ(all_of<double>(Reduction::sum, ff::NdArray::scalar(2.5)), 2.5);
  EXPECT_EQ(all_of<std::int64_t>(Reduction::argmax, ff::NdArray::scalar(2.5)), 0);
}

TEST(ReducerTest, NanGoesOn) {
  const ff::NdArray a = array({1, kNan, 0, kNan});
  EXPECT_TRUE(std::isnan(all_of<double>(Reduction::min, a)));
  EXPECT_TRUE(std::isnan(all_of<double>(Reduction::max, a)));
  EXPECT_EQ(all_of<std::int64_t>(Reduction::argmin, a), 1);
  EXPECT_EQ(all_of<std::int64_t>(Reduction::argmax, a), 1);
  EXPECT_TRUE(all_of<bool>(Reduction::any, array({0, kNan})));
  EXPECT_TRUE(all_of<bool>(Reduction::all, array({1, kNan})));
}

// Chunks may be merged only in the order of the array, but a chunk is walked in the order of
// memory.
TEST(ReducerTest, TheFirstOfEqualsIsFound) {
  const ff::NdArray a = array<double>({0, 5, 1, 5, 5, 2}, {2, 3});
  EXPECT_EQ(all_of<std::int64_t>(Reduction::argmax, a), 1);
  EXPECT_EQ(all_of<std::int64_t>(Reduction::argmax, a.transpose()), 1);
  EXPECT_THAT(reduced(Reduction::argmax, a, {true, false}).to_vector<int>(), ElementsAre(1, 0, 1));
  EXPECT_THAT(reduced(Reduction::argmax, a, {false, true}).to_vector<int>(), ElementsAre(1, 0));
}

TEST(ReducerTest, PositionsAreThoseInTheWholeArray) {
  const std::vector<bool> axes{true, true};
  const Reducer reducer(Reduction::argmin, ff::DType(), {4, 6}, axes);
  ff::NdArray state = state_of(reducer, array<double>({3, 2, 3, 3}, {2, 2}), axes, {0, 4});
  EXPECT_THAT(result_of(reducer, state).to_vector<int>(), ElementsAre(5));
  const ff::NdArray next = state_of(reducer, array<double>({2, 1, 1, 2}, {2, 2}), axes, {2, 0});
  reducer.merge(state, next);
  EXPECT_THAT(result_of(reducer, state).to_vector<int>(), ElementsAre(13));
}

TEST(ReducerTest, PiecesGiveWhatTheWholeGives) {
  std::vector<double> values(60);
  std::iota(values.begin(), values.end(), 1.0);
  const ff::NdArray a = ff::NdArray::from(std::move(values), {6, 10});
  for (const bool along : {true, false}) {
    const std::vector<bool> axes{along, !along};
    const Reducer reducer(Reduction::sum, a.dtype(), a.shape(), axes);
    ff::NdArray state = ff::NdArray::empty(reducer.state_dtype(), kept(a.shape(), axes));
    reducer.begin(state);
    for (std::int64_t row = 0; row < 6; row += 2) {
      ff::NdArray part = along ? state : state.slice({{row, row + 2}});
      reducer.add(a.slice({{row, row + 2}}), {row, 0}, part);
    }
    EXPECT_EQ(result_of(reducer, state).to_vector<double>(),
              reduced(Reduction::sum, a, axes).to_vector<double>());
  }
}

TEST(ReducerTest, ChunksWithoutElementsChangeNothing) {
  for (const Reduction r :
       {Reduction::sum, Reduction::min, Reduction::var, Reduction::argmax, Reduction::all}) {
    const Reducer reducer(r, ff::DType(), {3}, {true});
    ff::NdArray state = state_of(reducer, array({}), {true}, {0});
    reducer.merge(state, state_of(reducer, array({4, 6, 2}), {true}, {0}));
    reducer.merge(state, state_of(reducer, array({}), {true}, {3}));
    EXPECT_EQ(result_of(reducer, state).to_vector<double>(),
              reduced(r, array({4, 6, 2}), {true}).to_vector<double>())
        << name(r);
  }
}

TEST(ReducerTest, SumsAreAsExactAsPairwiseOnes) {
  const std::vector<double> tenths(1 << 20, 0.1);
  const double exact = 0.1 * (1 << 20);  // a power of two: 0.1's own error, and no other
  EXPECT_NEAR(all_of<double>(Reduction::sum, ff::NdArray::from(tenths)), exact, 1e-9);
  const ff::NdArray floats = ff::NdArray::from(std::vector<float>(1 << 20, 0.1F));
  EXPECT_EQ(all_of<float>(Reduction::sum, floats), 0.1F * (1 << 20));
}

TEST(ReducerTest, VarianceDoesNotCancel) {
  std::vector<double> values(10000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1e9 + static_cast<double>(i % 2);
  const ff::NdArray a = ff::NdArray::from(std::move(values));
  EXPECT_DOUBLE_EQ(all_of<double>(Reduction::var, a), 0.25);
  EXPECT_DOUBLE_EQ(all_of<double>(Reduction::std, a), 0.5);
  EXPECT_NEAR(all_of<double>(Reduction::var, a, 1), 0.25 * 10000 / 9999, 1e-12);
  EXPECT_THAT(reduced(Reduction::var, a.reshape({5000, 2}), {true, false}).to_vector<double>(),
              ElementsAre(0, 0));
}

TEST(ReducerTest, EqualInputGivesEqualBits) {
  std::vector<double> values(5000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<double>(i));
  const ff::NdArray a = ff::NdArray::from(std::move(values), {50, 100});
  for (const Reduction r : {Reduction::sum, Reduction::var, Reduction::argmin}) {
    const Reducer reducer(r, a.dtype(), a.shape(), {true, true});
    const ff::NdArray first = state_of(reducer, a, {true, true}, {0, 0});
    const ff::NdArray second = state_of(reducer, a.copy(), {true, true}, {0, 0});
    EXPECT_EQ(first.tobytes(), second.tobytes()) << name(r);
  }
}

TEST(ReducerTest, AnyByteButZeroIsTrue) {
  const std::vector<std::uint8_t> bytes{0, 2, 255, 1};
  const ff::NdArray a = ff::NdArray::from(bytes).reinterpret(ff::DType::of<bool>());
  EXPECT_EQ(all_of<int>(Reduction::sum, a), 3);
  EXPECT_EQ(all_of<double>(Reduction::mean, a), 0.75);
  EXPECT_EQ(all_of<int>(Reduction::argmax, a), 1);
  EXPECT_EQ(all_of<double>(Reduction::var, a), 0.1875);
  EXPECT_TRUE(all_of<bool>(Reduction::max, a));
  EXPECT_FALSE(all_of<bool>(Reduction::min, a));
}

}  // namespace
