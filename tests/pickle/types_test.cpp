#include "functionfuse/pickle/types.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <forward_list>
#include <limits>
#include <list>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "functionfuse/pickle/pickle.hpp"
#include "pickle/errors.hpp"

// Each row of the table in types.hpp, there and back; what else can be read as a type, and what
// can't. What Python makes of the same types is in python_test.py.

namespace ff = functionfuse;
using namespace std::chrono_literals;

namespace {

enum class Colour { red, green = 5 };
enum Old : signed char { kMinus = -1, kPlus = 1 };
enum class Big : std::uint64_t { most = ~std::uint64_t{0} };
enum class Two : bool { no, yes };

template <class T>
T there_and_back(const T& object) {
  return ff::loads<T>(ff::dumps(object));
}

#define EXPECT_SAME(...) EXPECT_EQ(there_and_back(__VA_ARGS__), (__VA_ARGS__))

/// What reading `value` as a T says.
template <class T>
std::string reading(const ff::Value& value) {
  return error_of([&] { static_cast<void>(ff::loads<T>(ff::dumps(value))); });
}

ff::Value call(const char* module, const char* name, const std::vector<ff::Value>& args) {
  return ff::Value::object(ff::Value::global(module, name), ff::Value::tuple(args));
}

template <class T>
class IntegerTest : public testing::Test {};
using Integers = testing::Types<char, signed char, unsigned char, short, unsigned short, int,
                                unsigned, long, unsigned long, long long, unsigned long long>;
TYPED_TEST_SUITE(IntegerTest, Integers);

TYPED_TEST(IntegerTest, LimitsThereAndBack) {
  using L = std::numeric_limits<TypeParam>;
  for (TypeParam i : {L::min(), L::max(), TypeParam{0}, TypeParam{1}}) EXPECT_SAME(i);
  std::vector<TypeParam> all{L::min(), 0, L::max()};
  EXPECT_SAME(all);
  EXPECT_SAME(std::list<TypeParam>(all.begin(), all.end()));
}

TYPED_TEST(IntegerTest, WhatIsBeyondIsAnError) {
  using L = std::numeric_limits<TypeParam>;
  std::byte more[] = {std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},
                      std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};
  EXPECT_NE(reading<TypeParam>(ff::Value::big_integer(more)), "no error");
  more[8] = std::byte{0xFE};
  EXPECT_NE(reading<TypeParam>(ff::Value::big_integer(more)), "no error");
  if (!L::is_signed) {
    EXPECT_NE(reading<TypeParam>(-1), "no error");
  }
  if (sizeof(TypeParam) < 8) {
    EXPECT_NE(reading<TypeParam>(static_cast<std::int64_t>(L::max()) + 1), "no error");
    EXPECT_NE(reading<TypeParam>(static_cast<std::int64_t>(L::min()) - 1), "no error");
  }
  EXPECT_NE(reading<TypeParam>(1.0), "no error");
  EXPECT_NE(reading<TypeParam>("1"), "no error");
  EXPECT_NE(reading<TypeParam>(nullptr), "no error");
}

TEST(TypesTest, NumbersThereAndBack) {
  EXPECT_SAME(true);
  EXPECT_SAME(false);
  for (double d : {0.0, 1.5, -1e300, 5e-324, std::numeric_limits<double>::infinity()}) EXPECT_SAME(d);
  EXPECT_TRUE(std::signbit(there_and_back(-0.0)));
  EXPECT_TRUE(std::isnan(there_and_back(std::nan(""))));
  EXPECT_SAME(1.1F);
  EXPECT_SAME(std::complex<double>(1, -2));
  EXPECT_SAME(std::complex<float>(1.5F, 0));
  EXPECT_SAME(Colour::green);
  EXPECT_SAME(kMinus);
  EXPECT_SAME(Big::most);
  EXPECT_SAME(Two::yes);
  EXPECT_EQ(ff::loads(ff::dumps(Colour::green)).as_int(), 5);
  EXPECT_EQ(ff::loads(ff::dumps(Two::yes)).as_int(), 1);
}

TEST(TypesTest, TextAndBytesThereAndBack) {
  EXPECT_SAME(std::string());
  EXPECT_SAME(std::string("a\0b", 3));
  EXPECT_SAME(std::string("é漢😀"));
  EXPECT_SAME(std::string(100'000, 'x'));
  EXPECT_SAME(ff::Bytes("\xff\0"));
  EXPECT_SAME(std::vector<std::byte>{std::byte{1}, std::byte{255}});
  EXPECT_SAME(std::vector<std::byte>());
  EXPECT_SAME(std::vector<std::byte>(3'000'000, std::byte{7}));
}

TEST(TypesTest, SequencesThereAndBack) {
  EXPECT_SAME(std::vector<double>{1, 2.5});
  EXPECT_SAME(std::vector<double>());
  EXPECT_SAME(std::vector<float>(100, 1.5F));
  EXPECT_SAME(std::vector<bool>{true, false});
  EXPECT_SAME(std::vector<std::complex<float>>{{1, 2}});
  EXPECT_SAME(std::vector<long double>{1.25L});
  EXPECT_SAME(std::vector<int>(1'000'000, 3));
  EXPECT_SAME(std::array<int, 3>{1, 2, 3});
  EXPECT_SAME(std::array<int, 0>{});
  EXPECT_SAME(std::array<bool, 2>{true, false});
  EXPECT_SAME(std::array<std::string, 2>{"a", "b"});
  EXPECT_SAME(std::vector<std::string>{"a", ""});
  EXPECT_SAME(std::vector<std::vector<double>>{{1, 2}, {}, {3}});
  EXPECT_SAME(std::vector<std::array<double, 2>>{{1, 2}});
  EXPECT_SAME(std::list<int>{1, 2});
  EXPECT_SAME(std::deque<std::string>{"a", "b"});
  EXPECT_SAME(std::vector<Colour>{Colour::red});
  EXPECT_SAME(std::vector<std::vector<std::vector<int>>>{{{1}, {}}, {}});
  EXPECT_EQ(ff::loads(ff::dumps(std::vector<int>{1})).as_dtype().str(), "<i4");
  EXPECT_EQ(ff::loads(ff::dumps(std::vector<bool>{true})).as_dtype().str(), "|b1");
  EXPECT_EQ(ff::loads(ff::dumps(std::list<int>{1})).kind(), ff::Kind::list);
}

TEST(TypesTest, TuplesMapsAndSetsThereAndBack) {
  EXPECT_SAME(std::pair<int, std::string>{1, "a"});
  EXPECT_SAME(std::tuple<>());
  EXPECT_SAME(std::tuple<int>{1});
  EXPECT_SAME(std::tuple<int, bool, std::string, double, std::vector<int>>{1, true, "x", 2, {3}});
  EXPECT_SAME(std::map<std::string, int>{{"a", 1}, {"b", 2}});
  EXPECT_SAME(std::unordered_map<int, std::string>{{1, "a"}, {2, "b"}});
  EXPECT_SAME(std::map<std::string, std::map<std::string, std::vector<double>>>{{"a", {{"b", {1}}}}});
  EXPECT_SAME(std::set<int>{1, 2, 3});
  EXPECT_SAME(std::unordered_set<std::string>{"a", "b"});
  std::map<int, int> large;
  for (int i = 0; i < 5000; ++i) large[i] = -i;
  EXPECT_SAME(large);
  std::set<int, std::greater<>> backwards{1, 2, 3};
  EXPECT_SAME(backwards);
}

TEST(TypesTest, KeysAreHashableInPython) {
  std::map<std::vector<int>, int> vectors{{{1, 2}, 3}, {{}, 4}};
  EXPECT_SAME(vectors);
  EXPECT_EQ(ff::loads(ff::dumps(vectors)).item(0).first.kind(), ff::Kind::tuple);
  EXPECT_SAME(std::set<std::array<double, 2>>{{1, 2}});
  EXPECT_SAME(std::set<std::set<int>>{{1, 2}, {}});
  EXPECT_EQ(ff::loads(ff::dumps(std::set<std::set<int>>{{1}}))[0].kind(), ff::Kind::frozenset);
  using Deep = std::map<std::pair<int, std::vector<std::optional<std::set<std::string>>>>, int>;
  EXPECT_SAME(Deep{{{1, {std::set<std::string>{"a"}, std::nullopt}}, 2}});
  EXPECT_SAME(std::set<std::vector<std::byte>>{{std::byte{1}}});
  EXPECT_SAME(std::set<std::vector<bool>>{{true, false}});
  EXPECT_SAME(std::set<std::variant<int, std::vector<int>>>{1, std::vector<int>{2}});
}

TEST(TypesTest, OnlyMapsAndSetsThatHoldAKeyOnce) {
  static_assert(!ff::Storable<std::multimap<int, int>>);
  static_assert(!ff::Storable<std::multiset<int>>);
  static_assert(!ff::Storable<std::forward_list<int>>);
  static_assert(!ff::Storable<int*>);
  static_assert(!ff::Storable<std::vector<int*>>);
  static_assert(!ff::Storable<wchar_t>);
  static_assert(!ff::Storable<std::wstring>);
  static_assert(ff::Storable<std::map<int, std::vector<std::optional<std::string>>>>);
}

struct NotStorable {
  int* x;
};

TEST(TypesTest, WhatHoldsAnotherValue) {
  static_assert(!ff::Storable<std::unique_ptr<NotStorable>>);
  static_assert(!ff::Storable<std::shared_ptr<NotStorable>>);
  static_assert(!ff::Storable<std::vector<std::shared_ptr<const NotStorable>>>);
  EXPECT_SAME(std::optional<int>());
  EXPECT_SAME(std::optional<std::string>("a"));
  EXPECT_SAME(std::monostate());
  EXPECT_EQ(*there_and_back(std::make_unique<int>(5)), 5);
  EXPECT_EQ(there_and_back(std::unique_ptr<int>()), nullptr);
  EXPECT_EQ(*there_and_back(std::make_shared<std::vector<int>>(3, 1)), (std::vector{1, 1, 1}));
  EXPECT_EQ(there_and_back(std::shared_ptr<int>()), nullptr);
  EXPECT_EQ(*there_and_back(std::make_shared<const std::string>("a")), "a");
}

TEST(TypesTest, SharedPointersStayShared) {
  auto a = std::make_shared<std::list<int>>(3, 1);
  auto b = std::make_shared<std::list<int>>(3, 1);
  using Pointers = std::list<std::shared_ptr<std::list<int>>>;
  Pointers pointers{a, b, a, nullptr};
  auto back = there_and_back(pointers);
  auto it = back.begin();
  EXPECT_EQ(*it, *std::next(it, 2));
  EXPECT_NE(*it, *std::next(it));
  EXPECT_EQ(back.back(), nullptr);
  ff::Value value = ff::loads(ff::dumps(pointers));
  EXPECT_TRUE(value[0].is(value[2]));
  EXPECT_FALSE(value[0].is(value[1]));
  // A pointer to const shares with one that is not.
  auto both = there_and_back(std::pair<std::shared_ptr<std::list<int>>, std::shared_ptr<const std::list<int>>>(a, a));
  EXPECT_EQ(both.first, both.second);
}

TEST(TypesTest, VariantsBecomeWhatTheyWere) {
  using V = std::variant<std::monostate, bool, int, double, std::string, ff::Bytes,
                         std::vector<double>, std::vector<int>, std::list<std::string>,
                         std::map<std::string, int>, std::set<int>, std::tuple<int, int>,
                         std::complex<double>, Colour>;
  std::vector<V> all;
  all.emplace_back();
  all.emplace_back(true);
  all.emplace_back(1);
  all.emplace_back(1.0);
  all.emplace_back("text");
  all.emplace_back(ff::Bytes("x"));
  all.emplace_back(std::vector<double>{1, 2});
  all.emplace_back(std::vector<int>{1, 2});
  all.emplace_back(std::list<std::string>{"a"});
  all.emplace_back(std::map<std::string, int>{{"a", 1}});
  all.emplace_back(std::set<int>{1});
  all.emplace_back(std::tuple{1, 2});
  all.emplace_back(std::complex<double>(1, 2));
  for (const V& v : all) {
    V back = there_and_back(v);
    EXPECT_EQ(back.index(), v.index());
    EXPECT_TRUE(back == v) << v.index();
  }
}

TEST(TypesTest, VariantsTakeTheFirstThatCanBeRead) {
  using V = std::variant<std::string, double, std::vector<std::string>>;
  EXPECT_EQ(std::get<double>(ff::loads<V>(ff::dumps(5))), 5.0);
  auto tuple = ff::loads<V>(ff::dumps(std::tuple<std::string>("a")));
  EXPECT_EQ(std::get<2>(tuple), std::vector<std::string>{"a"});
  EXPECT_EQ(reading<V>(nullptr),
            "type_mismatch: pickle: result: expected std::variant<std::string, double, "
            "std::vector<std::string>>, found None");
  using Small = std::variant<signed char, std::int64_t>;
  EXPECT_EQ(there_and_back(Small(std::int64_t{300})).index(), 1u);
}

// Wide reading.

TEST(TypesTest, NumbersFromNumpy) {
  auto scalar = [](auto x) { return ff::NdArray::scalar(x); };
  EXPECT_EQ(ff::loads<int>(ff::dumps(scalar(std::int8_t{-5}))), -5);
  EXPECT_EQ(ff::loads<int>(ff::dumps(scalar(5.0))), 5);
  EXPECT_EQ(ff::loads<double>(ff::dumps(scalar(1.5F))), 1.5);
  EXPECT_EQ(ff::loads<float>(ff::dumps(scalar(3))), 3);
  EXPECT_EQ(ff::loads<bool>(ff::dumps(scalar(true))), true);
  EXPECT_EQ(ff::loads<std::complex<double>>(ff::dumps(scalar(2))), 2.0);
  EXPECT_EQ(ff::loads<unsigned>(ff::dumps(scalar(7).astype(ff::DType::parse(">i2")))), 7u);
  EXPECT_NE(reading<int>(scalar(1.5)), "no error");
  EXPECT_NE(reading<unsigned>(scalar(-1)), "no error");
  EXPECT_NE(reading<signed char>(scalar(300)), "no error");
  EXPECT_NE(reading<bool>(scalar(1)), "no error");
  EXPECT_NE(reading<float>(scalar(1e300)), "no error");
}

TEST(TypesTest, FloatsFromInts) {
  EXPECT_EQ(ff::loads<double>(ff::dumps(3)), 3.0);
  EXPECT_EQ(ff::loads<float>(ff::dumps(true)), 1.0F);
  EXPECT_EQ(ff::loads<std::complex<float>>(ff::dumps(1.5)), 1.5F);
  EXPECT_EQ(ff::loads<double>(ff::dumps(~std::uint64_t{0})), 18446744073709551615.0);
  EXPECT_EQ(ff::loads<int>(ff::dumps(true)), 1);
}

TEST(TypesTest, BigIntegersAsDoublesAreRoundedToTheNearest) {
  auto power = [](std::size_t bit, std::initializer_list<std::size_t> more = {}) {
    std::vector<std::byte> bytes(bit / 8 + 2);
    auto set = [&](std::size_t b) { bytes[b / 8] |= std::byte{1} << (b % 8); };
    set(bit);
    for (std::size_t b : more) set(b);
    return ff::dumps(ff::Value::big_integer(bytes));
  };
  EXPECT_EQ(ff::loads<double>(power(100)), std::ldexp(1.0, 100));
  EXPECT_EQ(ff::loads<double>(power(100, {47})), std::ldexp(1.0, 100));  // a tie: to even
  EXPECT_EQ(ff::loads<double>(power(100, {47, 0})), std::ldexp(1.0, 100) + std::ldexp(1.0, 48));
  EXPECT_EQ(ff::loads<double>(power(100, {48, 47})), std::ldexp(1.0, 100) + std::ldexp(1.0, 49));
  EXPECT_EQ(ff::loads<double>(power(1023)), std::ldexp(1.0, 1023));
  EXPECT_THROW(static_cast<void>(ff::loads<double>(power(1024))), ff::Error);
  EXPECT_THROW(static_cast<void>(ff::loads<double>(power(100'000))), ff::Error);
}

TEST(TypesTest, VectorsOfNumbersFromEverySequence) {
  const std::vector<double> expected{1, 2};
  auto as = [](const ff::Value& value) { return ff::loads<std::vector<double>>(ff::dumps(value)); };
  EXPECT_EQ(as(ff::Value::list({1, 2.0})), expected);
  EXPECT_EQ(as(ff::Value::tuple({1, 2})), expected);
  EXPECT_EQ(as(ff::Value::set({1, 2})), expected);
  EXPECT_EQ(as(ff::Value::frozenset({1, 2})), expected);
  EXPECT_EQ(as(ff::NdArray::from(std::vector<std::int8_t>{1, 2})), expected);
  EXPECT_EQ(as(ff::NdArray::from(std::vector<float>{1, 2})), expected);
  EXPECT_EQ(as(ff::NdArray::from(expected).astype(ff::DType::parse(">f8"))), expected);
  EXPECT_EQ(as(ff::NdArray::from(expected).astype(ff::DType::parse("f2"))), expected);
  EXPECT_EQ(as(call("collections", "deque", {ff::Value::list({1, 2}), 5})), expected);
  EXPECT_EQ(as(call("array", "array", {"d", ff::Value::list({1, 2})})), expected);
  const double raw[] = {1, 2};
  EXPECT_EQ(as(call("array", "_array_reconstructor",
                    {ff::Value::global("array", "array"), "d", 16,
                     ff::Value::bytes(std::as_bytes(std::span(raw)))})),
            expected);
  EXPECT_EQ((ff::loads<std::list<int>>(ff::dumps(std::vector<double>{1, 2}))), (std::list{1, 2}));
  EXPECT_EQ((ff::loads<std::array<float, 2>>(ff::dumps(std::list<int>{1, 2}))), (std::array{1.0F, 2.0F}));
  EXPECT_EQ((ff::loads<std::set<int>>(ff::dumps(std::list<int>{1, 2, 1}))), (std::set{1, 2}));
}

TEST(TypesTest, VectorsOfNumbersThatDoNotFit) {
  EXPECT_EQ(reading<std::vector<int>>(ff::Value::list({1, 2.5})),
            "type_mismatch: pickle: result[1]: expected int, found float 2.5");
  EXPECT_NE(reading<std::vector<int>>(ff::NdArray::from(std::vector<double>{1, 2.5})), "no error");
  EXPECT_NE(reading<std::vector<float>>(ff::NdArray::from(std::vector<double>{1e300})), "no error");
  EXPECT_NE(reading<std::vector<double>>(ff::NdArray::from(std::vector<std::complex<double>>{{1, 2}})), "no error");
  EXPECT_EQ(reading<std::vector<double>>(ff::NdArray(ff::DType(), {2, 3})),
            "type_mismatch: pickle: result: expected a one-dimensional array (functionfuse::NdArray takes "
            "any shape), found numpy.ndarray of float64, shape (2, 3)");
  EXPECT_EQ((reading<std::array<int, 3>>(ff::Value::list({1, 2}))),
            "type_mismatch: pickle: result: expected 3 elements, found 2");
}

TEST(TypesTest, MapsFromMappings) {
  using Map = std::map<std::string, int>;
  const Map expected{{"a", 1}, {"b", 2}};
  ff::Value dict = ff::Value::dict({{"a", 1}, {"b", 2}});
  EXPECT_EQ(ff::loads<Map>(ff::dumps(call("collections", "Counter", {dict}))), expected);
  // As Python 3 writes an OrderedDict and a defaultdict.
  std::string ordered = "\x80\x04" "ccollections\nOrderedDict\n)R(\x8c\x01" "aK\x01\x8c\x01" "bK\x02u.";
  EXPECT_EQ(ff::loads<Map>(ordered), expected);
  std::string with_default =
      "\x80\x04" "ccollections\ndefaultdict\ncbuiltins\nint\n\x85R(\x8c\x01" "aK\x01\x8c\x01" "bK\x02u.";
  EXPECT_EQ(ff::loads<Map>(with_default), expected);
  EXPECT_NE(reading<Map>(ff::Value::list({})), "no error");
}

TEST(TypesTest, KeysThatBecomeTheSameAreAnError) {
  EXPECT_EQ((reading<std::map<float, int>>(ff::Value::dict({{0.1, 1}, {0.10000000001, 2}}))),
            "type_mismatch: pickle: result[0.10000000001]: a second key that is the same as a float");
}

TEST(TypesTest, BytesFromBytearray) {
  std::byte data[] = {std::byte{1}, std::byte{2}};
  EXPECT_EQ(ff::loads<ff::Bytes>(ff::dumps(ff::Value::bytearray(data))).size(), 2u);
  EXPECT_EQ(reading<ff::Bytes>("text"), "type_mismatch: pickle: result: expected bytes, found str 'text'");
  EXPECT_EQ(reading<std::string>(ff::Value::bytes(data)),
            "type_mismatch: pickle: result: expected std::string, found bytes of 2 bytes");
}

TEST(TypesTest, NdArrayFromArraysAndScalars) {
  ff::NdArray array = ff::NdArray::from(std::vector<int>{1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_TRUE(equal(there_and_back(array), array));
  EXPECT_TRUE(equal(there_and_back(array.transpose()), array.transpose()));
  EXPECT_TRUE(there_and_back(array.transpose()).is_f_contiguous());
  ff::NdArray part = array.slice({{}, {.step = -2}});
  EXPECT_TRUE(equal(there_and_back(part), part));
  EXPECT_TRUE(equal(there_and_back(ff::NdArray()), ff::NdArray()));
  EXPECT_TRUE(equal(there_and_back(ff::NdArray::scalar(5)), ff::NdArray::scalar(5)));
  EXPECT_NE(reading<ff::NdArray>(ff::Value::list({1})), "no error");
}

// Time.

TEST(TypesTest, TimesThereAndBack) {
  using std::chrono::sys_days;
  using std::chrono::year;
  const auto midnight = sys_days(year{2020} / 2 / 29);
  EXPECT_SAME(midnight);
  EXPECT_SAME(std::chrono::sys_time<std::chrono::microseconds>(midnight + 3h + 4min + 5s + 6us));
  EXPECT_SAME(std::chrono::sys_seconds(midnight + 1s));
  EXPECT_SAME(sys_days(year{1} / 1 / 1));
  EXPECT_SAME(std::chrono::sys_time<std::chrono::microseconds>(sys_days(year{9999} / 12 / 31) + 86'399'999'999us));
  EXPECT_SAME(sys_days(year{1969} / 12 / 31));
  auto fine = std::chrono::sys_time<std::chrono::nanoseconds>(-1ns);
  EXPECT_EQ(there_and_back(fine).time_since_epoch(), -1us);
  auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  EXPECT_SAME(now);
}

TEST(TypesTest, TimesOutOfRange) {
  using std::chrono::sys_days;
  using std::chrono::year;
  EXPECT_EQ(error_of([] { static_cast<void>(ff::dumps(sys_days(year{0} / 12 / 31))); }),
            "invalid_argument: a time in the year 0: Python's datetime holds the years 1 to 9999");
  EXPECT_NE(error_of([] { static_cast<void>(ff::dumps(sys_days(year{10000} / 1 / 1))); }), "no error");
  EXPECT_NE(error_of([] { static_cast<void>(ff::dumps(std::chrono::sys_seconds::max())); }), "no error");
  EXPECT_NE(error_of([] { static_cast<void>(ff::dumps(std::chrono::sys_seconds::min())); }), "no error");
  EXPECT_NE(error_of([] { static_cast<void>(ff::dumps(sys_days::max())); }), "no error");
  std::string old = ff::dumps(sys_days(year{1500} / 1 / 1));
  EXPECT_NE(error_of([&] { static_cast<void>(ff::loads<std::chrono::sys_time<std::chrono::nanoseconds>>(old)); }),
            "no error");
  EXPECT_EQ(ff::loads<sys_days>(old), sys_days(year{1500} / 1 / 1));
  EXPECT_EQ(ff::loads<std::chrono::sys_seconds>(old), sys_days(year{1500} / 1 / 1));
}

TEST(TypesTest, TimesWithAZoneAreReadInUtc) {
  std::string pickle = "\x80\x04\x8c\x08" "datetime\x8c\x08" "datetime\x93" "C\x0a\x07\xe4\x01\x01\x0c";
  pickle += std::string("\0\0\0\0\0", 5);
  pickle += "\x8c\x08" "datetime\x8c\x08" "timezone\x93" "\x8c\x08" "datetime\x8c\x09" "timedelta\x93";
  pickle += std::string("K\0", 2) + "M\x10\x0e" + std::string("K\0", 2) + "\x87R\x85R\x86R.";
  EXPECT_EQ(ff::loads<std::chrono::sys_seconds>(pickle),
            std::chrono::sys_days(std::chrono::year{2020} / 1 / 1) + 11h);
}

TEST(TypesTest, DurationsThereAndBack) {
  EXPECT_SAME(5s);
  EXPECT_SAME(-1us);
  EXPECT_SAME(std::chrono::hours(-100'000));
  EXPECT_SAME(std::chrono::nanoseconds(1'234'567'000));
  EXPECT_EQ(there_and_back(std::chrono::nanoseconds(-1)), -1us);
  using Seconds = std::chrono::duration<double>;
  for (double s : {0.57, 0.29, -0.1, 1e6 + 0.123456}) EXPECT_NEAR(there_and_back(Seconds(s)).count(), s, 1e-9);
  EXPECT_EQ(there_and_back(Seconds(0.57)), Seconds(0.57));
  EXPECT_SAME(std::chrono::duration<unsigned char>(200));
}

TEST(TypesTest, DurationsOutOfRange) {
  auto error = [](auto duration) { return error_of([&] { static_cast<void>(ff::dumps(duration)); }); };
  EXPECT_NE(error(std::chrono::hours::max()), "no error");
  EXPECT_NE(error(std::chrono::hours::min()), "no error");
  EXPECT_NE(error(std::chrono::weeks::max()), "no error");
  EXPECT_NE(error(std::chrono::duration<double>(std::nan(""))), "no error");
  EXPECT_NE(error(std::chrono::duration<double>(1e300)), "no error");
  EXPECT_EQ(error(std::chrono::nanoseconds::max()), "no error");
  EXPECT_EQ(error(std::chrono::nanoseconds::min()), "no error");
  EXPECT_EQ(error(std::chrono::seconds(86'400LL * 999'999'999)), "no error");
  std::string day = ff::dumps(std::chrono::days(1));
  EXPECT_NE(error_of([&] { static_cast<void>(ff::loads<std::chrono::duration<signed char>>(day)); }), "no error");
  EXPECT_NE(error_of([&] { static_cast<void>(ff::loads<std::chrono::duration<unsigned>>(ff::dumps(-1s))); }), "no error");
  std::string long_ago = ff::dumps(std::chrono::days(-200'000'000));
  EXPECT_NE(error_of([&] { static_cast<void>(ff::loads<std::chrono::days>(long_ago)); }), "no error");
}

// Errors.

TEST(TypesTest, ErrorsNameThePlaceAndBothTypes) {
  EXPECT_EQ((reading<std::map<std::string, std::list<double>>>(
                ff::Value::dict({{"train", ff::Value::list({1, 2, 3, "x"})}}))),
            "type_mismatch: pickle: result['train'][3]: expected double, found str 'x'");
  EXPECT_EQ((reading<std::map<int, std::tuple<int, std::string>>>(
                ff::Value::dict({{7, ff::Value::tuple({1, nullptr})}}))),
            "type_mismatch: pickle: result[7][1]: expected std::string, found None");
  EXPECT_EQ(reading<bool>(1), "type_mismatch: pickle: result: expected bool, found int 1");
  EXPECT_EQ(reading<std::uint8_t>(256),
            "type_mismatch: pickle: result: expected unsigned char (0 to 255), found int 256");
  EXPECT_EQ(reading<int>(call("decimal", "Decimal", {"1"})),
            "type_mismatch: pickle: result: expected int, found decimal.Decimal");
  EXPECT_EQ((reading<std::pair<int, int>>(ff::Value::tuple({1}))),
            "type_mismatch: pickle: result: expected 2 elements, found 1");
}

TEST(TypesTest, TextThatIsNotUtf8SaysToUseBytes) {
  for (const char* text : {"\xff", "ab\xc3", "\xed\xb2\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\x80"}) {
    std::string error = error_of([&] { static_cast<void>(ff::dumps(std::string(text))); });
    EXPECT_NE(error.find("use functionfuse::Bytes for bytes that are not text"), std::string::npos) << error;
  }
  EXPECT_EQ(error_of([] { static_cast<void>(ff::dumps(std::string("12345678ab\xff"))); }),
            "invalid_argument: a std::string that is not UTF-8 (byte 10 of 11) can't be a Python str; use "
            "functionfuse::Bytes for bytes that are not text");
}

TEST(TypesTest, LoneSurrogatesAreValuesButNoStdString) {
  std::string pickle = "\x80\x04\x8c\x03\xed\xb2\x80.";  // "\udc80"
  ff::Value value = ff::loads(pickle);
  EXPECT_EQ(ff::dumps(value), "\x80\x04\x95" + std::string("\x06\0\0\0\0\0\0\0", 8) + "\x8c\x03\xed\xb2\x80.");
  EXPECT_EQ(value.repr(), "'\\udc80'");
  EXPECT_NE(error_of([&] { static_cast<void>(ff::loads<std::string>(pickle)); }).find("lone surrogate"),
            std::string::npos);
}

// A type that contains itself.

struct Nested {
  std::vector<Nested> inner;
};

}  // namespace

template <>
struct functionfuse::Pickle<Nested> {
  static void save(Pickler& p, const Nested& n) { p.save(n.inner); }
  static Nested load(const Reading& r) { return {r.as<std::vector<Nested>>()}; }
};

namespace {

TEST(TypesTest, DeepNestingIsReadUpToALimit) {
  auto lists = [](std::size_t n) { return std::string(n, ']') + std::string(n - 1, 'a') + "."; };
  Nested nested = ff::loads<Nested>(lists(2000));
  std::size_t depth = 1;
  for (const Nested* n = &nested; !n->inner.empty(); n = &n->inner[0]) ++depth;
  EXPECT_EQ(depth, 2000u);
  std::string error = error_of([&] { static_cast<void>(ff::loads<Nested>(lists(3000))); });
  EXPECT_NE(error.find("unsupported: pickle: result[0][0]"), std::string::npos) << error;
  EXPECT_NE(error.find("contains itself, or is nested deeper than 2500 containers"), std::string::npos);
  EXPECT_LT(error.size(), 500u);
  EXPECT_EQ(ff::loads(lists(4999)).kind(), ff::Kind::list);
  EXPECT_THROW(static_cast<void>(ff::loads(lists(5002))), ff::CorruptError);
}

TEST(TypesTest, WhatContainsItselfIsAnErrorForATypeWithoutSharing) {
  EXPECT_NE(error_of([] { static_cast<void>(ff::loads<Nested>("]q\1h\1a.")); }).find("contains itself"),
            std::string::npos);
}

TEST(TypesTest, ASmallFileThatExpandsIsAnError) {
  std::string doubled = "]";
  for (int i = 0; i < 60; ++i) doubled += "2\x86";
  doubled += ".";
  EXPECT_EQ(ff::loads(doubled).size(), 2u);
  EXPECT_EQ(error_of([&] { static_cast<void>(ff::loads<Nested>(doubled)); }).substr(0, 12), "unsupported:");
  EXPECT_NE(error_of([&] { static_cast<void>(ff::loads(doubled).get<Nested>()); }), "no error");
  // One megabyte of text, a hundred thousand times.
  std::string text = "(X" + std::string("\0\0\x10\0", 4) + std::string(1 << 20, 'x') + "q\1";
  for (int i = 0; i < 100'000; ++i) text += "h\1";
  EXPECT_EQ(error_of([&] { static_cast<void>(ff::loads<std::vector<std::string>>(text + "l.")); }).substr(0, 12),
            "unsupported:");
  // Sharing that real results have is fine: a thousand names of one label.
  std::string label = "(U\x30" + std::string(48, 'x') + "q\1";
  for (int i = 0; i < 100'000; ++i) label += "h\1";
  EXPECT_EQ(ff::loads<std::vector<std::string>>(label + "l.").size(), 100'001u);
}

}  // namespace
