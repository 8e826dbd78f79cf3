#include "functionfuse/storage/file_storage.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "functionfuse/serializers/bytes_serializer.hpp"
#include "io/sha1.hpp"
#include "storage/file_store.hpp"

namespace functionfuse::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using testing::UnorderedElementsAre;
namespace fs = std::filesystem;
using namespace std::string_literals;

std::string with_digest(const std::string& pickle) {
  const io::Sha1Digest digest = io::sha1(pickle.data(), pickle.size());
  return pickle + std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

/// A pickle of one persistent id, (name, (version, filename)).
std::string pickle_of_id(const std::string& name, const std::string& version,
                         const std::string& filename) {
  auto text = [](const std::string& s) {
    const auto n = static_cast<std::uint32_t>(s.size());
    return "X"s + std::string(reinterpret_cast<const char*>(&n), 4) + s;
  };
  return "\x80\x04" + text(name) + text(version) + text(filename) + "\x86\x86Q.";
}

class FileStorageTest : public testing::Test {
 protected:
  [[nodiscard]] fs::path file(const std::string& name) const { return store.path() / "w" / name; }
  void make_old(const fs::path& path) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(2));
  }
  FileStore store;
  FileStorage storage{store.path()};
};

TEST_F(FileStorageTest, TheBytesOfATask) {
  storage.save("w", "x", nullptr);
  EXPECT_EQ(read_bytes(file("x")),
            "\x80\x04N.\xdb\xc1\xaa\xdd\xc8\xb7\x34\x3d\x6d\x33\xb3\x4e\xdc\xf6\x08\xb8\xf8\x80"
            "\x19\x18"s);
  for (const std::size_t count : {std::size_t{3}, std::size_t{200'000}, std::size_t{3'000'000}}) {
    storage.save("w", "y", std::vector<double>(count, 1.0));
    const std::string bytes = read_bytes(file("y"));
    EXPECT_EQ(with_digest(bytes.substr(0, bytes.size() - 20)), bytes);
  }
}

TEST_F(FileStorageTest, TheFilesOfAWorkflow) {
  storage.register_persistent_serializers<NoteSerializer>();
  storage.save("w", "x", Note{"text"});
  const auto names = all_below(store.path());
  EXPECT_EQ(names.size(), 6u);
  for (const char* name : {"w", "w/x", "w/bigdata", "w/.functionfuse", "w/.functionfuse/records"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST_F(FileStorageTest, TheBytesOfAPersistentId) {
  storage.register_persistent_serializers<NoteSerializer>();
  storage.save("w", "x", Note{"text"});
  const std::string name = store.bigdata("w").at(0);
  EXPECT_EQ(read_bytes(file("x")),
            with_digest("\x80\x04\x95\x38\0\0\0\0\0\0\0\x8c\x04Note\x94\x8c\x01"s + "1\x94\x8c\x24" +
                        name + "\x94\x86\x94\x86\x94Q."));
}

// docs/formats/storage-layout.md, "Example".
TEST_F(FileStorageTest, TheFilesOfTheDocumentation) {
  const std::string name = "7006b46f-483a-4ebe-9ef2-b9d5ba3c3677";
  const std::string task =
      "\x80\x04\x95\x47\0\0\0\0\0\0\0\x8c\x0f"s + "BytesSerializer\x94\x8c\x05" +
      "0.0.0\x94\x8c\x24" + name + "\x94\x86\x94\x86\x94\x51\x2e" +
      "\x8c\xfa\xcd\xed\x42\x6e\x08\x29\xd0\x84\x98\x34\x8c\xf8\x6e\xd7\xb0\x20\x7f\xc6";
  EXPECT_EQ(task.size(), 102u);
  write_bytes(file("text"), task);
  write_bytes(file("bigdata/" + name),
              "Function Fuse\xad\xad\x6d\xcb\x44\x7c\x81\xb7\x1b\x8b\x98\xce\xc9\xac\x08\xe1\x61\x0c"
              "\x6e\xda");
  storage.register_persistent_serializers(BytesSerializer({.threshold = 4}));
  EXPECT_EQ(storage.read_task<Bytes>("w", "text"), Bytes(std::string("Function Fuse")));
  EXPECT_THAT(storage.verify({}), IsEmpty());

  storage.save("w", "again", storage.read_task<Bytes>("w", "text"));
  std::string again = read_bytes(file("again"));
  ASSERT_EQ(again.size(), 102u);
  EXPECT_EQ(again.replace(39, 36, name).substr(0, 82), task.substr(0, 82));
}

TEST_F(FileStorageTest, UrlAndPath) {
  EXPECT_EQ(storage.url(), "file://" + store.path().native());
  EXPECT_EQ(storage.path(), store.path());
  EXPECT_EQ(FileStorage("a/../b").path(), fs::current_path() / "b");
}

TEST_F(FileStorageTest, ReadingNeedsNoPermissionToWriteAndCreatesNothing) {
  write_bytes(file("x"), with_digest("\x80\x04K\x05."));
  const auto before = all_below(store.path());
  EXPECT_EQ(storage.read_task<int>("w", "x"), 5);
  EXPECT_TRUE(storage.index("w", 1)->find("x").stored);
  EXPECT_THAT(storage.list_tasks("w"), ElementsAre("x"));
  EXPECT_THAT(storage.verify({}), IsEmpty());
  EXPECT_THAT(storage.gc({}, false, 0), IsEmpty());
  storage.sync("w");
  EXPECT_EQ(all_below(store.path()), before);
  EXPECT_THAT(FileStorage(store.path() / "none").list_workflows(), IsEmpty());
  EXPECT_THAT(FileStorage(store.path() / "none").gc({}, false, 0), IsEmpty());
  EXPECT_EQ(all_below(store.path()), before);
}

TEST_F(FileStorageTest, HiddenAndForeignThingsAreNoTasks) {
  storage.save("w", "x", 1);
  write_bytes(file(".hidden"), "");
  write_bytes(file(".tmp-1-2"), "");
  write_bytes(file("bigdata/y"), "");
  write_bytes(file("folder/z"), "");
  write_bytes(store.path() / "file", "");
  write_bytes(store.path() / ".removed-1-2/t", "");
  fs::create_symlink("x", file("link"));
  fs::create_symlink("none", file("dangling"));
  for (const std::size_t expected : {1, 1000}) {
    const auto index = storage.index("w", expected);
    EXPECT_TRUE(index->find("x").stored);
    EXPECT_TRUE(index->find("link").stored);
    EXPECT_FALSE(index->find("folder").stored);
    EXPECT_FALSE(index->find("bigdata").stored);
    EXPECT_FALSE(index->find("dangling").stored);
  }
  EXPECT_THAT(storage.list_tasks("w"), ElementsAre("link", "x"));
  EXPECT_THAT(storage.list_workflows(), ElementsAre("w"));
  EXPECT_FALSE(storage.file_exists("w", "folder"));
  EXPECT_THAT(error_of(Errc::io, [&] { storage.save("w", "folder", 1); }),
              HasSubstr(file("folder").native()));
}

TEST_F(FileStorageTest, ErrorsNameTheFile) {
  write_bytes(file("empty"), "");
  write_bytes(file("short"), std::string(20, 'x'));
  write_bytes(file("bad"), with_digest("\x80\x04\xff."));
  write_bytes(file("rest"), "\x80\x04K\x05." + std::string(20, 'x'));
  auto text = [&](const std::string& task) {
    const std::string what =
        error_of(Errc::corrupt, [&] { (void)storage.read_task<int>("w", task); });
    EXPECT_THAT(what, StartsWith("task \"" + task + "\" of workflow \"w\" (" +
                                 file(task).native() + "): "));
    EXPECT_THAT(what, HasSubstr("functionfuse rm " + store.path().native() + " w " + task));
    return what;
  };
  EXPECT_THAT(text("empty"), HasSubstr("empty: whoever wrote it was killed"));
  EXPECT_THAT(text("short"), HasSubstr("cut short: it has 20 bytes"));
  EXPECT_THAT(text("rest"), HasSubstr("damaged: its SHA-1"));
  text("bad");
  try {
    (void)storage.read_task("w", "bad");
  } catch (const CorruptError& e) {
    EXPECT_EQ(e.offset(), 2u);
  }
  const auto problems = storage.verify({});
  ASSERT_THAT(problems, SizeIs(4));
  for (const Problem& problem : problems) EXPECT_EQ(problem.path, file(problem.task));
}

TEST_F(FileStorageTest, VerifyCountsTasks) {
  storage.save("a", "x", 1);
  storage.save("b", "x", 1);
  storage.save("b", "y", 1);
  std::size_t checked = 0;
  EXPECT_THAT(storage.verify({}, &checked), IsEmpty());
  EXPECT_EQ(checked, 3u);
  EXPECT_THAT(storage.verify("b", &checked), IsEmpty());
  EXPECT_EQ(checked, 2u);
}

struct Fragile : NoteSerializer {
  void verify(const Protocols& protocols, const SerializedAs& id) {
    if (unpickle(protocols, id).text == "bad") throw std::runtime_error("a bad note");
  }
};

TEST_F(FileStorageTest, VerifyAsksTheSerializersThatAreRegistered) {
  storage.register_persistent_serializers<BytesSerializer, Fragile>(
      BytesSerializer({.threshold = 100}), {});
  const Bytes bytes{std::string(5'000'000, 'x')};
  storage.save("w", "x", std::vector{bytes});
  const fs::path object = file("bigdata/" + store.bigdata("w").at(0));
  storage.save("w", "note", Note{"good"});
  EXPECT_THAT(storage.verify({}), IsEmpty());
  storage.save("w", "note", Note{"bad"});
  std::string content = read_bytes(object);
  content[4'000'000] ^= 1;
  write_bytes(object, content);
  const auto problems = storage.verify({});
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_THAT(problems[0].what, AllOf(HasSubstr("Note"), HasSubstr("a bad note")));
  EXPECT_EQ(problems[1].task, "x");
  EXPECT_THAT(problems[1].what, AllOf(HasSubstr("BytesSerializer"), HasSubstr(object.native()),
                                      HasSubstr("SHA-1")));
  EXPECT_THAT(FileStorage(store.path()).verify({}), IsEmpty()) << "none is registered";
}

TEST_F(FileStorageTest, VerifyTakesNoTaskThatIsReplacedMeanwhileForDamaged) {
  storage.register_persistent_serializers<NoteSerializer>();
  storage.save("w", "x", std::vector<Note>(100, {"note"}));
  std::atomic<bool> stop = false;
  std::thread saver([&] {
    while (!stop) storage.save("w", "x", std::vector<Note>(100, {"note"}));
  });
  for (int i = 0; i < 300; ++i) {
    for (const Problem& problem : FileStorage(store.path()).verify({})) {
      ADD_FAILURE() << problem.what;
    }
  }
  stop = true;
  saver.join();
}

TEST_F(FileStorageTest, APathOfTheShellIsQuotedInTheCure) {
  write_bytes(file("it's \"x\""), "");
  EXPECT_THAT(error_of(Errc::corrupt, [&] { (void)storage.read_task("w", "it's \"x\""); }),
              HasSubstr("w 'it'\\''s \"x\"'"));
}

// Persistent ids that somebody made up.

TEST_F(FileStorageTest, AnIdNeverLeadsOutOfBigdata) {
  storage.register_persistent_serializers<NoteSerializer>();
  write_bytes(store.path() / "precious", "x");
  write_bytes(file("task"), with_digest("\x80\x04N."));
  write_bytes(file("bigdata/.hidden"), "x");
  const auto before = all_below(store.path());
  for (const std::string& filename : std::vector<std::string>{
        "../../precious"s, "../task"s, ".."s, "."s, ""s, ".hidden"s, store.path() / "precious",
        "a/../../task"s, "\0"s, std::string(300, 'x')}) {
    for (const std::string& serializer : {"Note"s, "Unknown"s}) {
      write_bytes(file("evil"), with_digest(pickle_of_id(serializer, "1", filename)));
      const Value value = storage.read_task("w", "evil");
      EXPECT_THROW((void)storage.read_task<Note>("w", "evil"), Error);
      EXPECT_THROW(storage.save("w", "copy", value), Error);
      EXPECT_THAT(storage.verify({}), SizeIs(1));
      EXPECT_THAT(storage.gc({}, true, 1e6), IsEmpty());
      EXPECT_EQ(storage.remove_task("w", "evil"), 1u);
      fs::remove_all(file(".functionfuse"));
      EXPECT_EQ(all_below(store.path()), before) << filename;
    }
  }
}

TEST_F(FileStorageTest, ATaskOfStrangeIdsCanBeRemoved) {
  fs::create_directories(file("bigdata"));
  for (const std::string& pickle :
       {"\x80\x04Q."s, "\x80\x04NQ."s, "\x80\x04K\x01K\x02\x86Q."s, "\x80\x04]Q."s}) {
    write_bytes(file("x"), with_digest(pickle));
    EXPECT_EQ(storage.remove_task("w", "x"), 1u);
  }
}

TEST_F(FileStorageTest, ManySharedAndCyclicObjectsAreWalkedOnce) {
  // x = []; for 60 times: x = [x, x]; 2**60 ways lead to the id at the bottom.
  std::string pickle = "\x80\x04]\x94" + pickle_of_id("Note", "1", "name").substr(2);
  pickle.pop_back();
  pickle += "a\x94";
  for (int i = 1; i < 60; ++i) {
    pickle += "]\x94(h" + std::string(1, static_cast<char>(i)) + "h" +
              std::string(1, static_cast<char>(i)) + "e";
  }
  write_bytes(file("x"), with_digest(pickle + "."));
  write_bytes(file("cycle"), with_digest("\x80\x04]\x94h\0a."s));
  write_bytes(file("bigdata/name"), "text");
  EXPECT_THAT(storage.verify({}), IsEmpty());
  EXPECT_THAT(storage.gc({}, false, 0), IsEmpty());
  EXPECT_EQ(storage.remove_task("w", "*"), 2u);
  EXPECT_FALSE(fs::exists(file("bigdata/name")));
}

TEST_F(FileStorageTest, WhatBelongsToAnObjectGoesWithIt) {
  storage.register_persistent_serializers<NoteSerializer>();
  storage.save("w", "x", Note{"one"});
  const std::string name = store.bigdata("w").at(0);
  write_bytes(file("bigdata/" + name + ".checksums"), "sums");
  write_bytes(file("bigdata/other.checksums"), "sums");
  storage.save("w", "y", storage.read_task("w", "x"));
  EXPECT_EQ(store.bigdata("w").size(), 5u);
  EXPECT_THAT(storage.gc({}, false, 0), SizeIs(1));
  EXPECT_FALSE(fs::exists(file("bigdata/other.checksums")));
  EXPECT_EQ(FileStorage(store.path()).remove_task("w", "x"), 1u);
  const auto left = store.bigdata("w");
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[1], left[0] + ".checksums");
  EXPECT_EQ(read_bytes(file("bigdata/" + left[1])), "sums");
}

// Leftovers.

TEST_F(FileStorageTest, GcFindsWhatKillsLeave) {
  storage.save("w", "x", 1);
  storage.sync("w");
  const std::vector<fs::path> leftovers = {
      file(".tmp-12-0"), file(".functionfuse/.tmp-12-1"), file("bigdata/name"),
      store.path() / ".removed-12-0" / "task"};
  for (const fs::path& path : leftovers) write_bytes(path, "12345");
  write_bytes(file(".other"), "not ours");
  const auto before = all_below(store.path());

  EXPECT_THAT(storage.gc({}, false), IsEmpty()) << "too young";
  EXPECT_EQ(all_below(store.path()), before);

  for (const fs::path& path : leftovers) make_old(path);
  make_old(store.path() / ".removed-12-0");
  for (const bool dry_run : {true, false}) {
    EXPECT_EQ(all_below(store.path()), before);
    const auto found = storage.gc({}, dry_run);
    ASSERT_THAT(found, SizeIs(4));
    for (const Leftover& leftover : found) {
      EXPECT_EQ(leftover.bytes, 5u) << leftover.path;
      EXPECT_FALSE(leftover.why.empty());
    }
  }
  EXPECT_THAT(storage.gc({}, false, 0), IsEmpty());
  EXPECT_TRUE(fs::exists(file(".other")));
  EXPECT_EQ(storage.read_task<int>("w", "x"), 1);
}

TEST_F(FileStorageTest, AFolderInBigdataIsAsOldAsTheNewestInIt) {
  storage.save("w", "x", 1);
  write_bytes(file("bigdata/zarr/0/0"), "12345");
  write_bytes(file("bigdata/zarr/0/1"), "12345");
  for (const char* name : {"bigdata/zarr/0/1", "bigdata/zarr/0", "bigdata/zarr"}) make_old(file(name));
  EXPECT_THAT(storage.gc({}, false), IsEmpty());
  make_old(file("bigdata/zarr/0/0"));
  const auto found = storage.gc({}, false);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].bytes, 10u);
  EXPECT_FALSE(fs::exists(file("bigdata/zarr")));
}

TEST_F(FileStorageTest, GcLeavesTheObjectsOfASaveAloneHoweverLongItTakes) {
  storage.register_persistent_serializers<NoteSerializer>();
  std::vector<Leftover> found;
  const std::function<void()> hours_later = [&] {
    make_old(file("bigdata/" + store.bigdata("w").at(0)));
    found = store.open()->gc({}, false);
  };
  auto pickle = [](Pickler& pickler, const void* object) {
    pickler.save(Note{"one"});
    (*static_cast<const std::function<void()>*>(object))();
    pickler.save(Note{"two"});
    pickler.tuple_of(2);
  };
  storage.save_erased("w", "x", {&hours_later, pickle}, nullptr);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_TRUE(found[0].kept);
  EXPECT_THAT(found[0].why, HasSubstr("a save is under way"));
  EXPECT_EQ((storage.read_task<std::pair<Note, Note>>("w", "x").first.text), "one");

  write_bytes(file("bigdata/orphan"), "x");
  EXPECT_THAT(storage.gc({}, false, 0), SizeIs(1)) << "it has ended";
  EXPECT_FALSE(fs::exists(file("bigdata/orphan")));
}

// Memory, speed, limits.

TEST_F(FileStorageTest, ALargeSaveNeedsLittleMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has memory of its own";
#endif
  auto peak = [] {
    struct rusage usage;
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;  // KiB
  };
  const std::vector<double> array(25'000'000, 1.0);  // 200 MB
  const long before = peak();
  storage.save("w", "x", array);
  storage.save("w", "x", array);
  EXPECT_LT(peak() - before, 64 * 1024);
  EXPECT_THAT(storage.verify({}), IsEmpty());
  EXPECT_LT(peak() - before, 64 * 1024);
}

TEST_F(FileStorageTest, AFullDiskKeepsTheOldResultAndSaysSo) {
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, SIG_IGN);
  storage.register_persistent_serializers(BytesSerializer({.threshold = 10'000}));
  storage.save("w", "x", 1);
  struct rlimit limit = before;
  limit.rlim_cur = 1 << 20;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const std::string large = error_of(
      Errc::io, [&] { storage.save("w", "x", std::vector<double>(3'000'000, 1.0)); });
  const std::string many = error_of(
      Errc::io, [&] { storage.save("w", "x", std::vector<std::string>(300'000, "some text")); });
  error_of(Errc::io, [&] { storage.save("w", "y", Bytes(std::string(3'000'000, 'x'))); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(large, HasSubstr(file("x").native()));
  EXPECT_THAT(many, HasSubstr(file("x").native()));
  EXPECT_EQ(storage.read_task<int>("w", "x"), 1);
  EXPECT_FALSE(storage.file_exists("w", "y"));
  EXPECT_THAT(store.bigdata("w"), IsEmpty());
  EXPECT_THAT(storage.gc({}, true, 0), IsEmpty());
}

TEST_F(FileStorageTest, NoFileStaysOpen) {
  storage.register_persistent_serializers(BytesSerializer({.threshold = 100}));
  auto open_files = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  storage.save("w", "x", Bytes(std::string(1000, 'x')));
  storage.sync("w");
  const auto before = open_files();
  for (int i = 0; i < 50; ++i) {
    storage.save("w", "x", Bytes(std::string(1000, 'x')));
    (void)storage.read_task<Bytes>("w", "x");
    (void)storage.read_task("w", "x");
    (void)storage.index("w", 100);
    (void)storage.verify({});
    (void)storage.gc({}, false, 0);
    EXPECT_THROW(storage.save("w", "y", Unpicklable()), std::runtime_error);
  }
  storage.sync("w");
  EXPECT_EQ(open_files(), before);
}

TEST_F(FileStorageTest, SavingWhileSavingOnTheSameThread) {
  struct Nested {
    FileStorage* storage;
  };
  // An object whose pickling saves something else: the buffers of the two must not meet.
  storage.save("w", "outer", 1);
  struct Probe {
    static void pickle(Pickler& pickler, const void* object) {
      pickler.str("before");
      static_cast<const Nested*>(object)->storage->save("w", "inner", std::string("inner"));
      pickler.str("after");
      pickler.tuple_of(2);
    }
  };
  const Nested nested{&storage};
  storage.save_erased("w", "outer", {&nested, &Probe::pickle}, nullptr);
  EXPECT_EQ(storage.read_task<std::string>("w", "inner"), "inner");
  EXPECT_EQ((storage.read_task<std::pair<std::string, std::string>>("w", "outer").second), "after");
}

TEST_F(FileStorageTest, AFolderThatWasRenamedGetsNoMoreResults) {
  storage.save("w", "x", 1);
  fs::rename(store.path() / "w", store.path() / "moved");
  EXPECT_THAT(error_of(Errc::io, [&] { storage.sync("w"); }), HasSubstr("renamed"));
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  storage.save("w", "y", 2);
  EXPECT_EQ(storage.read_task<int>("w", "y"), 2);
  EXPECT_THAT(storage.list_tasks("moved"), ElementsAre("x"));
}

TEST_F(FileStorageTest, APlainFileInTheWayIsNamed) {
  write_bytes(store.path() / "w", "a file");
  EXPECT_THAT(error_of(Errc::io, [&] { storage.save("w", "x", 1); }),
              HasSubstr((store.path() / "w").native()));
  EXPECT_THAT(storage.list_tasks("w"), IsEmpty());
  EXPECT_FALSE(storage.file_exists("w", "x"));
  EXPECT_FALSE(storage.remove_workflow("w"));
  EXPECT_THROW((void)storage.read_task("w", "x"), NotFoundError);
}

TEST_F(FileStorageTest, WithoutPermissionItSaysWhere) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may do everything";
  storage.save("w", "x", 1);
  storage.sync("w");
  fs::permissions(store.path() / "w", fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_THAT(error_of(Errc::io, [&] { FileStorage(store.path()).save("w", "y", 1); }),
              AllOf(HasSubstr(store.path().native()), HasSubstr("permission")));
  fs::permissions(store.path() / "w", fs::perms::owner_all);
}

}  // namespace
}  // namespace functionfuse::test
