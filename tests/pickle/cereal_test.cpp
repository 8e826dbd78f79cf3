#include "functionfuse/pickle/cereal.hpp"

#include <gtest/gtest.h>

#include <cereal/archives/json.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>
#include <list>
#include <map>
#include <sstream>

#include "functionfuse/pickle/pickle.hpp"
#include "pickle/errors.hpp"

namespace ff = functionfuse;

namespace particles {

struct Particle {
  double mass = 0;
  std::vector<double> position;
  std::string name;
  bool operator==(const Particle&) const = default;
  template <class Archive>
  void serialize(Archive& ar) {
    ar(CEREAL_NVP(mass), CEREAL_NVP(position), cereal::make_nvp("label", name));
  }
};

struct Unnamed {
  int a = 0;
  std::string b;
  Particle c;
  bool operator==(const Unnamed&) const = default;
};
template <class Archive>
void serialize(Archive& ar, Unnamed& u) {
  ar(u.a, u.b);
  ar & u.c;
}

class SaveLoad {
 public:
  explicit SaveLoad(int x) : x_(x) {}
  int x() const { return x_; }

 private:
  friend class cereal::access;
  SaveLoad() = default;
  template <class Archive>
  void save(Archive& ar) const {
    ar(cereal::make_nvp("twice", 2 * x_));
  }
  template <class Archive>
  void load(Archive& ar) {
    ar(cereal::make_nvp("twice", x_));
    x_ /= 2;
  }
  int x_ = 0;
};

struct FreeSaveLoad {
  std::map<std::string, int> m;
};
template <class Archive>
void save(Archive& ar, const FreeSaveLoad& f) {
  ar(cereal::make_nvp("m", f.m));
}
template <class Archive>
void load(Archive& ar, FreeSaveLoad& f) {
  ar(cereal::make_nvp("m", f.m));
}

struct Versioned {
  int a = 0, b = 0;
  std::uint32_t seen = 0;
  template <class Archive>
  void serialize(Archive& ar, std::uint32_t version) {
    seen = version;
    ar(CEREAL_NVP(a));
    if (version >= 2) ar(CEREAL_NVP(b));
  }
};

struct Minimal {
  std::string text;
  bool operator<(const Minimal& other) const { return text < other.text; }
  template <class Archive>
  std::string save_minimal(const Archive&) const {
    return text;
  }
  template <class Archive>
  void load_minimal(const Archive&, const std::string& value) {
    text = value;
  }
};

struct Base {
  int base = 1;
  template <class Archive>
  void serialize(Archive& ar) {
    ar(CEREAL_NVP(base));
  }
};
struct Derived : Base {
  int own = 2;
  template <class Archive>
  void serialize(Archive& ar) {
    ar(cereal::base_class<Base>(this), CEREAL_NVP(own));
  }
};

struct Link {
  int id = 0;
  std::shared_ptr<Link> next;
  template <class Archive>
  void serialize(Archive& ar) {
    ar(CEREAL_NVP(id), CEREAL_NVP(next));
  }
};

struct Everything {
  int numbers[3] = {1, 2, 3};
  std::string texts[2] = {"a", "b"};
  Particle particles[2];
  std::optional<Particle> maybe;
  std::unique_ptr<int> pointer = std::make_unique<int>(7);
  std::list<Minimal> minimal{{"x"}};
  std::map<Minimal, SaveLoad> map;
  ff::NdArray array = ff::NdArray(ff::DType(), {2, 2});
  template <class Archive>
  void serialize(Archive& ar) {
    ar(CEREAL_NVP(numbers), CEREAL_NVP(texts), CEREAL_NVP(particles), CEREAL_NVP(maybe), CEREAL_NVP(pointer),
       CEREAL_NVP(minimal), CEREAL_NVP(map), CEREAL_NVP(array));
  }
};

struct Raw {
  unsigned char bytes[4] = {1, 2, 3, 4};
  std::vector<short> sized;
  template <class Archive>
  void save(Archive& ar) const {
    ar(cereal::binary_data(bytes, sizeof bytes), cereal::make_size_tag(sized.size()));
    for (short x : sized) ar(x);
  }
  template <class Archive>
  void load(Archive& ar) {
    std::size_t size;
    ar(cereal::binary_data(bytes, sizeof bytes), cereal::make_size_tag(size));
    sized.resize(size);
    for (short& x : sized) ar(x);
  }
};

struct FieldsFirst {
  int a = 1, b = 2;
  template <class Archive>
  void serialize(Archive& ar) {
    ar(CEREAL_NVP(a));
  }
};
FUNCTIONFUSE_FIELDS(FieldsFirst, a, b)

struct Nothing {};

}  // namespace particles

CEREAL_CLASS_VERSION(particles::Versioned, 2)

namespace {

using namespace particles;

template <class T>
T there_and_back(const T& object) {
  return ff::loads<T>(ff::dumps(object));
}
template <class T>
std::string shown(const T& object) {
  return ff::loads(ff::dumps(object)).repr(1000);
}

TEST(CerealTest, ADictOfTheNames) {
  Particle p{1.5, {1, 2}, "p"};
  EXPECT_EQ(shown(p), "{'mass': 1.5, 'position': array(shape=(2,), dtype=float64), 'label': 'p'}");
  EXPECT_EQ(there_and_back(p), p);
}

TEST(CerealTest, UnnamedItemsAreCounted) {
  Unnamed u{5, "b", {2, {}, "c"}};
  EXPECT_EQ(shown(u),
            "{'value0': 5, 'value1': 'b', 'value2': {'mass': 2.0, 'position': array(shape=(0,), dtype=float64), "
            "'label': 'c'}}");
  EXPECT_EQ(there_and_back(u), u);
}

TEST(CerealTest, NamesAreThoseOfTheJsonArchive) {
  std::ostringstream json;
  {
    cereal::JSONOutputArchive archive(json, cereal::JSONOutputArchive::Options::NoIndent());
    archive(Unnamed{5, "b", {}}, Derived());
  }
  EXPECT_EQ(shown(Derived()), "{'value0': {'base': 1}, 'own': 2}");
  std::string text = json.str();
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
  EXPECT_NE(text.find("\"value1\":{\"value0\":{\"base\":1},\"own\":2}"), std::string::npos) << text;
  EXPECT_NE(text.find("{\"value0\":5,\"value1\":\"b\",\"value2\":{\"mass\":"), std::string::npos) << text;
}

TEST(CerealTest, SaveAndLoad) {
  EXPECT_EQ(shown(SaveLoad(4)), "{'twice': 8}");
  EXPECT_EQ(there_and_back(SaveLoad(4)).x(), 4);
  FreeSaveLoad f{{{"a", 1}}};
  EXPECT_EQ(shown(f), "{'m': {'a': 1}}");
  EXPECT_EQ(there_and_back(f).m, f.m);
}

TEST(CerealTest, Versions) {
  Versioned v{1, 2, 0};
  EXPECT_EQ(shown(v), "{'cereal_class_version': 2, 'a': 1, 'b': 2}");
  EXPECT_EQ(there_and_back(v).b, 2);
  auto both = there_and_back(std::list<Versioned>{v, v});  // JSON has it only once
  EXPECT_EQ(both.back().seen, 2u);
  Versioned old = ff::Value::dict({{"cereal_class_version", 1}, {"a", 7}}).get<Versioned>();
  EXPECT_EQ(old.seen, 1u);
  EXPECT_EQ(old.a, 7);
  EXPECT_EQ(old.b, 0);
}

TEST(CerealTest, MinimalTypes) {
  EXPECT_EQ(shown(Minimal{"x"}), "'x'");
  EXPECT_EQ(there_and_back(Minimal{"x"}).text, "x");
  EXPECT_EQ(shown(std::map<Minimal, int>{{{"k"}, 1}}), "{'k': 1}");
}

TEST(CerealTest, BaseClasses) {
  Derived d;
  d.base = 10;
  d.own = 20;
  Derived back = there_and_back(d);
  EXPECT_EQ(back.base, 10);
  EXPECT_EQ(back.own, 20);
}

TEST(CerealTest, InContainersAndContainersInThem) {
  std::map<std::string, std::vector<Particle>> many{{"a", {{1, {2}, "x"}, {}}}, {"b", {}}};
  EXPECT_EQ(there_and_back(many), many);
  std::variant<int, Particle, Derived> v = Derived();
  EXPECT_EQ(there_and_back(v).index(), 2u);
  Everything e;
  e.numbers[1] = 20;
  e.texts[1] = "c";
  e.particles[1].name = "second";
  e.maybe = Particle{1, {}, "maybe"};
  e.map.emplace(Minimal{"k"}, SaveLoad(3));
  Everything back = there_and_back(e);
  EXPECT_EQ(back.numbers[1], 20);
  EXPECT_EQ(back.texts[1], "c");
  EXPECT_EQ(back.particles[1].name, "second");
  EXPECT_EQ(back.maybe->name, "maybe");
  EXPECT_EQ(*back.pointer, 7);
  EXPECT_EQ(back.minimal.front().text, "x");
  EXPECT_EQ(back.map.begin()->second.x(), 3);
  EXPECT_TRUE(equal(back.array, e.array));
}

TEST(CerealTest, NamesAreWrittenOnce) {
  std::vector<Particle> many(1000);
  EXPECT_EQ(there_and_back(many), many);
  EXPECT_LT(ff::dumps(many).size(), 70'000u);
}

TEST(CerealTest, SharedPointersAndCycles) {
  auto a = std::make_shared<Link>(Link{1, nullptr}), b = std::make_shared<Link>(Link{2, a});
  a->next = b;
  auto back = there_and_back(a);
  EXPECT_EQ(back->next->id, 2);
  EXPECT_EQ(back->next->next, back);
  a->next = back->next = nullptr;
}

TEST(CerealTest, BinaryDataAndSizes) {
  Raw raw;
  raw.bytes[2] = 9;
  raw.sized = {5, 6};
  EXPECT_EQ(shown(raw), R"({'value0': b'\x01\x02\t\x04', 'size': 2, 'value1': 5, 'value2': 6})");
  Raw back = there_and_back(raw);
  EXPECT_EQ(back.bytes[2], 9);
  EXPECT_EQ(back.sized, raw.sized);
  auto hostile = ff::loads(ff::dumps(ff::Value::dict({{"value0", ff::Value::bytes(std::vector<std::byte>(4))}, {"size", 1L << 60}})));
  EXPECT_NE(error_of([&] { static_cast<void>(ff::loads<Raw>(ff::dumps(hostile))); }).find("expands"), std::string::npos);
}

TEST(CerealTest, WhatHasSomethingBetterTakesThat) {
  EXPECT_EQ(shown(FieldsFirst()), "{'a': 1, 'b': 2}");
  EXPECT_EQ(ff::loads(ff::dumps(std::vector<int>{1})).kind(), ff::Kind::ndarray);
  static_assert(!ff::Storable<Nothing>);
  static_assert(!ff::Storable<Particle*>);
}

TEST(CerealTest, ErrorsNameThePlace) {
  auto error = [](const ff::Value& value) {
    return error_of([&] { static_cast<void>(value.get<std::vector<Unnamed>>()); });
  };
  ff::Value c = ff::Value::dict({{"label", "x"}, {"position", ff::Value::list({1, "two"})}, {"mass", 1}});
  EXPECT_EQ(error(ff::Value::list({ff::Value::dict({{"value0", 1}, {"value1", ""}, {"value2", c}})})),
            "type_mismatch: value: result[0]['value2']['position'][1]: expected double, found str 'two'");
  EXPECT_EQ(error(ff::Value::list({ff::Value::dict({{"value0", 1}})})),
            "type_mismatch: value: result[0]: expected particles::Unnamed, found a dict without its field \"value1\"");
  EXPECT_EQ(error(ff::Value::list({5})), "type_mismatch: value: result[0]: expected particles::Unnamed, found int 5");
}

}  // namespace
