#include "functionfuse/pickle/fields.hpp"

#include <gtest/gtest.h>

#include <list>
#include <map>

#include "functionfuse/pickle/pickle.hpp"
#include "pickle/errors.hpp"

namespace ff = functionfuse;

namespace outer::inner {

struct Point {
  double x = 0, y = 0;
  bool operator==(const Point&) const = default;
};
FUNCTIONFUSE_FIELDS(Point, x, y)

struct Track {
  std::string name;
  std::vector<Point> points;
  std::optional<Point> last;
  bool operator==(const Track&) const = default;
};
FUNCTIONFUSE_FIELDS(Track, name, points, last)

template <class T>
struct Box {
  T content{};
};
FUNCTIONFUSE_FIELDS(Box<int>, content)
FUNCTIONFUSE_FIELDS(Box<std::string>, content)

}  // namespace outer::inner

struct Global {
  int a = 1;
};
FUNCTIONFUSE_FIELDS(Global, a)

namespace {

using outer::inner::Box;
using outer::inner::Point;
using outer::inner::Track;

template <class T>
T there_and_back(const T& object) {
  return ff::loads<T>(ff::dumps(object));
}

TEST(FieldsTest, AStructIsADictOfItsFields) {
  ff::Value value = ff::loads(ff::dumps(Track{"t", {{1, 2}}, {}}));
  EXPECT_EQ(value.repr(), "{'name': 't', 'points': [{'x': 1.0, 'y': 2.0}], 'last': None}");
}

TEST(FieldsTest, ThereAndBack) {
  Track track{"t", {{1, 2}, {3, 4}}, Point{5, 6}};
  EXPECT_EQ(there_and_back(track), track);
  std::map<std::string, std::list<Track>> many{{"a", {track, track}}, {"b", {}}};
  EXPECT_EQ(there_and_back(many), many);
  EXPECT_EQ(there_and_back(Box<int>{5}).content, 5);
  EXPECT_EQ(there_and_back(Box<std::string>{"x"}).content, "x");
  EXPECT_EQ(there_and_back(Global{7}).a, 7);
}

TEST(FieldsTest, NamesAreWrittenOnce) {
  std::vector<Point> points(1000);
  std::string pickle = ff::dumps(points);
  EXPECT_LT(pickle.size(), 1000 * (2 + 2 * (9 + 3) + 2) + 100u);
  EXPECT_EQ(ff::loads<std::vector<Point>>(pickle), points);
}

TEST(FieldsTest, OrderAndOtherKeysDoNotMatter) {
  ff::Value dict = ff::Value::dict({{"more", "x"}, {"y", 2}, {1, 2}, {"x", 1.5}, {nullptr, 1}});
  EXPECT_EQ(dict.get<Point>(), (Point{1.5, 2}));
  // As Python's vars() of an object in an OrderedDict.
  std::string ordered = "\x80\x04" "ccollections\nOrderedDict\n)R(\x8c\x01" "yK\x01\x8c\x01" "xK\x02u.";
  EXPECT_EQ(ff::loads<Point>(ordered), (Point{2, 1}));
}

TEST(FieldsTest, MissingFieldsAndOtherTypesAreErrors) {
  auto error = [](const ff::Value& value) { return error_of([&] { static_cast<void>(value.get<Track>()); }); };
  EXPECT_EQ(error(ff::Value::dict({{"name", "t"}, {"points", ff::Value::list({})}})),
            "type_mismatch: value: result: expected outer::inner::Track, found a dict without its field \"last\"");
  EXPECT_EQ(error(ff::Value::dict({{"name", 5}})),
            "type_mismatch: value: result['name']: expected std::string, found int 5");
  EXPECT_EQ(error(ff::Value::dict({{"name", "t"},
                                   {"points", ff::Value::list({ff::Value::dict({{"x", 1}, {"y", "two"}})})}})),
            "type_mismatch: value: result['points'][0]['y']: expected double, found str 'two'");
  EXPECT_EQ(error(ff::Value::list({})), "type_mismatch: value: result: expected outer::inner::Track, found list of 0");
}

struct MoveOnly {
  std::unique_ptr<int> pointer;
  std::vector<std::unique_ptr<std::string>> many;
};
FUNCTIONFUSE_FIELDS(MoveOnly, pointer, many)

TEST(FieldsTest, WhatCannotBeCopied) {
  std::map<std::string, std::vector<MoveOnly>> map;
  map["a"].push_back({std::make_unique<int>(5), {}});
  map["a"][0].many.push_back(std::make_unique<std::string>("x"));
  auto back = there_and_back(map);
  EXPECT_EQ(*back["a"][0].pointer, 5);
  EXPECT_EQ(*back["a"][0].many[0], "x");
}

// A struct of a struct.

struct Base {
  int a = 1;
};
FUNCTIONFUSE_FIELDS(Base, a)
struct Derived : Base {
  int b = 2;
};
FUNCTIONFUSE_FIELDS(Derived, a, b)
struct Forgotten : Base {
  int c = 3;
};

TEST(FieldsTest, InheritedFieldsCanBeNamed) {
  Derived d;
  d.a = 10;
  d.b = 20;
  Derived back = there_and_back(d);
  EXPECT_EQ(back.a, 10);
  EXPECT_EQ(back.b, 20);
}

TEST(FieldsTest, TheFieldsOfABaseAreNotTakenForAll) { static_assert(!ff::Storable<Forgotten>); }

// Cycles and sharing.

struct Person {
  std::string name;
  std::shared_ptr<Person> friend_of;
  std::vector<std::shared_ptr<Person>> children;
};
FUNCTIONFUSE_FIELDS(Person, name, friend_of, children)

TEST(FieldsTest, CyclesThroughSharedPointers) {
  auto a = std::make_shared<Person>(), b = std::make_shared<Person>();
  a->name = "a";
  b->name = "b";
  a->friend_of = b;
  b->friend_of = a;
  a->children = {a, b};
  std::string pickle = ff::dumps(a);
  ff::Value value = ff::loads(pickle);
  EXPECT_TRUE(value["friend_of"]["friend_of"].is(value));
  EXPECT_TRUE(value["children"][0].is(value));
  auto back = ff::loads<std::shared_ptr<Person>>(pickle);
  EXPECT_EQ(back->friend_of->friend_of, back);
  EXPECT_EQ(back->children[0], back);
  EXPECT_EQ(back->children[1], back->friend_of);
  for (auto& p : {a, back}) {
    p->friend_of->friend_of = nullptr;
    p->friend_of = nullptr;
    p->children.clear();
  }
}

struct A {
  std::shared_ptr<Person> person;
  int x = 0;
};
FUNCTIONFUSE_FIELDS(A, person, x)
struct B {
  std::shared_ptr<Person> person;
  std::string x;
};
FUNCTIONFUSE_FIELDS(B, person, x)

TEST(FieldsTest, AnAlternativeThatFailsHalfwayLeavesNothingBehind) {
  auto person = std::make_shared<Person>(Person{"p", nullptr, {}});
  std::list<std::variant<A, B>> both{B{person, "text"}, A{person, 5}};
  auto back = there_and_back(both);
  EXPECT_EQ(std::get<B>(back.front()).person->name, "p");
  EXPECT_EQ(std::get<B>(back.front()).person, std::get<A>(back.back()).person);
}

struct Point3 {
  double x = 0, y = 0, z = 0;
  bool operator==(const Point3&) const = default;
};
FUNCTIONFUSE_FIELDS(Point3, x, y, z)

TEST(FieldsTest, AVariantIsNotReadAsTheStructWithFewerFields) {
  using V = std::variant<Point, Point3, std::map<std::string, double>>;
  EXPECT_EQ(std::get<Point3>(there_and_back(V(Point3{1, 2, 3}))), (Point3{1, 2, 3}));
  EXPECT_EQ(std::get<Point>(there_and_back(V(Point{1, 2}))), (Point{1, 2}));
}

// The most fields that the macro takes.

struct Sixty {
  int f0 = 0, f1 = 1, f2 = 2, f3 = 3, f4 = 4, f5 = 5, f6 = 6, f7 = 7, f8 = 8, f9 = 9, f10 = 10, f11 = 11,
      f12 = 12, f13 = 13, f14 = 14, f15 = 15, f16 = 16, f17 = 17, f18 = 18, f19 = 19, f20 = 20, f21 = 21,
      f22 = 22, f23 = 23, f24 = 24, f25 = 25, f26 = 26, f27 = 27, f28 = 28, f29 = 29, f30 = 30, f31 = 31,
      f32 = 32, f33 = 33, f34 = 34, f35 = 35, f36 = 36, f37 = 37, f38 = 38, f39 = 39, f40 = 40, f41 = 41,
      f42 = 42, f43 = 43, f44 = 44, f45 = 45, f46 = 46, f47 = 47, f48 = 48, f49 = 49, f50 = 50, f51 = 51,
      f52 = 52, f53 = 53, f54 = 54, f55 = 55, f56 = 56, f57 = 57, f58 = 58, f59 = 59, f60 = 60, f61 = 61,
      f62 = 62, f63 = 63;
};
FUNCTIONFUSE_FIELDS(Sixty, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17,
                    f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31, f32, f33, f34, f35,
                    f36, f37, f38, f39, f40, f41, f42, f43, f44, f45, f46, f47, f48, f49, f50, f51, f52, f53,
                    f54, f55, f56, f57, f58, f59, f60, f61, f62, f63)

TEST(FieldsTest, SixtyFourFields) {
  ff::Value value = ff::loads(ff::dumps(Sixty{}));
  EXPECT_EQ(value.size(), 64u);
  EXPECT_EQ(value["f63"].as_int(), 63);
  Sixty other;
  other.f63 = other.f0 = 100;
  std::vector<Sixty> back = there_and_back(std::vector<Sixty>{Sixty{}, other});
  EXPECT_EQ(back[0].f63, 63);
  EXPECT_EQ(back[1].f63, 100);
  EXPECT_EQ(back[1].f0, 100);
  EXPECT_EQ(back[1].f62, 62);
}

// A struct with a Value and a large array: a storage leaves the array in the file at first.

struct WithValue {
  ff::Value any;
  std::vector<double> numbers;
};
FUNCTIONFUSE_FIELDS(WithValue, any, numbers)

TEST(FieldsTest, AValueInAStructHasItsLargePayloads) {
  WithValue object{ff::Value::list({ff::NdArray::from(std::vector<double>(500'000, 1.5)),
                                    ff::Value::bytes(std::vector<std::byte>(2'000'000, std::byte{7}))}),
                   std::vector<double>(300'000, 2.5)};
  std::string pickle = ff::dumps(object);
  ff::MemoryInput input(std::as_bytes(std::span(pickle)));
  ff::Value value = ff::unpickle(input, true);
  ff::ReadContext context;
  context.heap = value.heap();
  context.input = &input;
  auto back = ff::Reading(value.slot(), context).as<WithValue>();
  EXPECT_EQ(back.numbers, object.numbers);
  EXPECT_EQ(back.any[0].as_array().at<double>(499'999), 1.5);
  EXPECT_EQ(back.any[1].as_bytes()[1'999'999], std::byte{7});
}

struct Less {
  bool operator()(const ff::Bytes& a, const ff::Bytes& b) const { return a.view() < b.view(); }
};

TEST(FieldsTest, ErrorsOfWhatWasLeftInTheInput) {
  // The key of a dict is bytes of 2 MiB, the value has the wrong type; and numpy bytes of 2 MiB.
  std::vector<std::byte> large(2 << 20, std::byte{'x'});
  ff::NdArray scalar = ff::NdArray::from_buffer(ff::DType::parse("S2097152"), {}, 'C', large, nullptr);
  for (const ff::Value& value :
       {ff::Value::dict({{ff::Value::bytes(large), "text"}}), ff::Value(scalar), ff::Value::bytes(large)}) {
    std::string pickle = ff::dumps(value);
    ff::MemoryInput input(std::as_bytes(std::span(pickle)));
    ff::Value deferred = ff::unpickle(input, true);
    ff::ReadContext context;
    context.heap = deferred.heap();
    context.input = &input;
    auto keyed = [&] { static_cast<void>(ff::Reading(deferred.slot(), context).as<std::map<ff::Bytes, int, Less>>()); };
    std::string error = error_of(keyed);
    EXPECT_EQ(error.substr(0, 14), "type_mismatch:") << error;
    EXPECT_LT(error.size(), 300u);
    error = error_of([&] { static_cast<void>(ff::Reading(deferred.slot(), context).as<std::list<double>>()); });
    EXPECT_EQ(error.substr(0, 14), "type_mismatch:") << error;
    error = error_of([&] { static_cast<void>(ff::Reading(deferred.slot(), context).as<double>()); });
    EXPECT_EQ(error.substr(0, 14), "type_mismatch:") << error;
  }
}

}  // namespace
