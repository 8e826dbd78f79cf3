// Values are compared with numpy in kernels_numpy_test.py. Here: what can be said in a line, the
// texts of errors, and what numpy does not have.

#include "arrays/kernels/ufunc.hpp"

#include <cmath>
#include <complex>
#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functionfuse/error.hpp>

namespace ff = functionfuse;
using namespace ff::detail;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

ff::Errc code_of(const std::function<void()>& f, std::string* text = nullptr) {
  try {
    f();
  } catch (const ff::Error& error) {
    if (text != nullptr) *text = error.what();
    return error.code();
  }
  return ff::Errc::io;
}

std::string error_of(const std::function<void()>& f) {
  std::string text = "no error";
  code_of(f, &text);
  return text;
}

std::vector<OperandType> types_of(const std::vector<ff::NdArray>& operands) {
  std::vector<OperandType> types;
  for (const ff::NdArray& a : operands) types.push_back({a.dtype(), a.ndim() == 0 ? &a : nullptr});
  return types;
}

// With an output of the last operand's shape or the first's, whichever is larger.
ff::NdArray applied(Ufunc f, const std::vector<ff::NdArray>& operands) {
  const Loop types = loop(f, types_of(operands));
  const bool first = operands.front().size() >= operands.back().size();
  ff::NdArray out(types.out, first ? operands.front().shape() : operands.back().shape());
  apply(f, operands, types.in, out);
  return out;
}

template <class T>
std::vector<T> values(Ufunc f, const std::vector<ff::NdArray>& operands) {
  return applied(f, operands).to_vector<T>();
}

template <class T>
ff::NdArray array(std::vector<T> values) {
  return ff::NdArray::from(std::move(values));
}

std::string loop_text(Ufunc f, const std::vector<std::string>& dtypes) {
  std::vector<OperandType> types;
  for (const std::string& text : dtypes) types.push_back({ff::DType::parse(text), nullptr});
  const Loop found = loop(f, types);
  return found.in.name() + " " + found.out.name();
}

std::string with_scalar(const std::string& dtype, const ff::NdArray& scalar) {
  const std::vector<OperandType> types{{ff::DType::parse(dtype), nullptr},
                                       {scalar.dtype(), &scalar}};
  return promote(types).name();
}

TEST(UfuncTest, NamesAndNumbersOfOperands) {
  EXPECT_EQ(name(Ufunc::floor_divide), "floor_divide");
  EXPECT_EQ(name(Ufunc::imag), "imag");
  EXPECT_EQ(operand_count(Ufunc::bitwise_xor), 2U);
  EXPECT_EQ(operand_count(Ufunc::negative), 1U);
}

TEST(UfuncTest, ScalarsCountByValue) {
  EXPECT_EQ(with_scalar("u1", ff::NdArray::scalar<std::int64_t>(1)), "uint8");
  EXPECT_EQ(with_scalar("u1", ff::NdArray::scalar<std::int64_t>(300)), "uint16");
  EXPECT_EQ(with_scalar("u1", ff::NdArray::scalar<std::int64_t>(-1)), "int16");
  EXPECT_EQ(with_scalar("i1", ff::NdArray::scalar(1.0)), "float64");
  EXPECT_EQ(with_scalar("f4", ff::NdArray::scalar(1.0)), "float32");
  EXPECT_EQ(with_scalar("f4", ff::NdArray::scalar(1e300)), "float64");
  EXPECT_EQ(with_scalar("f4", ff::NdArray::scalar(std::complex<double>(1))), "complex64");
  EXPECT_EQ(with_scalar("b1", ff::NdArray::scalar<std::int64_t>(1)), "int64");
}

TEST(UfuncTest, Promotes) {
  const auto both = [](const char* a, const char* b) {
    return promote(ff::DType::parse(a), ff::DType::parse(b)).str();
  };
  EXPECT_EQ(both("i8", "u8"), "<f8");
  EXPECT_EQ(both(">i4", ">i4"), "<i4");
  EXPECT_EQ(both("i2", "f2"), "<f4");
  EXPECT_EQ(both("i4", "c8"), "<c16");
  EXPECT_EQ(both("f16", "c8"), "<c32");
  EXPECT_THAT(error_of([&] { both("f8", "S3"); }), HasSubstr("arithmetic with |S3"));
}

TEST(UfuncTest, ChoosesLoops) {
  EXPECT_EQ(loop_text(Ufunc::add, {"b1", "b1"}), "bool bool");
  EXPECT_EQ(loop_text(Ufunc::divide, {"i4", "i4"}), "float64 float64");
  EXPECT_EQ(loop_text(Ufunc::floor_divide, {"b1", "b1"}), "int8 int8");
  EXPECT_EQ(loop_text(Ufunc::less, {"i8", "u8"}), "float64 bool");
  EXPECT_EQ(loop_text(Ufunc::sqrt, {"i1"}), "float16 float16");
  EXPECT_EQ(loop_text(Ufunc::sqrt, {"i4"}), "float64 float64");
  EXPECT_EQ(loop_text(Ufunc::absolute, {"c8"}), "complex64 float32");
  EXPECT_EQ(loop_text(Ufunc::equal, {">M8[s]", "<M8[s]"}), "datetime64[s] bool");
}

TEST(UfuncTest, RefusesWhatNumpyRefuses) {
  const auto refused = [](Ufunc f, const std::vector<std::string>& dtypes) {
    std::string text;
    EXPECT_EQ(code_of([&] { loop_text(f, dtypes); }, &text), ff::Errc::unsupported);
    return text;
  };
  EXPECT_EQ(refused(Ufunc::subtract, {"b1", "b1"}),
            "subtract of bool and bool does not exist: for bool use logical_xor, or convert to an "
            "integer with astype");
  EXPECT_THAT(refused(Ufunc::negative, {"b1"}), HasSubstr("logical_not"));
  EXPECT_THAT(refused(Ufunc::floor_divide, {"c16", "f8"}),
              HasSubstr("floor_divide of complex128 and float64 does not exist: take real()"));
  EXPECT_THAT(refused(Ufunc::invert, {"f4"}), HasSubstr("invert of float32"));
  EXPECT_THAT(refused(Ufunc::add, {"S3", "f8"}), HasSubstr("add of |S3 and float64"));
  EXPECT_THAT(refused(Ufunc::less, {"M8[s]", "M8[ms]"}), HasSubstr("datetimes of one unit"));
  EXPECT_THAT(refused(Ufunc::exp, {"f16"}), HasSubstr("astype to float64 first"));
  EXPECT_THAT(error_of([] { loop_text(Ufunc::add, {"f8"}); }), HasSubstr("takes 2 operands"));
}

TEST(UfuncTest, IntegersWrap) {
  using I = std::int8_t;
  const ff::NdArray a = array<I>({127, -128, -128});
  EXPECT_THAT(values<int>(Ufunc::add, {a, array<I>({1, -1, 0})}), ElementsAre(-128, 127, -128));
  EXPECT_THAT(values<int>(Ufunc::multiply, {a, array<I>({2, 2, -1})}), ElementsAre(-2, 0, -128));
  EXPECT_THAT(values<int>(Ufunc::absolute, {a}), ElementsAre(127, -128, -128));
  EXPECT_THAT(values<int>(Ufunc::negative, {a}), ElementsAre(-127, -128, -128));
  EXPECT_THAT(values<int>(Ufunc::power, {array<I>({3, -2, 0}), array<I>({5, 7, 0})}),
              ElementsAre(-13, -128, 1));
}

TEST(UfuncTest, IntegersDividedByZeroAre0) {
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  const ff::NdArray a = array<std::int64_t>({7, -7, least, 5});
  const ff::NdArray b = array<std::int64_t>({2, 2, -1, 0});
  EXPECT_THAT(values<std::int64_t>(Ufunc::floor_divide, {a, b}), ElementsAre(3, -4, least, 0));
  EXPECT_THAT(values<std::int64_t>(Ufunc::remainder, {a, b}), ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(values<double>(Ufunc::divide, {a, b}), ElementsAre(3.5, -3.5, -double(least), kInf));
}

TEST(UfuncTest, IntegerToANegativePower) {
  std::string text;
  const auto code = code_of(
      [] {
        applied(Ufunc::power, {array<int>({1, 2}), array<int>({1, -1})});
      },
      &text);
  EXPECT_EQ(code, ff::Errc::invalid_argument);
  EXPECT_EQ(text,
            "power: an integer to the negative power -1 is no integer; convert the base to float64 "
            "with astype first");
}

TEST(UfuncTest, NanGoesThroughMinimumAndMaximum) {
  const ff::NdArray a = array<double>({kNan, 1, kNan});
  const ff::NdArray b = array<double>({1, kNan, kNan});
  for (const Ufunc f : {Ufunc::minimum, Ufunc::maximum}) {
    for (const double x : values<double>(f, {a, b})) EXPECT_TRUE(std::isnan(x));
  }
  EXPECT_THAT(values<bool>(Ufunc::isnan, {a}), ElementsAre(true, false, true));
  EXPECT_THAT(values<bool>(Ufunc::equal, {a, a}), ElementsAre(false, true, false));
}

TEST(UfuncTest, RemainderHasTheDivisorsSign) {
  const ff::NdArray a = array<double>({5, -5, 5, -0.0, 1});
  const ff::NdArray b = array<double>({3, 3, -3, 3, kInf});
  EXPECT_THAT(values<double>(Ufunc::remainder, {a, b}), ElementsAre(2, 1, -1, 0, 1));
  EXPECT_THAT(values<double>(Ufunc::floor_divide, {a, b}), ElementsAre(1, -2, -2, -0.0, 0));
}

TEST(UfuncTest, RankZeroAndEmpty) {
  const ff::NdArray two = ff::NdArray::scalar(2.0);
  EXPECT_THAT(values<double>(Ufunc::add, {two, two}), ElementsAre(4));
  EXPECT_TRUE(applied(Ufunc::add, {two, two}).shape().empty());
  const ff::NdArray none(ff::DType(), {0, 3});
  ff::NdArray out(ff::DType(), {0, 3});
  const std::vector<ff::NdArray> operands{none, ff::NdArray(ff::DType(), {3})};
  apply(Ufunc::add, operands, ff::DType(), out);
  EXPECT_EQ(out.size(), 0U);
}

TEST(UfuncTest, ShapesThatDoNotBroadcast) {
  ff::NdArray out(ff::DType(), {2, 3});
  const std::vector<ff::NdArray> operands{ff::NdArray(ff::DType(), {2, 3}),
                                          ff::NdArray(ff::DType(), {2})};
  EXPECT_EQ(error_of([&] { apply(Ufunc::add, operands, ff::DType(), out); }),
            "add: an operand of shape (2,) does not broadcast to shape (2, 3)");
}

TEST(UfuncTest, ResultOverAnOperand) {
  ff::NdArray a = array<double>({1, 2, 3, 4, 5});
  const std::vector<ff::NdArray> operands{a, a};
  apply(Ufunc::multiply, operands, ff::DType(), a);
  EXPECT_THAT(a.to_vector<double>(), ElementsAre(1, 4, 9, 16, 25));
}

TEST(UfuncTest, AnyByteButZeroIsTrue) {
  const std::vector<std::uint8_t> bytes{0, 1, 2, 255};
  const ff::NdArray a = ff::NdArray::from(bytes).reinterpret(ff::DType::of<bool>());
  const ff::NdArray b = ff::NdArray::from(std::vector<bool>{true, true, true, true});
  EXPECT_THAT(values<bool>(Ufunc::equal, {a, b}), ElementsAre(false, true, true, true));
  EXPECT_THAT(values<bool>(Ufunc::bitwise_xor, {a, b}), ElementsAre(true, false, false, false));
  EXPECT_THAT(values<bool>(Ufunc::less, {a, b}), ElementsAre(true, false, false, false));
  EXPECT_THAT(values<int>(Ufunc::add, {a, array<std::int8_t>({1, 1, 1, 1})}),
              ElementsAre(1, 2, 2, 2));
  const ff::NdArray sum = applied(Ufunc::add, {a, b});
  EXPECT_THAT(sum.reinterpret(ff::DType::parse("u1")).to_vector<int>(), ElementsAre(1, 1, 1, 1));
}

TEST(UfuncTest, Float16RoundsOncePerOperation) {
  const ff::DType half = ff::DType::parse("f2");
  const ff::NdArray a = array<double>({2048, 1, 65504}).astype(half);
  const ff::NdArray b = array<double>({1, 0.0004883, 65504}).astype(half);
  EXPECT_THAT(values<double>(Ufunc::add, {a, b}), ElementsAre(2048, 1, kInf));
  // A double that goes into float16 arithmetic is rounded to float16 first.
  const ff::NdArray c = ff::NdArray::scalar(0.1);
  EXPECT_THAT(values<double>(Ufunc::subtract, {array<double>({0}).astype(half), c}),
              ElementsAre(-0.0999755859375));
}

}  // namespace
