// What numpy thinks of the same strings and layouts is asked in numpy_test.py. Here: what it cannot
// be asked, such as C++ types, limits and equality of what it would not make.

#include <complex>
#include <cstdint>
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functionfuse/arrays/dtype.hpp>
#include <functionfuse/error.hpp>

namespace ff = functionfuse;
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

ff::DType i4() { return ff::DType::of<std::int32_t>(); }
ff::DType f8() { return ff::DType::of<double>(); }

TEST(DTypeTest, ParsesEveryNumpyString) {
  for (const char* plain : {"|b1", "|i1", "|u1", "|S0", "|S5", "|V0", "|V3"}) {
    EXPECT_EQ(ff::DType::parse(plain).str(), plain);
    EXPECT_EQ(ff::DType::parse(plain).byteorder(), '|');
    EXPECT_TRUE(ff::DType::parse(plain).native());
  }
  for (const std::string order : {"<", ">"}) {
    for (const std::string rest :
         {"i2", "i4", "i8",  "u2",     "u4",      "u8",    "f2",
          "f4", "f8", "f16", "c8",     "c16",     "c32",   "U0",
          "U2", "M8", "m8",  "M8[ns]", "M8[25s]", "m8[D]", "M8[2147483647as]"}) {
      const ff::DType dtype = ff::DType::parse(order + rest);
      EXPECT_EQ(dtype.str(), order + rest);
      EXPECT_EQ(dtype.byteorder(), order[0]);
      EXPECT_EQ(dtype.native(), order == "<");
      EXPECT_EQ(ff::DType::parse(dtype.str()), dtype);
    }
  }
}

TEST(DTypeTest, OrderAndSizeMayBeLeftOut) {
  EXPECT_EQ(ff::DType::parse("f8"), f8());
  EXPECT_EQ(ff::DType::parse("=i4"), i4());
  EXPECT_EQ(ff::DType::parse("float64"), f8());
  EXPECT_EQ(ff::DType::parse("?"), ff::DType::of<bool>());
  EXPECT_EQ(ff::DType::parse("datetime64[ns]").str(), "<M8[ns]");
  EXPECT_EQ(ff::DType::parse("M8[generic]").str(), "<M8");
  EXPECT_EQ(ff::DType(), f8());
}

TEST(DTypeTest, ErrorsSayWhatIsWrong) {
  const auto parse = [](const char* text) { return error_of([&] { ff::DType::parse(text); }); };
  EXPECT_THAT(parse(""), HasSubstr("empty"));
  EXPECT_THAT(parse("<"), HasSubstr("byte order without a kind"));
  EXPECT_THAT(parse("x8"), HasSubstr("unknown kind 'x'"));
  EXPECT_THAT(parse("<f3"), HasSubstr("the size '3' of kind f is not 2, 4, 8 or 16"));
  EXPECT_THAT(parse("<U536870912"), HasSubstr("2147483647 bytes (4 a character)"));
  EXPECT_THAT(parse("M8[lightyears]"), HasSubstr("known are Y M W D"));
  EXPECT_THAT(parse("M8[0s]"), HasSubstr("not 1 to 2147483647"));
  EXPECT_THAT(parse("M8[s/2]"), HasSubstr("divisor"));
  EXPECT_THAT(parse("M8[ns"), HasSubstr("in brackets"));
  EXPECT_THROW(ff::DType::parse("|O"), ff::UnsupportedError);
}

TEST(DTypeTest, HoldsCppTypes) {
  EXPECT_EQ(ff::DType::of<bool>().str(), "|b1");
  EXPECT_EQ(ff::DType::of<char>().str(), "|i1");
  EXPECT_EQ(ff::DType::of<std::byte>().str(), "|u1");
  EXPECT_EQ(ff::DType::of<unsigned short>().str(), "<u2");
  EXPECT_EQ(ff::DType::of<long>().str(), "<i8");
  EXPECT_EQ(ff::DType::of<unsigned long long>().str(), "<u8");
  EXPECT_EQ(ff::DType::of<long double>().str(), "<f16");
  EXPECT_EQ(ff::DType::of<std::complex<float>>().str(), "<c8");
  EXPECT_EQ(ff::DType::of<std::complex<long double>>().str(), "<c32");
  static_assert(!ff::ArrayElement<char32_t>);
  static_assert(!ff::ArrayElement<std::string>);
  static_assert(!ff::ArrayElement<const int>);
  static_assert(!ff::ArrayElement<std::complex<int>>);
  static_assert(sizeof(ff::DType) == 32);
}

TEST(DTypeTest, PacksFieldsOrAlignsThem) {
  const std::vector<ff::Field> fields = {{"a", {}, i4()}, {"b", "title", f8()}};
  const ff::DType packed = ff::DType::packed(fields);
  EXPECT_EQ(packed.repr(), "[('a', '<i4'), (('title', 'b'), '<f8')]");
  EXPECT_EQ(packed.itemsize(), 12U);
  EXPECT_EQ(packed.alignment(), 1U);
  EXPECT_EQ(packed.flags(), 16);
  const ff::DType aligned = ff::DType::packed(fields, true);
  EXPECT_EQ(aligned.repr(), "[('a', '<i4'), ('', '|V4'), (('title', 'b'), '<f8')]");
  EXPECT_EQ(aligned.itemsize(), 16U);
  EXPECT_EQ(aligned.alignment(), 8U);
  EXPECT_EQ(aligned.flags(), 16 - 128);
  EXPECT_EQ(aligned.fields()[1].offset, 8U);
  EXPECT_EQ(aligned.find_field("title"), &aligned.fields()[1]);
  EXPECT_EQ(aligned.find_field("c"), nullptr);
}

TEST(DTypeTest, ReprWithoutDescrIsTheDict) {
  const ff::DType backwards = ff::DType::structured({{"a", {}, i4(), 8}, {"b", {}, f8(), 0}}, 12);
  EXPECT_EQ(backwards.repr(),
            "{'names': ['a', 'b'], 'formats': ['<i4', '<f8'], 'offsets': [8, 0], 'itemsize': 12}");
}

TEST(DTypeTest, EqualityIsNumpys) {
  const auto one = [](ff::Field field, std::size_t size = 4) {
    return ff::DType::structured({std::move(field)}, size);
  };
  const ff::DType a = one({"a", {}, i4(), 0});
  EXPECT_EQ(a, ff::DType::packed({{"a", {}, i4()}}, true));  // the flag alone does not matter
  EXPECT_NE(a, one({"b", {}, i4(), 0}));
  EXPECT_NE(a, one({"a", "t", i4(), 0}));
  EXPECT_NE(a, one({"a", {}, i4(), 0}, 8));
  EXPECT_NE(one({"a", {}, i4(), 0}, 8), one({"a", {}, i4(), 4}, 8));
  EXPECT_NE(a, one({"a", {}, i4().newbyteorder('>'), 0}));
  EXPECT_NE(a, ff::DType::parse("V4"));
  EXPECT_NE(ff::DType::packed({}), ff::DType::parse("V0"));
  EXPECT_NE(ff::DType::subarray(i4(), {1}), ff::DType::parse("V4"));
  EXPECT_NE(ff::DType::subarray(i4(), {2}), ff::DType::subarray(i4(), {2, 1}));
  EXPECT_EQ(ff::DType::subarray(i4(), {2}), ff::DType::subarray(i4(), {2}));
  EXPECT_NE(ff::DType::parse("M8[7D]"), ff::DType::parse("M8[W]"));
  EXPECT_NE(ff::DType::parse("M8"), ff::DType::parse("M8[s]"));
}

TEST(DTypeTest, NewByteOrderReachesFields) {
  const ff::DType nested =
      ff::DType::packed({{"a", {}, ff::DType::subarray(ff::DType::packed({{"x", {}, f8()}}), {2})},
                         {"b", {}, ff::DType::parse("S3")}});
  const ff::DType swapped = nested.newbyteorder('>');
  EXPECT_EQ(swapped.repr(), "[('a', [('x', '>f8')], (2,)), ('b', '|S3')]");
  EXPECT_TRUE(nested.native());
  EXPECT_FALSE(swapped.native());
  EXPECT_EQ(swapped.newbyteorder('S'), nested);
  EXPECT_EQ(swapped.newbyteorder('='), nested);
  EXPECT_EQ(ff::DType::parse(">M8[25s]").newbyteorder('=').str(), "<M8[25s]");
  EXPECT_THAT(error_of([&] { (void)nested.newbyteorder('x'); }), HasSubstr("newbyteorder"));
}

TEST(DTypeTest, RefusesImpossibleStructures) {
  const auto error = [](std::vector<ff::Field> fields, std::size_t size,
                        std::size_t alignment = 0) {
    return error_of([&] { ff::DType::structured(fields, size, false, alignment); });
  };
  EXPECT_THAT(error({{"a", {}, i4(), 2}}, 5), HasSubstr("ends beyond the element's 5 bytes"));
  EXPECT_THAT(error({{"a", {}, i4(), SIZE_MAX}}, 5), HasSubstr("2147483647"));
  EXPECT_THAT(error({}, SIZE_MAX), HasSubstr("2147483647"));
  EXPECT_THAT(error({}, 4, 3), HasSubstr("not a power of two"));
  EXPECT_THAT(error({{"a", {}, i4(), 0}, {"a", {}, i4(), 4}}, 8), HasSubstr("'a' occurs twice"));
  EXPECT_THAT(error({{"a", "b", i4(), 0}, {"b", {}, i4(), 4}}, 8), HasSubstr("'b' occurs twice"));
  const ff::DType large = ff::DType::parse("V2147483647");
  EXPECT_THAT(error_of([&] {
                ff::DType::packed({{"a", {}, large}, {"b", {}, large}});
              }),
              HasSubstr("2147483647"));
}

TEST(DTypeTest, RefusesImpossibleSubarrays) {
  const auto error = [](ff::DType base, ff::Shape shape) {
    return error_of([&] { ff::DType::subarray(std::move(base), std::move(shape)); });
  };
  EXPECT_THAT(error(f8(), {-1}), HasSubstr("negative"));
  EXPECT_THAT(error(f8(), {1 << 28}), HasSubstr("more than 2147483647 bytes"));
  EXPECT_THAT(error(ff::DType::parse("V0"), {1LL << 31}), HasSubstr("elements"));
  EXPECT_THAT(error(f8(), {1LL << 62, 1LL << 62}), HasSubstr("elements"));
  EXPECT_THAT(error(f8(), {0, 1LL << 62}), HasSubstr("elements"));
  EXPECT_THAT(error(f8(), ff::Shape(33, 1)), HasSubstr("32"));
  EXPECT_EQ(ff::DType::subarray(f8(), {0}).itemsize(), 0U);
  EXPECT_EQ(ff::DType::subarray(f8(), {}).itemsize(), 8U);
}

TEST(DTypeTest, NestingIsBounded) {
  ff::DType deep = i4();
  for (unsigned i = 0; i < ff::DType::kMaxDepth; ++i) deep = ff::DType::packed({{"a", {}, deep}});
  EXPECT_EQ(deep.itemsize(), 4U);
  EXPECT_THAT(error_of([&] { ff::DType::packed({{"a", {}, deep}}); }), HasSubstr("64 deep"));
  EXPECT_THAT(error_of([&] { ff::DType::subarray(deep, {1}); }), HasSubstr("64 deep"));
}

// Each level holds the one below twice, at no cost in memory: 2^64 fields, if it were allowed.
TEST(DTypeTest, SharedFieldsAreCounted) {
  ff::DType wide = ff::DType::parse("V0");
  const auto grow = [&] {
    for (int i = 0; i < 64; ++i) {
      wide = ff::DType::structured({{"a", {}, wide, 0}, {"b", {}, wide, 0}}, 0);
    }
  };
  EXPECT_THAT(error_of(grow), HasSubstr("more than 65536 fields"));
  EXPECT_EQ(wide, wide.newbyteorder('>'));  // ends
}

TEST(DTypeTest, NamesAreQuotedAsPythonDoes) {
  const ff::DType d =
      ff::DType::packed({{"it's", {}, i4()}, {"\xc3\xbc\"'", {}, i4()}, {"\n\x01\xff", {}, i4()}});
  EXPECT_EQ(d.repr(), "[(\"it's\", '<i4'), ('\xc3\xbc\"\\'', '<i4'), ('\\n\\x01\\xff', '<i4')]");
}

}  // namespace
