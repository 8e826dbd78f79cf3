// Results that are large, deep, or hold objects of several serializers, and tasks that somebody
// else made up.

#include <fstream>
#include <memory>
#include <numeric>
#include <variant>

#include <gmock/gmock.h>
#include <sys/resource.h>

#include "functionfuse/serializers/bytes_serializer.hpp"
#include "functionfuse/storage/file_storage.hpp"

#include "io/sha1.hpp"
#include "storage/file_store.hpp"

namespace functionfuse::test {

/// Of a second type that only a serializer keeps, in the same storage as Note.
struct Picture {
  std::vector<int> pixels;
};

/// Keeps pixels as text.
struct PictureSerializer {
  using serializer_class = Picture;
  static constexpr std::string_view name = "Picture";
  SerializedAs pickle(const Protocols& protocols, const Picture& picture) {
    const std::string filename = new_filename();
    std::ofstream file(protocols.require<FileProtocol>(FILE_PROTOCOL, name)
                           .open(filename, FileProtocol::Mode::write));
    for (int pixel : picture.pixels) file << pixel << ' ';
    if (!file.flush()) throw Error(Errc::io, "cannot write a picture");
    return {"3", filename};
  }
  Picture unpickle(const Protocols& protocols, const SerializedAs& id) {
    std::ifstream file(protocols.require<FileProtocol>(FILE_PROTOCOL, name)
                           .open(id.second, FileProtocol::Mode::read));
    Picture picture;
    for (int pixel; file >> pixel;) picture.pixels.push_back(pixel);
    return picture;
  }
  void remove(const Protocols& protocols, const SerializedAs& id) {
    protocols.require<FileProtocol>(FILE_PROTOCOL, name).remove(id.second);
  }
};

struct Page {
  Note note;
  std::vector<Picture> pictures;
  double number = 0;
};
FUNCTIONFUSE_FIELDS(Page, note, pictures, number)

/// A list in a list in a list, ...
struct Nest {
  std::vector<Nest> inner;
};

}  // namespace functionfuse::test

template <>
inline constexpr bool functionfuse::is_persistent<functionfuse::test::Picture> = true;

template <>
struct functionfuse::Pickle<functionfuse::test::Nest> {
  static void save(Pickler& pickler, const test::Nest& nest) { pickler.save(nest.inner); }
  static test::Nest load(const Reading& reading) { return {reading.as<std::vector<test::Nest>>()}; }
};

namespace functionfuse::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
namespace fs = std::filesystem;

std::string with_digest(const std::string& pickle) {
  const io::Sha1Digest digest = io::sha1(pickle.data(), pickle.size());
  return pickle + std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

class ResultsOnFilesTest : public testing::Test {
 protected:
  FileStore store;
  FileStorage storage{store.path()};
};

// Several serializers.

TEST_F(ResultsOnFilesTest, TwoKindsOfSerializersInOneResult) {
  storage.register_persistent_serializers<NoteSerializer, PictureSerializer>();
  storage.register_persistent_serializers(BytesSerializer({.threshold = 10}));
  EXPECT_THAT(storage.serializers().names(), ElementsAre("Note", "Picture", "BytesSerializer"));
  const Page page{{"text"}, {{{1, 2, 3}}, {{4}}}, 2.5};
  storage.save("w", "page", page);
  storage.save("w", "bytes", std::make_pair(Bytes(std::string(100, 'x')), page.pictures[0]));
  EXPECT_THAT(store.bigdata("w"), SizeIs(5));

  const Page read = storage.read_task<Page>("w", "page");
  EXPECT_EQ(read.note.text, "text");
  EXPECT_THAT(read.pictures.at(0).pixels, ElementsAre(1, 2, 3));
  EXPECT_THAT(read.pictures.at(1).pixels, ElementsAre(4));
  EXPECT_EQ(read.number, 2.5);
  const auto pair = storage.read_task<std::pair<Bytes, Picture>>("w", "bytes");
  EXPECT_EQ(pair.first.size(), 100u);
  EXPECT_THAT(pair.second.pixels, ElementsAre(1, 2, 3));

  const Value value = FileStorage(store.path()).read_task("w", "page");
  EXPECT_EQ(value["note"].persistent_id()->name, "Note");
  EXPECT_EQ(value["pictures"][1].persistent_id()->name, "Picture");
  EXPECT_EQ(value["pictures"][1].persistent_id()->version, "3");

  EXPECT_THAT(storage.gc({}, false, 0), IsEmpty());
  EXPECT_EQ(storage.remove_task("w", "page"), 1u);
  EXPECT_THAT(store.bigdata("w"), SizeIs(2));
}

TEST_F(ResultsOnFilesTest, WithOneOfTwoSerializersTheOtherIsNamed) {
  storage.register_persistent_serializers<NoteSerializer, PictureSerializer>();
  storage.save("w", "page", Page{{"text"}, {{{1}}}, 0});
  FileStorage other(store.path());
  other.register_persistent_serializers<NoteSerializer>();
  EXPECT_THAT(error_of(Errc::unsupported, [&] { (void)other.read_task<Page>("w", "page"); }),
              AllOf(HasSubstr("\"Picture\""), HasSubstr("registered: Note"),
                    HasSubstr("register_persistent_serializers")));
  EXPECT_EQ(other.read_task("w", "page")["number"].as_float(), 0);
}

TEST_F(ResultsOnFilesTest, AnObjectThatAResultHoldsTwiceIsKeptOnceAndComesBackAsOne) {
  storage.register_persistent_serializers<NoteSerializer>();
  storage.register_persistent_serializers(BytesSerializer({.threshold = 10}));
  const auto note = std::make_shared<Note>(Note{"text"});
  const auto bytes = std::make_shared<Bytes>(std::string(100, 'x'));
  storage.save("w", "notes", std::vector{note, std::make_shared<Note>(Note{"other"}), note});
  storage.save("w", "bytes",
               std::map<std::string, std::shared_ptr<Bytes>>{{"a", bytes}, {"b", bytes}});
  EXPECT_THAT(store.bigdata("w"), SizeIs(3));
  const auto notes = storage.read_task<std::vector<std::shared_ptr<Note>>>("w", "notes");
  EXPECT_EQ(notes.at(0), notes.at(2));
  EXPECT_EQ(notes.at(0)->text, "text");
  EXPECT_EQ(notes.at(1)->text, "other");
  auto both = storage.read_task<std::map<std::string, std::shared_ptr<Bytes>>>("w", "bytes");
  EXPECT_EQ(both["a"], both["b"]);
}

// Deep and large.

TEST_F(ResultsOnFilesTest, AResultNestedTwoThousandDeep) {
  Nest nest;
  for (int i = 1; i < 2000; ++i) {
    Nest outer;
    outer.inner.push_back(std::move(nest));
    nest = std::move(outer);
  }
  storage.save("w", "typed", nest);
  const Value value = storage.read_task("w", "typed");
  storage.save("w", "value", value);
  for (const char* task : {"typed", "value"}) {
    const Nest read = storage.read_task<Nest>("w", task);
    std::size_t depth = 1;
    for (const Nest* n = &read; !n->inner.empty(); n = &n->inner[0]) ++depth;
    EXPECT_EQ(depth, 2000u);
  }
  EXPECT_THAT(storage.verify({}), IsEmpty());
  EXPECT_THAT(storage.gc({}, false, 0), IsEmpty());
  EXPECT_EQ(storage.remove_task("w", "*"), 2u);
}

long peak_kib() {
  struct rusage usage;
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST_F(ResultsOnFilesTest, ReadingALargeResultTakesItsSizeAndLittleMore) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has memory of its own";
#endif
  storage.register_persistent_serializers<NoteSerializer>();  // one that it has to ask each time
  constexpr std::size_t kCount = 25'000'000;
  constexpr long kMore = 64 * 1024, kSize = static_cast<long>(kCount * sizeof(double) / 1024);
  storage.save("w", "x", std::vector<double>(kCount, 1.5));
  storage.save("w", "y", NdArray::from(std::vector<double>(kCount, 2.5), {5000, 5000}));
  // The peak so far is that of one array, which is free again.
  const long before = peak_kib();
  EXPECT_EQ(storage.read_task<std::vector<double>>("w", "x").back(), 1.5);
  EXPECT_EQ(storage.read_task<NdArray>("w", "y").at<double>(4999, 4999), 2.5);
  EXPECT_EQ(storage.read_task("w", "y").kind(), Kind::ndarray);
  EXPECT_LT(peak_kib() - before, kMore);
  {
    const auto one = storage.read_task<std::vector<double>>("w", "x");
    EXPECT_EQ(storage.read_task<std::vector<double>>("w", "x").back(), one.back());
  }
  EXPECT_LT(peak_kib() - before, kSize + kMore);
}

TEST_F(ResultsOnFilesTest, SavingLargeBytesBesideThePickleTakesLittleMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has memory of its own";
#endif
  storage.register_persistent_serializers<BytesSerializer>();
  constexpr long kMore = 64 * 1024;
  const Bytes bytes(std::vector<std::byte>(200'000'000, std::byte{1}));
  const long before = peak_kib();
  storage.save("w", "x", bytes);
  storage.save("w", "x",
               std::map<std::string, std::shared_ptr<const Bytes>>{
                   {"it", {std::shared_ptr<void>(), &bytes}}});
  EXPECT_THAT(store.bigdata("w"), SizeIs(1));
  EXPECT_EQ(storage.read_task("w", "x").size(), 1u) << "which reads none of it";
  EXPECT_LT(peak_kib() - before, kMore);
  EXPECT_EQ((storage.read_task<std::map<std::string, Bytes>>("w", "x").at("it").size()),
            200'000'000u);
  EXPECT_LT(peak_kib() - before, 200'000'000 / 1024 + kMore);
}

// Strangers' tasks.

TEST_F(ResultsOnFilesTest, ATaskThatWouldRunACommandIsLookedAtCopiedAndRemovedAndRunsNothing) {
  const fs::path ran = store.path() / "ran";
  const std::string evil = with_digest("cos\nsystem\n(S'touch " + ran.native() + "'\ntR.");
  for (const std::string pattern : {"evil", "*"}) {
    write_bytes(store.path() / "w" / "evil", evil);
    const Value value = storage.read_task("w", "evil");
    EXPECT_THAT(value.repr(), HasSubstr("system"));
    EXPECT_THROW((void)storage.read_task<int>("w", "evil"), Error);
    EXPECT_TRUE(storage.file_exists("w", "evil"));
    EXPECT_TRUE(storage.index("w", 1)->find("evil").stored);
    EXPECT_THAT(storage.verify({}), IsEmpty());
    EXPECT_THAT(storage.gc({}, false, 0), IsEmpty());
    storage.save("w", "copy", value);
    EXPECT_EQ(storage.remove_task("w", "copy"), 1u);
    EXPECT_EQ(storage.remove_task("w", pattern), 1u);
    EXPECT_FALSE(fs::exists(ran));
  }
}

// Names.

TEST_F(ResultsOnFilesTest, AWorkflowWhoseNameIsAGlobMeansItselfAlone) {
  for (const char* workflow : {"w1", "w[1]", "w*", "w"}) storage.save(workflow, workflow, 1);
  EXPECT_THAT(storage.list_tasks("w[1]"), ElementsAre("w[1]"));
  EXPECT_THAT(storage.list_tasks("w*"), ElementsAre("w*"));
  EXPECT_EQ(storage.remove_task("w*", "*"), 1u);
  EXPECT_TRUE(storage.remove_workflow("w[1]"));
  EXPECT_THAT(storage.list_workflows(), ElementsAre("w", "w*", "w1"));
  EXPECT_EQ(storage.read_task<int>("w1", "w1"), 1);
}

}  // namespace
}  // namespace functionfuse::test
