#include "functionfuse/pickle/pickler.hpp"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <set>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/pickle.hpp"

// The bytes that are written; python_test.py has what Python makes of them.

namespace ff = functionfuse;

namespace {

std::string unhex(std::string_view text) {
  std::string bytes;
  unsigned high = 16;
  for (char c : text) {
    if (c == ' ') continue;
    unsigned digit = static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    if (high == 16) {
      high = digit;
    } else {
      bytes.push_back(static_cast<char>(high << 4 | digit));
      high = 16;
    }
  }
  return bytes;
}

std::string u64(std::uint64_t i) { return {reinterpret_cast<const char*>(&i), 8}; }

TEST(PicklerTest, SmallValuesAreThoseOfCPython) {
  EXPECT_EQ(ff::dumps(nullptr), unhex("80 04 4e 2e"));
  EXPECT_EQ(ff::dumps(true), unhex("80 04 88 2e"));
  EXPECT_EQ(ff::dumps(false), unhex("80 04 89 2e"));
  EXPECT_EQ(ff::dumps(0), unhex("80 04 4b 00 2e"));
  EXPECT_EQ(ff::dumps(255), unhex("80 04 4b ff 2e"));
  EXPECT_EQ(ff::dumps(256), unhex("80 04 95 04 00 00 00 00 00 00 00 4d 00 01 2e"));
  EXPECT_EQ(ff::dumps(65535), unhex("80 04 95 04 00 00 00 00 00 00 00 4d ff ff 2e"));
  EXPECT_EQ(ff::dumps(65536), unhex("80 04 95 06 00 00 00 00 00 00 00 4a 00 00 01 00 2e"));
  EXPECT_EQ(ff::dumps(-1), unhex("80 04 95 06 00 00 00 00 00 00 00 4a ff ff ff ff 2e"));
  EXPECT_EQ(ff::dumps(std::int64_t{1} << 31),
            unhex("80 04 95 08 00 00 00 00 00 00 00 8a 05 00 00 00 80 00 2e"));
  EXPECT_EQ(ff::dumps(-(std::int64_t{1} << 31) - 1),
            unhex("80 04 95 08 00 00 00 00 00 00 00 8a 05 ff ff ff 7f ff 2e"));
  EXPECT_EQ(ff::dumps(std::numeric_limits<std::int64_t>::min()),
            unhex("80 04 95 0b 00 00 00 00 00 00 00 8a 08 00 00 00 00 00 00 00 80 2e"));
  EXPECT_EQ(ff::dumps(std::numeric_limits<std::uint64_t>::max()),
            unhex("80 04 95 0c 00 00 00 00 00 00 00 8a 09 ff ff ff ff ff ff ff ff 00 2e"));
  EXPECT_EQ(ff::dumps(1.0), unhex("80 04 95 0a 00 00 00 00 00 00 00 47 3f f0 00 00 00 00 00 00 2e"));
  EXPECT_EQ(ff::dumps(std::tuple<>()), unhex("80 04 29 2e"));
  EXPECT_EQ(ff::dumps(std::list<std::string>()), unhex("80 04 5d 2e"));
  EXPECT_EQ(ff::dumps(std::map<int, int>()), unhex("80 04 7d 2e"));
  EXPECT_EQ(ff::dumps(std::set<int>()), unhex("80 04 8f 2e"));
}

TEST(PicklerTest, TheWorkedExampleOfTheFormatsDocument) {
  // docs/formats/pickle.md
  const std::string expected = unhex(
      "80 04 95 8b 00 00 00 00 00 00 00 7d 28 8c 01 78 8c 15 6e 75 6d 70 79 2e 63 6f 72 65 2e 6d 75 6c "
      "74 69 61 72 72 61 79 8c 0c 5f 72 65 63 6f 6e 73 74 72 75 63 74 93 94 8c 05 6e 75 6d 70 79 8c 07 "
      "6e 64 61 72 72 61 79 93 94 4b 00 85 43 01 62 87 52 28 4b 01 4b 02 85 8c 05 6e 75 6d 70 79 8c 05 "
      "64 74 79 70 65 93 94 8c 02 66 34 89 88 87 52 94 28 4b 03 8c 01 3c 4e 4e 4e 4a ff ff ff ff 4a ff "
      "ff ff ff 4b 00 74 62 89 43 08 00 00 80 3f 00 00 00 40 74 62 75 2e");
  EXPECT_EQ(ff::dumps(std::map<std::string, std::vector<float>>{{"x", {1, 2}}}), expected);
}

TEST(PicklerTest, TextAndBytesHaveTheShortestLength) {
  auto framed = [](const std::string& body) {
    return unhex("80 04 95") + u64(body.size() + 1) + body + ".";
  };
  EXPECT_EQ(ff::dumps(std::string("ab")), framed("\x8c\x02" "ab"));
  EXPECT_EQ(ff::dumps(std::string(255, 'x')), framed("\x8c\xff" + std::string(255, 'x')));
  EXPECT_EQ(ff::dumps(std::string(256, 'x')), framed(std::string("X\0\1\0\0", 5) + std::string(256, 'x')));
  EXPECT_EQ(ff::dumps(ff::Bytes("ab")), framed("C\x02" "ab"));
  EXPECT_EQ(ff::dumps(ff::Bytes(std::string(256, 'x'))),
            framed(std::string("B\0\1\0\0", 5) + std::string(256, 'x')));
}

TEST(PicklerTest, ContainersOfMoreThanAThousandComeInBatches) {
  auto count = [](const std::string& text, char c) {
    return std::count(text.begin(), text.end(), c);
  };
  // The elements are bools, so that no byte of theirs looks like an opcode that is counted.
  for (std::size_t n : {1u, 1000u, 1001u, 2000u, 2001u}) {
    std::string pickle = ff::dumps(std::list<bool>(n, true));
    EXPECT_EQ(count(pickle, 'e'), static_cast<std::ptrdiff_t>((n + 999) / 1000)) << n;
    EXPECT_EQ(ff::loads<std::list<bool>>(pickle).size(), n);
  }
}

TEST(PicklerTest, FramesHold64KiBAndNoOpcodeLiesInTwo) {
  std::list<std::string> texts(200, std::string(1000, 'x'));
  std::string pickle = ff::dumps(texts);
  std::size_t at = 2, frames = 0;
  while (at < pickle.size()) {
    ASSERT_EQ(pickle[at], '\x95') << at;
    std::uint64_t size;
    std::memcpy(&size, pickle.data() + at + 1, 8);
    EXPECT_LE(size, 64u * 1024 + 2000);
    at += 9 + size;
    ++frames;
  }
  EXPECT_EQ(at, pickle.size());
  EXPECT_GT(frames, 2u);
  EXPECT_EQ(ff::loads<std::list<std::string>>(pickle), texts);
}

TEST(PicklerTest, LargePayloadsStandBetweenFramesAndAreNotCopied) {
  struct Pieces : ff::Output {
    void write(const void* data, std::size_t size) override {
      pieces.emplace_back(data, size);
      all.append(static_cast<const char*>(data), size);
    }
    std::vector<std::pair<const void*, std::size_t>> pieces;
    std::string all;
  } output;
  std::vector<double> numbers(100'000, 1.5);
  ff::Pickler pickler(output);
  pickler.save(numbers);
  pickler.finish();
  bool as_it_lies = false;
  for (auto [data, size] : output.pieces) {
    as_it_lies = as_it_lies || (data == numbers.data() && size == 800'000);
  }
  EXPECT_TRUE(as_it_lies);
  EXPECT_EQ(ff::loads<std::vector<double>>(output.all), numbers);
}

// A serializer's part: every Mesh is kept beside the pickle.
struct Mesh {
  int id = 0;
};

class Hooks : public ff::PersistentHooks {
 public:
  bool is_persistent(const std::type_info& type, const void*) const override {
    return type == typeid(Mesh);
  }
  ff::PersistentId persistent_id(const std::type_info&, const void* object) override {
    kept.push_back(static_cast<const Mesh*>(object)->id);
    return {"HDFSerializer", "0.0.0", "0123456789abcdef0123456789abcdef0123"};
  }
  std::shared_ptr<void> persistent_load(const ff::PersistentId& id,
                                        const std::type_info& type) override {
    EXPECT_TRUE(type == typeid(Mesh)) << type.name();
    EXPECT_EQ(id.name, "HDFSerializer");
    ++loaded;
    return std::make_shared<Mesh>(Mesh{7});
  }
  ff::PersistentId persistent_copy(const ff::PersistentId& id, const ff::PersistentOrigin*) override {
    return {id.name, id.version, "copy of " + id.filename};
  }
  std::vector<int> kept;
  int loaded = 0;
};

template <class T>
std::string dumps(const T& object, ff::PersistentHooks& hooks) {
  ff::StringOutput output;
  ff::Pickler pickler(output, &hooks);
  pickler.save(object);
  pickler.finish();
  return output.take();
}

template <class T>
T loads(const std::string& pickle, ff::PersistentHooks* hooks) {
  ff::MemoryInput input(std::as_bytes(std::span(pickle)));
  ff::Value value = ff::unpickle(input);
  ff::ReadContext context;
  context.heap = value.heap();
  context.hooks = hooks;
  context.where = "task \"x\"";
  return ff::Reading(value.slot(), context).as<T>();
}

}  // namespace

template <>
inline constexpr bool functionfuse::is_persistent<Mesh> = true;

namespace {

TEST(PicklerTest, PersistentIdIsThatOfFunctionFuseByteForByte) {
  Hooks hooks;
  std::string expected = unhex("80 04 95") + u64(69) + "\x8c\x0d" "HDFSerializer\x94" "\x8c\x05" "0.0.0\x94" +
                         "\x8c\x24" "0123456789abcdef0123456789abcdef0123\x94\x86\x94\x86\x94Q.";
  std::string pickle = dumps(Mesh{5}, hooks);
  EXPECT_EQ(pickle, expected);
  EXPECT_EQ(pickle.size(), 80u);
  EXPECT_EQ(hooks.kept, std::vector{5});
}

TEST(PicklerTest, PersistentObjectsAreFoundAtAnyDepthAndReadBack) {
  Hooks hooks;
  using Deep = std::map<std::string, std::list<std::pair<int, std::optional<Mesh>>>>;
  std::string pickle = dumps(Deep{{"a", {{1, Mesh{1}}, {2, std::nullopt}, {3, Mesh{2}}}}}, hooks);
  EXPECT_EQ(hooks.kept, (std::vector{1, 2}));
  Deep back = loads<Deep>(pickle, &hooks);
  ASSERT_EQ(back["a"].size(), 3u);
  EXPECT_EQ(back["a"].front().second->id, 7);
  EXPECT_FALSE(std::next(back["a"].begin())->second);
  EXPECT_EQ(hooks.loaded, 2);
}

TEST(PicklerTest, PersistentObjectsAreReadThroughWhatHoldsThem) {
  Hooks hooks;
  std::string pickle = dumps(Mesh{1}, hooks);
  EXPECT_EQ(loads<std::optional<Mesh>>(pickle, &hooks)->id, 7);
  EXPECT_EQ(loads<std::unique_ptr<Mesh>>(pickle, &hooks)->id, 7);
  EXPECT_EQ(loads<std::shared_ptr<Mesh>>(pickle, &hooks)->id, 7);
  EXPECT_EQ(std::get<Mesh>(loads<std::variant<int, Mesh>>(pickle, &hooks)).id, 7);
  auto shared = std::make_shared<Mesh>(Mesh{3});
  hooks.kept.clear();
  auto two = loads<std::list<std::shared_ptr<Mesh>>>(
      dumps(std::list<std::shared_ptr<Mesh>>{shared, shared}, hooks), &hooks);
  EXPECT_EQ(hooks.kept, std::vector{3});
  EXPECT_EQ(two.front(), two.back());
}

TEST(PicklerTest, WithoutASerializerThereAreErrors) {
  try {
    static_cast<void>(ff::dumps(Mesh{1}));
    FAIL();
  } catch (const ff::Error& e) {
    EXPECT_EQ(e.code(), ff::Errc::unsupported);
    EXPECT_NE(std::string(e.what()).find("Mesh is kept by a persistent serializer, and none is "
                                         "registered for it"),
              std::string::npos)
        << e.what();
  }
  Hooks hooks;
  std::string pickle = dumps(std::list<Mesh>{Mesh{1}}, hooks);
  try {
    loads<std::list<Mesh>>(pickle, nullptr);
    FAIL();
  } catch (const ff::Error& e) {
    EXPECT_STREQ(e.what(),
                 "task \"x\": result[0]: an object kept by HDFSerializer beside the pickle; read it "
                 "from its storage, with that serializer registered");
  }
}

TEST(PicklerTest, AValueWithPersistentIdsIsCopiedOrKeepsThem) {
  Hooks hooks;
  ff::Value value = ff::loads(dumps(std::list<Mesh>{Mesh{1}, Mesh{2}}, hooks));
  EXPECT_EQ(value[0].kind(), ff::Kind::persistent);
  EXPECT_EQ(value[0].persistent_id()->filename, "0123456789abcdef0123456789abcdef0123");
  ff::Value copy = ff::loads(dumps(value, hooks));
  EXPECT_EQ(copy[1].persistent_id()->filename, "copy of 0123456789abcdef0123456789abcdef0123");
  EXPECT_EQ(ff::loads(ff::dumps(value))[1].persistent_id(), value[1].persistent_id());
}

// What is remembered by its address.

struct Part {
  int x = 0;
};
FUNCTIONFUSE_FIELDS(Part, x)
struct Whole {
  Part first;
};
FUNCTIONFUSE_FIELDS(Whole, first)
struct Temporary {
  int x = 0;
};

}  // namespace

template <>
struct functionfuse::Pickle<Temporary> {
  static void save(Pickler& p, const Temporary& t) {
    auto shared = std::make_shared<Part>(Part{t.x});
    p.save(std::pair(shared, shared));
  }
  static Temporary load(const Reading& r) {
    return {r.as<std::pair<Part, std::shared_ptr<Part>>>().second->x};
  }
};

namespace {

TEST(PicklerTest, AnObjectIsNotTakenForItsFirstMember) {
  auto whole = std::make_shared<Whole>(Whole{Part{5}});
  std::shared_ptr<Part> part(whole, &whole->first);
  auto pickle = ff::dumps(std::pair(whole, part));
  auto [w, p] = ff::loads<std::pair<Whole, Part>>(pickle);
  EXPECT_EQ(w.first.x, 5);
  EXPECT_EQ(p.x, 5);
}

TEST(PicklerTest, TheAddressOfAnObjectThatIsGoneIsNotRemembered) {
  std::list<Temporary> many;
  for (int i = 0; i < 50; ++i) many.push_back({i});
  auto back = ff::loads<std::list<Temporary>>(ff::dumps(many));
  int i = 0;
  for (const Temporary& t : back) EXPECT_EQ(t.x, i++);
}

}  // namespace
