#include "functionfuse/pickle/value.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <list>
#include <map>
#include <thread>

#include "functionfuse/pickle/pickle.hpp"
#include "pickle/errors.hpp"

namespace ff = functionfuse;
using ff::Kind;
using ff::Value;

namespace {

std::vector<std::byte> bytes(std::string_view text) {
  auto span = std::as_bytes(std::span(text.data(), text.size()));
  return {span.begin(), span.end()};
}

TEST(ValueTest, KindsAndParts) {
  EXPECT_TRUE(Value().is_none());
  EXPECT_TRUE(Value(nullptr).is_none());
  EXPECT_EQ(Value(true).as_bool(), true);
  EXPECT_EQ(Value(-5).as_int(), -5);
  EXPECT_EQ(Value(5U).as_int(), 5);
  EXPECT_EQ(Value(std::uint64_t{7}).as_int(), 7);
  EXPECT_EQ(Value(std::uint64_t{1} << 63).kind(), Kind::big_integer);
  EXPECT_EQ(Value(1.5).as_float(), 1.5);
  EXPECT_EQ(Value(std::complex<double>(1, 2)).as_complex(), std::complex<double>(1, 2));
  EXPECT_EQ(Value("text").as_str(), "text");
  EXPECT_EQ(Value::bytes(bytes("ab")).as_bytes().size(), 2u);
  EXPECT_EQ(Value::bytearray(bytes("ab")).kind(), Kind::bytearray);
  Value list = Value::list({1, "a", nullptr});
  EXPECT_EQ(list.size(), 3u);
  EXPECT_EQ(list[1].as_str(), "a");
  EXPECT_EQ(Value::tuple({1})[0].as_int(), 1);
  EXPECT_EQ(Value::frozenset({1}).kind(), Kind::frozenset);
  Value dict = Value::dict({{"a", 1}, {2, "b"}});
  EXPECT_EQ(dict["a"].as_int(), 1);
  EXPECT_EQ(dict.item(1).second.as_str(), "b");
  EXPECT_FALSE(dict.find("z").has_value());
  EXPECT_EQ(Value::global("os", "system").qualified_name(), "system");
  ff::NdArray array = ff::NdArray::from(std::vector<int>{1, 2, 3});
  EXPECT_TRUE(equal(Value(array).as_array(), array));
  EXPECT_EQ(Value(array).size(), 3u);
  EXPECT_EQ(Value(array).as_dtype().str(), "<i4");
}

TEST(ValueTest, OfAnArrayThatIsAPartOfAnother) {
  ff::NdArray array = ff::NdArray::from(std::vector<int>{1, 2, 3, 4, 5, 6}, {2, 3});
  for (const ff::NdArray& a : {array.transpose(), array.slice({{}, {.step = 2}}), array[1], ff::NdArray::scalar(7)}) {
    EXPECT_TRUE(equal(Value(a).as_array(), a));
    EXPECT_TRUE(equal(ff::loads<ff::NdArray>(ff::dumps(Value(a))), a));
  }
  int numbers[] = {1, 2};
  Value value;
  {
    ff::NdArray view = ff::NdArray::view(ff::DType::of<int>(), {2}, {4}, reinterpret_cast<std::byte*>(numbers), nullptr);
    value = Value(view);
  }
  numbers[0] = 9;  // the view had no owner: the value has a copy
  EXPECT_EQ(value.as_array().at<int>(0), 1);
}

TEST(ValueTest, WrongKindsAndPlacesAreErrors) {
  EXPECT_EQ(error_of([] { static_cast<void>(Value(1).as_str()); }), "type_mismatch: expected str, found int");
  EXPECT_EQ(error_of([] { static_cast<void>(Value("a").as_int()); }), "type_mismatch: expected int, found str");
  EXPECT_EQ(error_of([] { static_cast<void>(Value(1.0).size()); }),
            "type_mismatch: expected something with a size, found float");
  EXPECT_EQ(error_of([] { static_cast<void>(Value::list({1})[1]); }), "invalid_argument: index 1 of a list of 1");
  EXPECT_EQ(error_of([] { static_cast<void>(Value::dict({})["a"]); }), "not_found: a dict of 0 has no key \"a\"");
  EXPECT_EQ(error_of([] { static_cast<void>(Value::dict({}).item(0)); }), "invalid_argument: item 0 of a dict of 0");
  EXPECT_EQ(error_of([] { static_cast<void>(Value(1)["a"]); }), "type_mismatch: expected dict, found int");
  EXPECT_EQ(error_of([] { static_cast<void>(Value("\xff")); }),
            "invalid_argument: a str must be UTF-8; use Value::bytes for other bytes");
  EXPECT_EQ(error_of([] { static_cast<void>(Value(~std::uint64_t{0}).as_int()); }),
            "type_mismatch: an int that needs more than 64 bits: 18446744073709551615");
  EXPECT_EQ(error_of([] { static_cast<void>(Value::object(Value::global("a", "b"), Value::list({}))); }).substr(0, 14),
            "type_mismatch:");
  EXPECT_EQ(error_of([] { static_cast<void>(Value(1).get<std::string>()); }),
            "type_mismatch: value: result: expected std::string, found int 1");
}

TEST(ValueTest, OfAKeyThatStandsTwiceTheLast) {
  EXPECT_EQ(Value::dict({{"a", 1}, {"a", 2}})["a"].as_int(), 2);
}

TEST(ValueTest, BigIntegers) {
  auto big = [](std::initializer_list<unsigned> list) {
    std::vector<std::byte> b;
    for (unsigned x : list) b.push_back(static_cast<std::byte>(x));
    return Value::big_integer(b);
  };
  EXPECT_EQ(big({}).as_int(), 0);
  EXPECT_EQ(big({5, 0, 0}).as_int(), 5);
  EXPECT_EQ(big({0xff, 0xff}).as_int(), -1);
  EXPECT_EQ(big({0, 0, 0, 0, 0, 0, 0, 0x80}).as_int(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(big({0, 0, 0, 0, 0, 0, 0, 0x80, 0}).repr(), "9223372036854775808");
  EXPECT_EQ(big({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff}).repr(), "-9223372036854775809");
  EXPECT_EQ(big({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff}).repr(),
            "-340282366920938463463374607431768211456");
  EXPECT_EQ(ff::loads("I123456789012345678901234567890\n.").repr(), "123456789012345678901234567890");
  EXPECT_EQ(ff::loads("L-1000000000000000000000L\n.").repr(), "-1000000000000000000000");
  EXPECT_EQ(ff::loads("I" + std::string(30, '0') + "7\n.").as_int(), 7);
  std::vector<std::byte> vast(20'000, std::byte{1});
  EXPECT_EQ(Value::big_integer(vast).repr(10), "0x10101010...");
}

TEST(ValueTest, ReprIsThatOfPython) {
  EXPECT_EQ(Value().repr(), "None");
  EXPECT_EQ(Value(true).repr(), "True");
  EXPECT_EQ(Value(-3).repr(), "-3");
  EXPECT_EQ(Value(1.0).repr(), "1.0");
  EXPECT_EQ(Value(-0.0).repr(), "-0.0");
  EXPECT_EQ(Value(0.1).repr(), "0.1");
  EXPECT_EQ(Value(1e16).repr(), "1e+16");
  EXPECT_EQ(Value(123456789012345.0).repr(), "123456789012345.0");
  EXPECT_EQ(Value(1e-5).repr(), "1e-05");
  EXPECT_EQ(Value(0.0001).repr(), "0.0001");
  EXPECT_EQ(Value(5e-324).repr(), "5e-324");
  EXPECT_EQ(Value(-INFINITY).repr(), "-inf");
  EXPECT_EQ(Value(std::nan("")).repr(), "nan");
  EXPECT_EQ(Value(std::complex<double>(1, -2)).repr(), "(1-2j)");
  EXPECT_EQ(Value(std::complex<double>(0, 1.5)).repr(), "1.5j");
  EXPECT_EQ(Value(std::complex<double>(-0.0, 1)).repr(), "(-0+1j)");
  EXPECT_EQ(Value("it's").repr(), "\"it's\"");
  EXPECT_EQ(Value("a'\"\n\t\\\x01\x7f").repr(), R"('a\'"\n\t\\\x01\x7f')");
  EXPECT_EQ(Value("é漢😀").repr(), "'é漢😀'");
  EXPECT_EQ(Value("\xc2\x80\xc2\xad\xe2\x80\x8b").repr(), R"('\x80\xad\u200b')");
  EXPECT_EQ(Value::bytes(bytes("a\xff'")).repr(), R"(b"a\xff'")");
  EXPECT_EQ(Value::bytearray(bytes("a")).repr(), "bytearray(b'a')");
  EXPECT_EQ(Value::list({}).repr(), "[]");
  EXPECT_EQ(Value::tuple({}).repr(), "()");
  EXPECT_EQ(Value::tuple({1}).repr(), "(1,)");
  EXPECT_EQ(Value::tuple({1, 2}).repr(), "(1, 2)");
  EXPECT_EQ(Value::set({}).repr(), "set()");
  EXPECT_EQ(Value::set({1}).repr(), "{1}");
  EXPECT_EQ(Value::frozenset({}).repr(), "frozenset()");
  EXPECT_EQ(Value::frozenset({1}).repr(), "frozenset({1})");
  EXPECT_EQ(Value::dict({{"a", 1}, {2, nullptr}}).repr(), "{'a': 1, 2: None}");
  EXPECT_EQ(Value(ff::NdArray(ff::DType(), {2, 3})).repr(), "array(shape=(2, 3), dtype=float64)");
}

TEST(ValueTest, ReprOfANumpyScalar) {
  std::string dtype = "cnumpy\ndtype\n(\x8c\x02" "f8\x89\x88tR(K\3\x8c\1<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff";
  dtype += std::string("K\0", 2) + "tb";
  std::string one("\0\0\0\0\0\0\xf0\x3f", 8);
  EXPECT_EQ(ff::loads("cnumpy.core.multiarray\nscalar\n(" + dtype + "C\x08" + one + "tR.").repr(), "1.0");
}

TEST(ValueTest, ReprOfCyclesEnds) {
  EXPECT_EQ(ff::loads("]q\1h\1a.").repr(), "[[...]]");
  EXPECT_EQ(ff::loads("}q\1K\1h\1s.").repr(), "{1: {...}}");
  EXPECT_EQ(ff::loads("]q\1h\1\x85" "a.").repr(), "[([...],)]");
}

TEST(ValueTest, ReprIsCut) {
  std::vector<Value> items(100'000, Value(12345));
  Value list = Value::list(items);
  EXPECT_LT(list.repr().size(), 230u);
  EXPECT_TRUE(list.repr().ends_with(", ...]"));
  EXPECT_LT(Value(std::string(1'000'000, 'x')).repr().size(), 230u);
  EXPECT_LT(Value(ff::loads(std::string(1000, ']') + std::string(999, 'a') + ".")).repr().size(), 230u);
  EXPECT_LT(Value::global("m", std::string(1'000'000, 'x')).repr().size(), 500u);
  EXPECT_EQ(Value("éééé").repr(3), "'é'...");
  std::string doubled = ")";
  for (int i = 0; i < 100; ++i) doubled += "2\x86";
  EXPECT_LT(ff::loads(doubled + ".").repr().size(), 400u);
}

TEST(ValueTest, ReprDoesNotControlATerminal) {
  for (const Value& value :
       {Value::global("a\x1b[2J", "b\n"), Value::object(Value::global("a\x1b[2J", "b\x07"), Value::tuple({}))}) {
    for (char c : value.repr()) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  }
}

TEST(ValueTest, ObjectsOfUnknownClasses) {
  Value object = Value::object(Value::global("m", "C"), Value::tuple({1, "a"}), Value::dict({{"x", 2}}));
  Value back = ff::loads(ff::dumps(object));
  EXPECT_EQ(back.kind(), Kind::object);
  EXPECT_EQ(back.class_name(), "m.C");
  EXPECT_EQ(back.args()[1].as_str(), "a");
  EXPECT_TRUE(back.kwargs().is_none());
  EXPECT_EQ(back.state().value()["x"].as_int(), 2);
  EXPECT_EQ(back.repr(), "m.C(1, 'a')");
  Value items = ff::loads("cm\nC\n)\x81(K\1K\2e(K\3K\4u.");
  EXPECT_EQ(items.appended().size(), 2u);
  EXPECT_EQ(items.set_items().at(0).second.as_int(), 4);
  EXPECT_FALSE(items.state().has_value());
  EXPECT_EQ(ff::loads("ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR.").class_name(), "m.C");
}

TEST(ValueTest, AnObjectAndItsStepsArePickledInTheirOrder) {
  // APPENDS, BUILD, SETITEMS, ADDITEMS, BUILD.
  std::string pickle = "\x80\x04" "cm\nC\n)\x81(K\1K\2eNb(K\3K\4u(K\5\x90K\6b.";
  std::string again = ff::dumps(ff::loads(pickle));
  EXPECT_NE(again.find("(K\1K\2eNb(K\3K\4u(K\5\x90K\6b."), std::string::npos);
}

TEST(ValueTest, SharingOfValuesThatWereBuilt) {
  Value part = Value::list({1});
  Value whole = Value::list({part, part, Value::list({1})});
  Value back = ff::loads(ff::dumps(whole));
  EXPECT_TRUE(back[0].is(back[1]));
  EXPECT_FALSE(back[0].is(back[2]));
  Value again = Value::tuple({back, back[0]});
  again = ff::loads(ff::dumps(again));
  EXPECT_TRUE(again[0][0].is(again[1]));
  EXPECT_TRUE(again[0][1].is(again[1]));
}

TEST(ValueTest, PartsOutliveTheWhole) {
  Value part;
  {
    Value whole = ff::loads(ff::dumps(std::map<std::string, std::list<std::string>>{{"a", {"text"}}}));
    part = whole["a"][0];
  }
  EXPECT_EQ(part.as_str(), "text");
  ff::NdArray array;
  {
    array = ff::loads(ff::dumps(std::vector<double>{1, 2})).as_array();
  }
  EXPECT_EQ(array.at<double>(1), 2);
}

// What a value's own pickling remembers must not outlive it.
struct AsValue {
  int x = 0;
};

}  // namespace

template <>
struct functionfuse::Pickle<AsValue> {
  static void save(Pickler& p, const AsValue& a) {
    Value part = Value::list({a.x});
    p.save(Value::list({part, part}));
  }
  static AsValue load(const Reading& r) { return {r.as<std::vector<std::vector<int>>>()[1][0]}; }
};

namespace {

TEST(ValueTest, TemporaryValuesAreNotTakenForOneAnother) {
  std::list<AsValue> many;
  for (int i = 0; i < 200; ++i) many.push_back({i});
  int i = 0;
  for (const AsValue& a : ff::loads<std::list<AsValue>>(ff::dumps(many))) EXPECT_EQ(a.x, i++);
}

TEST(ValueTest, ManyThreadsReadOneValue) {
  std::vector<Value> items;
  for (int i = 0; i < 200; ++i) items.push_back(Value::dict({{"name", "x"}, {"data", ff::NdArray(ff::DType(), {3})}}));
  const Value value = ff::loads(ff::dumps(Value::list(items)));
  const std::string expected = ff::dumps(value);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k) {
        EXPECT_EQ(ff::dumps(value), expected);
        EXPECT_FALSE(value.repr().empty());
        EXPECT_EQ(value[7]["name"].as_str(), "x");
        EXPECT_EQ(value[9]["data"].get<std::vector<double>>().size(), 3u);
        static_cast<void>(value.get<std::vector<std::map<std::string, Value>>>());
      }
    });
  }
}

TEST(ValueTest, ThreadsBuildFromOneValue) {
  const Value part = ff::loads(ff::dumps(std::list<std::string>{"a", "b"}));
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&part] {
      Value pair = Value::tuple({part[0], part[0], part});
      Value back = ff::loads(ff::dumps(pair));
      EXPECT_TRUE(back[0].is(back[1]));
    });
  }
}

}  // namespace
