#include <chrono>
#include <complex>
#include <deque>
#include <fstream>
#include <iostream>
#include <limits>
#include <list>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "functionfuse/pickle/cereal.hpp"
#include "functionfuse/pickle/pickle.hpp"

// Writes C++ values of every type that can be stored to files of the folder that is given, for
// python_test.py.

namespace ff = functionfuse;
using namespace std::literals;

namespace {

enum class Colour { red = 3 };
enum class Two : bool { no, yes };

struct Point {
  double x = 0, y = 0;
};
FUNCTIONFUSE_FIELDS(Point, x, y)

struct Model {
  std::string name;
  std::vector<double> weights;
  std::vector<Point> points;
  std::optional<Point> origin;
  std::map<std::string, std::vector<float>> groups;
};
FUNCTIONFUSE_FIELDS(Model, name, weights, points, origin, groups)

struct Person {
  std::string name;
  std::shared_ptr<Person> friend_of;
};
FUNCTIONFUSE_FIELDS(Person, name, friend_of)

struct ForCereal {
  int a = 1;
  std::string b = "b";
  std::vector<double> c{1, 2};
  template <class Archive>
  void serialize(Archive& ar, std::uint32_t) {
    ar(CEREAL_NVP(a), b, CEREAL_NVP(c));
  }
};

class Zoo {
 public:
  explicit Zoo(std::string folder) : folder_(std::move(folder)) {}

  template <class T>
  void add(const std::string& name, const T& object) {
    std::ofstream file(folder_ + "/" + name, std::ios::binary);
    file << ff::dumps(object);
    if (!file.flush()) throw std::runtime_error("cannot write " + name);
  }

  template <class T>
  void add_integer(const std::string& name) {
    using L = std::numeric_limits<T>;
    add(name, std::list<T>{L::min(), 0, 1, L::max()});
    add(name + "_array", std::vector<T>{L::min(), 0, 1, L::max()});
  }

 private:
  std::string folder_;
};

ff::NdArray numbers(ff::DType dtype, ff::Shape shape) {
  std::int64_t count = 1;
  for (std::int64_t length : shape) count *= length;
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  return ff::NdArray::from(std::move(values), std::move(shape)).astype(dtype);
}

void add_scalars(Zoo& zoo) {
  zoo.add("none", nullptr);
  zoo.add("true", true);
  zoo.add("colour", Colour::red);
  zoo.add("two", Two::yes);
  zoo.add_integer<char>("int8");
  zoo.add_integer<unsigned char>("uint8");
  zoo.add_integer<short>("int16");
  zoo.add_integer<unsigned short>("uint16");
  zoo.add_integer<int>("int32");
  zoo.add_integer<unsigned>("uint32");
  zoo.add_integer<long>("int64");
  zoo.add_integer<unsigned long>("uint64");
  using D = std::numeric_limits<double>;
  zoo.add("floats", std::list<double>{0, -0.0, 1.5, D::infinity(), D::denorm_min(), D::max(), 0.1});
  zoo.add("float32", 0.1F);
  zoo.add("complex", std::complex<double>(1, -2));
  zoo.add("text", std::string("é漢😀\0x", 11));
  zoo.add("long_text", std::string(100'000, 'x'));
  zoo.add("bytes", ff::Bytes(std::string_view("\xff\0a", 3)));
  zoo.add("byte_vector", std::vector<std::byte>{std::byte{1}, std::byte{255}});
  zoo.add("large_bytes", ff::Bytes(std::string(300'000, '\x80')));
}

void add_containers(Zoo& zoo) {
  zoo.add("doubles", std::vector<double>{1, 2.5});
  zoo.add("bools", std::vector<bool>{true, false, true});
  zoo.add("complexes", std::vector<std::complex<float>>{{1, 2}});
  zoo.add("long_doubles", std::vector<long double>{1.25L});
  zoo.add("no_doubles", std::vector<double>());
  zoo.add("million", std::vector<int>(1'000'000, 7));
  zoo.add("array", std::array<float, 3>{1, 2, 3});
  zoo.add("texts", std::vector<std::string>{"a", ""});
  zoo.add("many_texts", std::vector<std::string>(2500, "x"));
  zoo.add("nested", std::vector<std::vector<double>>{{1}, {}, {2, 3}});
  zoo.add("many_vectors", std::vector<std::vector<int>>(1500, std::vector<int>{1, 2, 3}));
  zoo.add("list", std::list<int>{1, 2});
  zoo.add("deque", std::deque<double>(3000, 0.5));
  zoo.add("tuples", std::tuple(std::tuple<>(), std::tuple(1), std::pair(1, "2"s), std::tuple(1, 2, 3), std::tuple(1, 2, 3, 4)));
  zoo.add("dict", std::map<std::string, int>{{"a", 1}, {"b", 2}});
  zoo.add("hash_map", std::unordered_map<int, std::string>{{1, "a"}});
  std::map<int, std::string> large;
  for (int i = 0; i < 2500; ++i) large[i] = std::to_string(i);
  zoo.add("large_dict", large);
  zoo.add("set", std::set<int>{1, 2, 3});
  zoo.add("hash_set", std::unordered_set<std::string>{"a"});
  zoo.add("vector_keys", std::map<std::vector<int>, int>{{{1, 2}, 3}, {{}, 4}});
  zoo.add("array_keys", std::set<std::array<double, 2>>{{1, 2}});
  zoo.add("set_of_sets", std::set<std::set<std::string>>{{"a"}, {}});
  zoo.add("deep_keys", std::map<std::pair<int, std::vector<std::optional<std::string>>>, int>{{{1, {"a", std::nullopt}}, 2}});
  zoo.add("optional", std::list<std::optional<int>>{1, std::nullopt});
  zoo.add("variants", std::list<std::variant<int, std::string, std::vector<double>>>{1, "a", std::vector<double>{1}});
  zoo.add("unique", std::make_unique<std::string>("x"));
  auto shared = std::make_shared<std::list<int>>(2, 1);
  zoo.add("shared", std::list<std::shared_ptr<std::list<int>>>{shared, shared, nullptr});
}

void add_arrays(Zoo& zoo) {
  for (const char* code : {"i1", "u2", "i4", "u8", "f2", "f4", "f8", "f16", "c8", "c16", "c32", "b1", ">i2", ">f8", ">c8"}) {
    std::string name = std::string("nd_") + (code[0] == '>' ? "be_" : "") + (code + (code[0] == '>' ? 1 : 0));
    zoo.add(name, numbers(ff::DType::parse(code), {2, 3}));
  }
  ff::NdArray array = numbers(ff::DType(), {2, 3, 4});
  zoo.add("nd_transposed", array.transpose());
  zoo.add("nd_part", array.slice({{}, {.step = 2}, {.start = 3, .stop = {}, .step = -2}}));
  zoo.add("nd_rank_0", ff::NdArray::scalar(1.5));
  zoo.add("nd_empty", ff::NdArray(ff::DType(), {0, 3}));
  zoo.add("nd_rank_5", numbers(ff::DType(), {1, 2, 1, 2, 1}));
  auto zeros = [](const ff::DType& dtype) { return ff::NdArray(dtype, {2}); };
  zoo.add("nd_S", zeros(ff::DType::parse("S5")));
  zoo.add("nd_U", zeros(ff::DType::parse(">U5")));
  zoo.add("nd_V", zeros(ff::DType::parse("V5")));
  zoo.add("nd_M", zeros(ff::DType::datetime('M', "ns", 25)));
  zoo.add("nd_m", zeros(ff::DType::datetime('m', "D")));
  zoo.add("nd_generic", zeros(ff::DType::datetime('M', "generic")));
  ff::DType inner = ff::DType::packed({{"x", {}, ff::DType::parse("i2")}, {"y", "title", ff::DType::parse(">f8")}});
  zoo.add("nd_struct", zeros(ff::DType::packed({{"a", {}, ff::DType::parse("S3")},
                                               {"b", {}, ff::DType::subarray(inner, {2, 2})},
                                               {"é", {}, ff::DType::datetime('M', "s")}},
                                              true)));
  zoo.add("nd_gaps", zeros(ff::DType::structured({{"a", {}, ff::DType::parse("i4"), 8}, {"b", {}, ff::DType::parse("i2"), 0}}, 20)));
  std::list<ff::NdArray> many;
  for (int i = 0; i < 600; ++i) many.push_back(ff::NdArray(ff::DType::parse("S" + std::to_string(1 + i % 40)), {3}));
  zoo.add("nd_many", many);
}

void add_times(Zoo& zoo) {
  using std::chrono::sys_days;
  using std::chrono::year;
  zoo.add("day", sys_days(year{2020} / 2 / 29));
  zoo.add("time", std::chrono::sys_time<std::chrono::microseconds>(sys_days(year{1969} / 12 / 31) + 23h + 59min + 1us));
  zoo.add("first_day", sys_days(year{1} / 1 / 1));
  zoo.add("last", std::chrono::sys_time<std::chrono::microseconds>(sys_days(year{9999} / 12 / 31) + 24h - 1us));
  zoo.add("nanoseconds", std::chrono::nanoseconds(-1'500));
  zoo.add("hours", 49h);
  zoo.add("seconds", std::chrono::duration<double>(0.57));
  zoo.add("longest", std::chrono::days(999'999'999));
}

void add_structs(Zoo& zoo) {
  zoo.add("point", Point{1, 2});
  zoo.add("model", Model{"m", {1, 2}, {{1, 2}, {3, 4}}, Point{5, 6}, {{"g", {1}}}});
  zoo.add("points", std::vector<Point>(3000));
  auto a = std::make_shared<Person>(Person{"a", nullptr}), b = std::make_shared<Person>(Person{"b", a});
  a->friend_of = b;
  zoo.add("cycle", a);
  a->friend_of = nullptr;
  zoo.add("cereal", std::list<ForCereal>(2));
}

void add_values(Zoo& zoo) {
  using ff::Value;
  std::vector<std::byte> big(40, std::byte{0x5a});
  big.push_back(std::byte{0xff});
  Value part = Value::list({1, "a"});
  zoo.add("value", Value::dict({{"big", Value::big_integer(big)},
                                {"shared", Value::tuple({part, part})},
                                {Value::frozenset({1, 2}), Value::set({"x"})},
                                {"bytearray", Value::bytearray(std::vector<std::byte>(3, std::byte{7}))},
                                {"object", Value::object(Value::global("decimal", "Decimal"), Value::tuple({"1.50"}))},
                                {"class", Value::global("collections", "OrderedDict")},
                                {"array", numbers(ff::DType::parse("i4"), {3})},
                                {"complex", std::complex<double>(0, 1)}}));
  std::vector<std::byte> vast(300, std::byte{1});
  zoo.add("vast", Value::big_integer(vast));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  Zoo zoo(argv[1]);
  add_scalars(zoo);
  add_containers(zoo);
  add_arrays(zoo);
  add_times(zoo);
  add_structs(zoo);
  add_values(zoo);
}
