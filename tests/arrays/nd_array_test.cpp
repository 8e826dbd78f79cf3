// Elements, views, conversions and text are compared with numpy in numpy_test.py. Here: the C++
// side, ownership, limits, and what numpy does not do.

#include <cmath>
#include <complex>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functionfuse/arrays/half.hpp>
#include <functionfuse/arrays/nd_array.hpp>
#include <functionfuse/error.hpp>

namespace ff = functionfuse;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const ff::Error& error) {
    return error.what();
  }
  return "no error";
}

ff::Errc code_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const ff::Error& error) {
    return error.code();
  }
  return ff::Errc::io;
}

ff::NdArray counted(const ff::Shape& shape) {
  std::size_t size = 1;
  for (const auto length : shape) size *= static_cast<std::size_t>(length);
  std::vector<double> values(size);
  std::iota(values.begin(), values.end(), 0.0);
  return ff::NdArray::from(std::move(values), shape);
}

TEST(NdArrayTest, ZerosAreZero) {
  for (const std::int64_t length : {0, 1, 1000, 1 << 20}) {
    const ff::NdArray a(ff::DType::of<double>(), {length});
    EXPECT_EQ(a.size(), static_cast<std::size_t>(length));
    for (const double x : a.view<double>()) ASSERT_EQ(x, 0);
  }
  EXPECT_EQ(ff::NdArray().repr(), "array([], dtype=float64)");
}

TEST(NdArrayTest, MemoryIsAligned) {
  const auto address = [](const ff::NdArray& a) {
    return reinterpret_cast<std::uintptr_t>(a.data());
  };
  EXPECT_EQ(address(ff::NdArray(ff::DType(), {3})) % 64, 0U);
  for (const std::int64_t bytes : {4 << 20, (4 << 20) + 1, 9 << 20}) {
    ff::NdArray a = ff::NdArray::empty(ff::DType::of<std::byte>(), {bytes});
    EXPECT_EQ(address(a) % (2 << 20), 0U);
    std::memset(a.mutable_data(), 1, a.nbytes());
  }
}

TEST(NdArrayTest, AdoptsAVectorWithoutCopying) {
  std::vector<float> values = {1, 2, 3, 4};
  const void* where = values.data();
  const ff::NdArray a = ff::NdArray::from(std::move(values), {2, 2});
  EXPECT_EQ(a.data(), where);
  EXPECT_TRUE(a.writable());
  const ff::NdArray row = ff::NdArray(a)[1];
  EXPECT_THAT(row.to_vector<int>(), ElementsAre(3, 4));
  EXPECT_EQ(row.data(), a.data() + 8);
}

TEST(NdArrayTest, CopiesAVectorAndASpan) {
  const std::vector<int> values = {1, 2, 3, 4, 5, 6};
  const ff::NdArray a = ff::NdArray::from(values);
  EXPECT_NE(static_cast<const void*>(a.data()), values.data());
  EXPECT_THAT(a.view<int>(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(ff::NdArray::from(std::span<const int>(values), {3, 2}).at<int>(2, 0), 5);
  EXPECT_THAT(ff::NdArray::from(std::vector<bool>{true, false}).to_vector<bool>(),
              ElementsAre(true, false));
  EXPECT_EQ(ff::NdArray::scalar(2.5).at<double>(), 2.5);
  EXPECT_EQ(ff::NdArray::from(std::vector<int>{}).size(), 0U);
  EXPECT_THAT(error_of([&] { ff::NdArray::from(std::span<const int>(values), {4}); }),
              HasSubstr("shape (4,) from 6 values"));
  EXPECT_THAT(error_of([&] { ff::NdArray::from(std::vector<int>(values), {4}); }),
              HasSubstr("needs 16 bytes, 24 are given"));
}

TEST(NdArrayTest, CopiesShareElements) {
  ff::NdArray a = counted({2, 3});
  ff::NdArray b = a;
  b.mutable_view<double>()[0] = 42;
  EXPECT_EQ(a.at<double>(0, 0), 42);
  EXPECT_EQ(a.transpose().at<double>(0, 0), 42);
  EXPECT_EQ(a.copy().at<double>(0, 0), 42);
  EXPECT_NE(a.copy().data(), a.data());
}

TEST(NdArrayTest, SizesAreChecked) {
  const auto bytes = [](const char* dtype, const ff::Shape& shape) {
    return ff::NdArray::nbytes_of(ff::DType::parse(dtype), shape);
  };
  EXPECT_EQ(bytes("f8", {}), 8U);
  EXPECT_EQ(bytes("f8", {2, 0, 3}), 0U);
  EXPECT_EQ(bytes("V0", {1LL << 62}), 0U);
  const std::vector<std::pair<const char*, ff::Shape>> impossible = {
      {"f8", {-1}},
      {"f8", {1LL << 60}},
      {"f8", {1LL << 32, 1LL << 32}},
      {"f8", {1LL << 32, 1LL << 32, 0}},
      {"V0", {1LL << 32, 1LL << 32}},
      {"f8", ff::Shape(33, 1)},
  };
  for (const auto& pair : impossible) {
    const char* dtype = pair.first;
    const ff::Shape& shape = pair.second;
    EXPECT_EQ(code_of([&] { bytes(dtype, shape); }), ff::Errc::invalid_argument);
    EXPECT_EQ(code_of([&] { ff::NdArray(ff::DType::parse(dtype), shape); }),
              ff::Errc::invalid_argument);
  }
  EXPECT_THAT(error_of([] { ff::NdArray::empty(ff::DType(), {1LL << 59}); }),
              HasSubstr("no memory for an array of 4611686018427387904 bytes"));
}

TEST(NdArrayTest, BufferMustFitExactly) {
  const std::vector<std::byte> bytes(24);
  const auto make = [&](ff::Shape shape) {
    return ff::NdArray::from_buffer(ff::DType(), std::move(shape), 'C', bytes, nullptr);
  };
  EXPECT_EQ(make({3}).size(), 3U);
  EXPECT_FALSE(make({3}).writable());
  EXPECT_THAT(error_of([&] { make({4}); }), HasSubstr("needs 32 bytes, 24 are given"));
  EXPECT_THAT(error_of([&] { make({2}); }), HasSubstr("needs 16 bytes"));
  EXPECT_EQ(code_of([&] { (void)make({3}).mutable_data(); }), ff::Errc::invalid_argument);
  EXPECT_EQ(code_of([&] { (void)make({3}).mutable_view<double>(); }), ff::Errc::invalid_argument);
  EXPECT_TRUE(make({3}).copy().writable());
}

TEST(NdArrayTest, SubarrayBecomesDimensions) {
  const ff::DType sub = ff::DType::subarray(ff::DType::subarray(ff::DType(), {2}), {3});
  const ff::NdArray a(sub, {4});
  EXPECT_EQ(a.shape(), ff::Shape({4, 3, 2}));
  EXPECT_EQ(a.strides(), ff::Shape({48, 16, 8}));
  EXPECT_EQ(a.dtype(), ff::DType());
  EXPECT_EQ(code_of([&] { ff::NdArray(sub, ff::Shape(31, 1)); }), ff::Errc::invalid_argument);
}

TEST(NdArrayTest, IndexesAreChecked) {
  const ff::NdArray a = counted({2, 3});
  EXPECT_EQ(a[1][2].at<int>(), 5);
  EXPECT_EQ(a.at<float>(1, 2), 5);
  EXPECT_EQ(a.at<std::complex<float>>(1, 2), 5.0F);
  EXPECT_THAT(error_of([&] { (void)a.at<double>(2, 0); }), HasSubstr("(2, 0) is out of range"));
  EXPECT_THAT(error_of([&] { (void)a.at<double>(0, -1); }), HasSubstr("(0, -1) is out of range"));
  EXPECT_THAT(error_of([&] { (void)a.at<double>(0); }), HasSubstr("1 indices"));
  EXPECT_THAT(error_of([&] { (void)a[2]; }), HasSubstr("index 2"));
  EXPECT_THAT(error_of([&] { (void)a.at<double>(0, 0, 0); }), HasSubstr("3 indices"));
  EXPECT_THAT(error_of([&] { (void)ff::NdArray::scalar(1)[0]; }), HasSubstr("no axis"));
  EXPECT_EQ(code_of([&] { (void)a.element_repr(6); }), ff::Errc::invalid_argument);
  EXPECT_EQ(a.element_as_double(5), 5);
  EXPECT_EQ(a.transpose().element_as_double(1), 3);
}

TEST(NdArrayTest, Reshapes) {
  const ff::NdArray a = counted({2, 6});
  EXPECT_EQ(a.reshape({3, -1}).shape(), ff::Shape({3, 4}));
  EXPECT_EQ(a.reshape({3, 4}).data(), a.data());
  EXPECT_THAT(a.transpose().reshape({-1}).slice({{0, 3}}).to_vector<int>(), ElementsAre(0, 6, 1));
  EXPECT_EQ(ff::NdArray::scalar(1).reshape({1, 1}).shape(), ff::Shape({1, 1}));
  EXPECT_EQ(counted({1}).reshape({}).ndim(), 0U);
  for (const ff::Shape& shape : {ff::Shape{5}, {-1, -1}, {5, -1}, {0, -1}, {-2}}) {
    EXPECT_EQ(code_of([&] { (void)a.reshape(shape); }), ff::Errc::invalid_argument);
  }
}

TEST(NdArrayTest, TransposeNeedsAPermutation) {
  const ff::NdArray a = counted({2, 3, 4});
  EXPECT_EQ(a.transpose({2, 0, 1}).shape(), ff::Shape({4, 2, 3}));
  for (const std::vector<std::size_t>& axes :
       {std::vector<std::size_t>{0, 1}, {0, 0, 1}, {0, 1, 3}}) {
    EXPECT_EQ(code_of([&] { (void)a.transpose(axes); }), ff::Errc::invalid_argument);
  }
}

TEST(NdArrayTest, SlicesAsPythonDoes) {
  const ff::NdArray a = counted({10});
  EXPECT_THAT(a.slice({{2, 8, 3}}).to_vector<int>(), ElementsAre(2, 5));
  EXPECT_THAT(a.slice({{{}, {}, -4}}).to_vector<int>(), ElementsAre(9, 5, 1));
  EXPECT_THAT(a.slice({{-2, {}}}).to_vector<int>(), ElementsAre(8, 9));
  EXPECT_EQ(a.slice({{8, 2}}).size(), 0U);
  EXPECT_EQ(a.slice({{5, {}, std::numeric_limits<std::int64_t>::max()}}).size(), 1U);
  EXPECT_EQ(a.slice({{5, {}, std::numeric_limits<std::int64_t>::min()}}).size(), 1U);
  EXPECT_THAT(error_of([&] { (void)a.slice({{0, 1, 0}}); }), HasSubstr("step is 0"));
  EXPECT_THAT(error_of([&] { (void)a.slice({{}, {}}); }), HasSubstr("2 slices"));
}

TEST(NdArrayTest, ContiguousWithoutCopyingWhereItIs) {
  const ff::NdArray a = counted({3, 4});
  EXPECT_EQ(a.ascontiguous().data(), a.data());
  EXPECT_EQ(a.transpose().ascontiguous('F').data(), a.data());
  const ff::NdArray f = a.ascontiguous('F');
  EXPECT_TRUE(f.is_f_contiguous());
  EXPECT_FALSE(f.is_c_contiguous());
  EXPECT_EQ(f.tobytes(), a.tobytes());
  EXPECT_TRUE(equal(a, f));
  EXPECT_EQ(code_of([&] { (void)a.ascontiguous('K'); }), ff::Errc::invalid_argument);
}

TEST(NdArrayTest, LargeTransposesAreRight) {
  for (const char* dtype : {"u1", "u2", "f4", "f8", "c16", "V12", "V70"}) {
    const std::int64_t rows = 131, planes = 3, columns = 197;
    ff::NdArray a = ff::NdArray::empty(ff::DType::parse(dtype), {rows, planes, columns});
    for (std::size_t i = 0; i < a.nbytes(); ++i) {
      a.mutable_data()[i] = static_cast<std::byte>(i * 31 + i / 251);
    }
    const ff::NdArray t = a.transpose();
    const std::vector<std::byte> bytes = t.tobytes();
    const std::size_t size = a.dtype().itemsize();
    std::size_t at = 0;
    for (std::int64_t c = 0; c < columns; ++c) {
      for (std::int64_t p = 0; p < planes; ++p) {
        for (std::int64_t r = 0; r < rows; ++r, at += size) {
          ASSERT_EQ(std::memcmp(bytes.data() + at, a[r][p][c].data(), size), 0) << dtype;
        }
      }
    }
  }
}

TEST(NdArrayTest, ViewSaysWhatToCallInstead) {
  const ff::NdArray a = counted({2, 3});
  const auto error = [](const ff::NdArray& array) {
    return error_of([&] { (void)array.view<double>(); });
  };
  EXPECT_THAT(error(a.astype(ff::DType::of<float>())), HasSubstr("to_vector<T>() or astype()"));
  EXPECT_THAT(error(a.astype(ff::DType::parse(">f8"))), HasSubstr("to_vector<T>() or astype()"));
  EXPECT_THAT(error(a.transpose()), HasSubstr("call ascontiguous() first"));
  std::vector<std::byte> bytes(17);
  const auto* odd = const_cast<const std::byte*>(bytes.data()) + 1;
  const ff::NdArray unaligned = ff::NdArray::view(ff::DType(), {2}, {8}, odd, nullptr);
  EXPECT_THAT(error(unaligned), HasSubstr("call copy() first"));
  EXPECT_THAT(unaligned.to_vector<double>(), ElementsAre(0, 0));
  EXPECT_THAT(unaligned.astype(ff::DType::of<int>()).view<int>(), ElementsAre(0, 0));
  const ff::NdArray date(ff::DType::parse("M8[s]"), {1});
  EXPECT_THAT(error_of([&] { (void)date.view<std::int64_t>(); }), HasSubstr("reinterpret()"));
  EXPECT_EQ(date.reinterpret(ff::DType::of<std::int64_t>()).view<std::int64_t>()[0], 0);
  EXPECT_EQ(code_of([&] { (void)date.reinterpret(ff::DType::of<int>()); }),
            ff::Errc::invalid_argument);
}

TEST(NdArrayTest, BoolsThatAreNeitherZeroNorOne) {
  const std::vector<std::byte> bytes = {std::byte{0}, std::byte{1}, std::byte{7}};
  const ff::NdArray a = ff::NdArray::from_buffer(ff::DType::of<bool>(), {3}, 'C', bytes, nullptr);
  EXPECT_EQ(code_of([&] { (void)a.view<bool>(); }), ff::Errc::type_mismatch);
  EXPECT_THAT(a.slice({{0, 2}}).view<bool>(), ElementsAre(false, true));
  EXPECT_THAT(a.to_vector<bool>(), ElementsAre(false, true, true));
  EXPECT_EQ(a.at<bool>(2), true);
  EXPECT_EQ(a.repr(), "array([False,  True,  True])");
}

TEST(NdArrayTest, ToVectorNamesWhatDoesNotFit) {
  const auto error = [](auto values, auto to) {
    return error_of([&] {
      const ff::NdArray a = ff::NdArray::from(values);
      (void)a.reshape({2, -1}).template to_vector<decltype(to)>();
    });
  };
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  using Values = std::vector<double>;
  EXPECT_EQ(error(std::vector<int>{1, 2, 3, 300}, std::int8_t{}),
            "array of int32, shape (2, 2): element (1, 1) is 300 and does not fit int8");
  EXPECT_THAT(error(std::vector<int>{1, -2}, unsigned{}), HasSubstr("(1, 0) is -2"));
  EXPECT_THAT(error(std::vector<std::uint64_t>{1, 1ULL << 63}, std::int64_t{}),
              HasSubstr("9223372036854775808 and does not fit int64"));
  EXPECT_THAT(error(Values{1, 1.5}, int{}), HasSubstr("1.5 and does not fit int32"));
  EXPECT_THAT(error(Values{1, kNan}, int{}), HasSubstr("nan and does not fit"));
  EXPECT_THAT(error(Values{1, 1e300}, float{}), HasSubstr("1.e+300 and does not fit float32"));
  EXPECT_THAT(error(Values{1, 2}, bool{}), HasSubstr("2. and does not fit bool"));
  EXPECT_THAT(error(std::vector<std::complex<double>>{1, {1, 2}}, double{}),
              HasSubstr("1.+2.j and does not fit float64"));
  EXPECT_EQ(error(Values{1, 0.1}, float{}), "no error");
  EXPECT_EQ(error(Values{kNan, INFINITY}, float{}), "no error");
  EXPECT_EQ(error(Values{0, 1}, bool{}), "no error");
  EXPECT_THAT(error_of([] { (void)ff::NdArray(ff::DType::parse("S3"), {2}).to_vector<int>(); }),
              HasSubstr("not numbers"));
}

TEST(NdArrayTest, ToVectorConvertsAnything) {
  const ff::NdArray a = counted({2, 3}).transpose().astype(ff::DType::parse(">i2"));
  EXPECT_TRUE(a.is_f_contiguous());
  EXPECT_THAT(a.to_vector<double>(), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(a.to_vector<std::byte>(), ElementsAre(std::byte{0}, std::byte{3}, std::byte{1},
                                                    std::byte{4}, std::byte{2}, std::byte{5}));
  EXPECT_THAT(a.slice({{}, {1, 2}}).to_vector<long double>(), ElementsAre(3, 4, 5));
  EXPECT_TRUE(ff::NdArray(ff::DType(), {0}).to_vector<int>().empty());
}

TEST(NdArrayTest, AstypeRefusesWhatIsUndefined) {
  const auto error = [](double value, const char* dtype) {
    return error_of([&] {
      (void)ff::NdArray::from(std::vector<double>{0, value}).astype(ff::DType::parse(dtype));
    });
  };
  EXPECT_THAT(error(128, "i1"), HasSubstr("element (1,) is 128. and does not fit int8"));
  EXPECT_THAT(error(-1, ">u4"), HasSubstr("does not fit >u4"));
  EXPECT_THAT(error(NAN, "i8"), HasSubstr("nan"));
  EXPECT_EQ(error(127.9, "i1"), "no error");
  EXPECT_EQ(error(-0.9, "u8"), "no error");
  EXPECT_EQ(error(1e300, "f2"), "no error");
  EXPECT_EQ(code_of([] {
              (void)ff::NdArray(ff::DType::parse("S3"), {2}).astype(ff::DType::parse("S4"));
            }),
            ff::Errc::unsupported);
}

TEST(NdArrayTest, Float128IsWrittenWithoutGarbage) {
  const ff::NdArray a = counted({3}).astype(ff::DType::of<long double>());
  const std::vector<std::byte> bytes = a.tobytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 16 >= 10) {
      EXPECT_EQ(bytes[i], std::byte{0});
    }
  }
  EXPECT_TRUE(equal(a, a.astype(ff::DType::parse(">f16")).astype(ff::DType::of<long double>())));
}

TEST(NdArrayTest, EqualComparesBits) {
  const auto one = [](auto value) { return ff::NdArray::from(std::vector{value}); };
  EXPECT_TRUE(equal(one(NAN), one(NAN)));
  EXPECT_FALSE(equal(one(0.0), one(-0.0)));
  EXPECT_FALSE(equal(one(1.0), one(1.0F)));
  EXPECT_FALSE(equal(one(1.0), one(1.0).astype(ff::DType::parse(">f8"))));
  EXPECT_FALSE(equal(counted({2, 3}), counted({3, 2})));
  const ff::NdArray a = counted({4, 3});
  EXPECT_TRUE(equal(a.slice({{0, 4, 2}}), a.slice({{0, 4, 2}}).copy('F')));
  EXPECT_FALSE(equal(a.slice({{0, 4, 2}}), a.slice({{1, 4, 2}})));
  EXPECT_TRUE(equal(ff::NdArray(ff::DType::parse("V0"), {1LL << 62}),
                    ff::NdArray(ff::DType::parse("V0"), {1LL << 62})));
}

TEST(NdArrayTest, EqualDoesNotCompareGaps) {
  const ff::DType gap =
      ff::DType::packed({{"a", {}, ff::DType::parse("i1")}, {"b", {}, ff::DType::of<int>()}}, true);
  ff::NdArray a(gap, {2});
  ff::NdArray b(gap, {2});
  b.mutable_data()[2] = std::byte{9};
  EXPECT_TRUE(equal(a, b));
  b.mutable_data()[4] = std::byte{9};
  EXPECT_FALSE(equal(a, b));
  ff::NdArray x(ff::DType::of<long double>(), {1});
  ff::NdArray y(ff::DType::of<long double>(), {1});
  y.mutable_data()[15] = std::byte{1};
  EXPECT_TRUE(equal(x, y));
  y.mutable_data()[0] = std::byte{1};
  EXPECT_FALSE(equal(x, y));
}

TEST(NdArrayTest, StatisticsLeaveNanOut) {
  const ff::Statistics s = ff::NdArray::from(std::vector<double>{3, NAN, 1, 8, NAN}).statistics();
  EXPECT_EQ(s.min, 1);
  EXPECT_EQ(s.max, 8);
  EXPECT_EQ(s.mean, 4);
  EXPECT_EQ(s.count_nan, 2U);
  EXPECT_EQ(s.count, 5U);
  const ff::Statistics none = ff::NdArray(ff::DType(), {0}).statistics();
  EXPECT_TRUE(std::isnan(none.min) && std::isnan(none.max) && std::isnan(none.mean));
  EXPECT_EQ(counted({100, 100}).transpose().astype(ff::DType::parse(">i4")).statistics().mean,
            4999.5);
  EXPECT_EQ(ff::NdArray::from(std::vector<double>(10, 1e308)).statistics().mean, 1e308);
  EXPECT_EQ(code_of([] { (void)ff::NdArray(ff::DType::parse("c8"), {1}).statistics(); }),
            ff::Errc::unsupported);
}

TEST(NdArrayTest, FieldsAreViews) {
  const ff::DType point =
      ff::DType::packed({{"id", {}, ff::DType::of<int>()},
                         {"xyz", "position", ff::DType::subarray(ff::DType::of<double>(), {3})}});
  ff::NdArray a(point, {2});
  ff::NdArray xyz = a.field("position");
  EXPECT_EQ(xyz.shape(), ff::Shape({2, 3}));
  EXPECT_EQ(xyz.strides(), ff::Shape({28, 8}));
  const double half = 0.5;
  std::memcpy(xyz[1].mutable_data(), &half, sizeof half);
  EXPECT_EQ(a.element_repr(1), "(0, [0.5, 0. , 0. ])");
  EXPECT_EQ(xyz.at<double>(1, 0), 0.5);
  EXPECT_THAT(error_of([&] { (void)a.field("w"); }), HasSubstr("has no field \"w\""));
  EXPECT_EQ(code_of([&] { (void)xyz.field("x"); }), ff::Errc::invalid_argument);
}

TEST(NdArrayTest, StringsAsText) {
  const std::vector<std::byte> bytes = {std::byte{'a'}, std::byte{0}, std::byte{'b'}, std::byte{0}};
  EXPECT_EQ(
      ff::NdArray::from_buffer(ff::DType::parse("S4"), {1}, 'C', bytes, nullptr).element_string(0),
      std::string("a\0b", 3));
  for (const char* dtype : {"<U3", ">U3"}) {
    const std::uint32_t codes[] = {0xfc, 0x1f600, 0};
    const ff::NdArray u = ff::NdArray::from_buffer(ff::DType::parse("<U3"), {1}, 'C',
                                                   std::as_bytes(std::span(codes)), nullptr)
                              .astype(ff::DType::parse(dtype));
    EXPECT_EQ(u.element_string(0), "\xc3\xbc\xf0\x9f\x98\x80");
  }
  const std::uint32_t invalid[] = {0x110000, 0xd800};
  const ff::NdArray bad = ff::NdArray::from_buffer(ff::DType::parse("U1"), {2}, 'C',
                                                   std::as_bytes(std::span(invalid)), nullptr);
  EXPECT_EQ(code_of([&] { (void)bad.element_string(0); }), ff::Errc::corrupt);
  EXPECT_EQ(code_of([&] { (void)bad.element_string(1); }), ff::Errc::corrupt);
  EXPECT_EQ(bad.repr(), "array(['\\U00110000', '\\ud800'], dtype='<U1')");
  EXPECT_EQ(code_of([&] { (void)counted({1}).element_string(0); }), ff::Errc::type_mismatch);
}

TEST(NdArrayTest, DatesBeyondNumpysRange) {
  const auto date = [](std::int64_t value, const char* dtype) {
    return ff::NdArray::from(std::vector{value})
        .reinterpret(ff::DType::parse(dtype))
        .element_repr(0);
  };
  // For the first two see Python: divmod(days, 146097) and datetime.date. Numpy overflows.
  EXPECT_EQ(date(std::numeric_limits<std::int64_t>::max(), "M8[D]"), "'25252734927768524-07-27'");
  EXPECT_EQ(date(-std::numeric_limits<std::int64_t>::max(), "M8[D]"), "'-25252734927764585-06-08'");
  EXPECT_EQ(date(std::numeric_limits<std::int64_t>::max(), "M8[2147483647Y]"),
            "'19807040619342712359383730099'");
  EXPECT_EQ(date(-1, "M8[ms]"), "'1969-12-31T23:59:59.999'");
  EXPECT_EQ(date(5, "M8"), "'5'");
}

TEST(NdArrayTest, TextIsBounded) {
  // 2^31 elements of no bytes, in a field; and fields in subarrays in fields.
  ff::DType deep = ff::DType::parse("V0");
  for (int i = 0; i < 20; ++i) {
    deep = ff::DType::packed({{"a", {}, ff::DType::subarray(deep, {100})}});
  }
  EXPECT_LT(ff::NdArray(deep, {10}).repr().size(), 10000000U);
  EXPECT_LT(ff::NdArray(deep, {10}).element_repr(0).size(), 10000000U);
  for (const ff::Shape& shape :
       {ff::Shape{0x7fffffff}, ff::Shape{0x7fffffff, 0}, ff::Shape(30, 2)}) {
    const ff::DType wide =
        ff::DType::packed({{"a", {}, ff::DType::subarray(ff::DType::parse("V0"), shape)}});
    EXPECT_LT(ff::NdArray(wide, {10}).repr().size(), 10000U);
  }
  EXPECT_EQ(ff::NdArray(ff::DType::parse("V0"), ff::Shape(32, 2)).repr(),
            "array([...], dtype='|V0')");
  EXPECT_LT(ff::NdArray(ff::DType::parse("V0"), {1LL << 62}).repr().size(), 1000U);
}

TEST(NdArrayTest, BroadcastViewsHaveStrideZero) {
  const double value = 7;
  const ff::NdArray a = ff::NdArray::view(ff::DType(), {2, 3}, {0, 0},
                                          reinterpret_cast<const std::byte*>(&value), nullptr);
  EXPECT_THAT(a.to_vector<int>(), ElementsAre(7, 7, 7, 7, 7, 7));
  EXPECT_EQ(a.copy().strides(), ff::Shape({24, 8}));
  EXPECT_TRUE(equal(a, a.copy()));
}

TEST(HalfTest, LongDoubleRoundsOnce) {
  // Just above a tie of float16, by less than a double shows: rounding twice would give 0x3c00.
  const long double above = 1.0L + std::ldexp(1.0L, -11) + std::ldexp(1.0L, -62);
  EXPECT_EQ(ff::long_double_to_half(above), 0x3c01);
  EXPECT_EQ(ff::long_double_to_half(-above), 0xbc01);
  EXPECT_EQ(ff::long_double_to_half(1.0L + std::ldexp(1.0L, -11)), 0x3c00);
  const long double below = 1.0L + 3 * std::ldexp(1.0L, -11) - std::ldexp(1.0L, -62);
  EXPECT_EQ(ff::long_double_to_half(below), 0x3c01);
  EXPECT_EQ(ff::long_double_to_half(1e4000L), 0x7c00);
  EXPECT_EQ(ff::long_double_to_half(-1e-4000L), 0x8000);
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    if (std::isnan(ff::half_to_float(half))) continue;
    ASSERT_EQ(ff::long_double_to_half(ff::half_to_double(half)), half);
  }
}

}  // namespace
