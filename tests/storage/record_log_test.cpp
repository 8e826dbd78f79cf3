#include "storage/record_log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <thread>

#include "storage/file_store.hpp"

namespace functionfuse::detail {
namespace {

using test::FileStore;
using test::read_bytes;
using test::write_bytes;
using testing::HasSubstr;
using testing::StartsWith;
namespace fs = std::filesystem;

Record record_of(std::string function) {
  Record record;
  record.function = std::move(function);
  return record;
}

class RecordLogTest : public testing::Test {
 protected:
  void save(const std::string& task, const std::string& function, int value = 1) {
    const Record record = record_of(function);
    storage->save("w", task, value, &record);
  }
  /// What the index says, for few and for many tasks: "-" not stored, "none" without a record.
  std::string function(const std::string& task) {
    std::string answers[2];
    for (const std::size_t expected : {1, 1000}) {
      const auto index = store.open()->index("w", expected);
      const auto found = index->find(task);
      answers[expected == 1000] =
          !found.stored ? "-" : found.record == nullptr ? "none" : found.record->function;
    }
    EXPECT_EQ(answers[0], answers[1]);
    return answers[0];
  }
  [[nodiscard]] fs::path folder() const { return store.path() / "w"; }
  [[nodiscard]] fs::path log() const { return folder() / ".functionfuse" / "records"; }

  FileStore store;
  std::shared_ptr<Storage> storage = store.open();
};

TEST_F(RecordLogTest, IsOneHiddenFileAWorkflow) {
  for (int i = 0; i < 10; ++i) save("t" + std::to_string(i), "f");
  EXPECT_THAT(read_bytes(log()), StartsWith("functionfuse records 1\n"));
  EXPECT_EQ(test::all_below(folder()).size(), 10u + 2);
}

TEST_F(RecordLogTest, ACopiedStorageKeepsItsRecords) {
  save("x", "first");
  save("x", "second", 2);
  save("y", "f");
  storage->save("w", "z", 1);
  const fs::path copy = store.path() / "copy";
  fs::copy(folder(), copy, fs::copy_options::recursive);
  fs::rename(folder(), store.path() / "original");
  fs::rename(copy, folder());
  EXPECT_EQ(function("x"), "second");
  EXPECT_EQ(function("y"), "f");
  EXPECT_EQ(function("z"), "none");
}

TEST_F(RecordLogTest, ARestoredResultHasItsOwnRecord) {
  save("x", "first", 1);
  fs::copy(folder() / "x", store.path() / "backup");
  save("x", "second", 2);
  EXPECT_EQ(function("x"), "second");
  fs::copy(store.path() / "backup", folder() / "restored");
  fs::rename(folder() / "restored", folder() / "x");
  EXPECT_EQ(function("x"), "first");
}

TEST_F(RecordLogTest, ATaskThatAnotherProgramReplacedHasNone) {
  save("x", "first", 1);
  storage->save("other", "y", 7);
  fs::copy(store.path() / "other" / "y", folder() / "new");
  fs::rename(folder() / "new", folder() / "x");
  EXPECT_EQ(function("x"), "none");
}

TEST_F(RecordLogTest, ATaskThatIsWrittenIntoIsAnother) {
  save("x", "first", 1);
  const std::string first = read_bytes(folder() / "x");
  save("x", "second", 2);
  storage->save("other", "y", 7);
  for (int i = 0; i < 20; ++i) {
    // As Python's Function Fuse saves: the same file, another content.
    write_bytes(folder() / "x", read_bytes(store.path() / "other" / "y"));
    EXPECT_EQ(function("x"), "none");
    // And as `cp` restores.
    write_bytes(folder() / "x", first);
    EXPECT_EQ(function("x"), "first");
  }
}

TEST_F(RecordLogTest, AnEntryWithoutItsTaskCountsForNothing) {
  save("x", "first");
  // A kill between steps 2 and 3 of a save: of a new task, and of one that is there.
  const Record record = record_of("second");
  io::Sha1Digest digest{};
  write_bytes(log(), read_bytes(log()) + encode_entry("x", {999'999'999, 1}, digest, &record) +
                         encode_entry("y", {999'999'998, 1}, digest, &record));
  EXPECT_EQ(function("x"), "first");
  EXPECT_EQ(function("y"), "-");
}

TEST_F(RecordLogTest, ATornEndDoesNotSpoilTheNext) {
  save("x", "f");
  storage->sync("w");
  write_bytes(log(), read_bytes(log()) + "\n0123456789abcdef\t12\ttorn");
  save("y", "g");
  EXPECT_EQ(function("x"), "f");
  EXPECT_EQ(function("y"), "g");
}

TEST_F(RecordLogTest, WithoutTheLogTasksHaveNoRecord) {
  save("x", "f");
  storage->sync("w");
  fs::remove_all(folder() / ".functionfuse");
  EXPECT_EQ(function("x"), "none");
  save("y", "g");
  EXPECT_EQ(function("y"), "g");
  storage->sync("w");
  write_bytes(log(), "functionfuse records 9\nsomething else\n");
  EXPECT_EQ(function("x"), "none");
}

TEST_F(RecordLogTest, GcDropsWhatNoTaskHas) {
  for (int i = 0; i < 50; ++i) {
    save("x", "f" + std::to_string(i));
    save("y" + std::to_string(i), "g");
  }
  storage->remove_task("w", "y*");
  save("y1", "again");
  storage->save("w", "plain", 1);
  storage->sync("w");
  const auto before = fs::file_size(log());
  EXPECT_TRUE(storage->gc({}, true, 0).empty());
  EXPECT_EQ(fs::file_size(log()), before) << "a dry run";
  EXPECT_TRUE(storage->gc({}, false, 0).empty());
  EXPECT_LT(fs::file_size(log()), before / 20);
  EXPECT_EQ(function("x"), "f49");
  EXPECT_EQ(function("y1"), "again");
  EXPECT_EQ(function("plain"), "none");
  save("z", "h");
  EXPECT_EQ(function("z"), "h");
  const auto compact = read_bytes(log());
  storage->sync("w");
  storage->gc({}, false, 0);
  EXPECT_EQ(read_bytes(log()), compact) << "nothing to drop";
}

TEST_F(RecordLogTest, GcTakesTheFilesOfACopyOver) {
  save("x", "f");
  save("x", "g");
  storage->sync("w");
  fs::copy(folder(), store.path() / "copy", fs::copy_options::recursive);
  fs::remove_all(folder());
  fs::rename(store.path() / "copy", folder());
  store.open()->gc({}, false, 0);
  const RecordTable table(read_bytes(log()));
  io::FileInfo info;
  ASSERT_TRUE(io::info_if_there(folder() / "x", info));
  ASSERT_NE(table.find("x", FileIdentity(info)), nullptr);
  EXPECT_EQ(table.find("x", FileIdentity(info))->record->function, "g");
}

TEST_F(RecordLogTest, AnIndexCompactsALargeLogThatIsMostlyDead) {
  save("x", "live");
  storage->sync("w");
  std::string text = read_bytes(log());
  const Record record = record_of("dead");
  while (text.size() < (2 << 20)) text += encode_entry("x", {1, 1}, {}, &record);
  for (const std::size_t expected : {1, 1000}) {
    write_bytes(log(), text);
    EXPECT_EQ(storage->index("w", expected)->find("x").record->function, "live");
    EXPECT_LT(fs::file_size(log()), 1000u);
    EXPECT_EQ(function("x"), "live");
  }
}

TEST_F(RecordLogTest, NobodyCompactsWhileSomebodySaves) {
  for (int i = 0; i < 10; ++i) save("x", "f");  // and has not synced
  const auto before = read_bytes(log());
  store.open()->gc({}, false, 0);
  EXPECT_EQ(read_bytes(log()), before);
  storage->sync("w");
  store.open()->gc({}, false, 0);
  EXPECT_LT(fs::file_size(log()), before.size());
  save("x", "last");
  EXPECT_EQ(function("x"), "last");
}

TEST_F(RecordLogTest, ASaveWaitsForACompactionAndUsesTheNewLog) {
  save("x", "f");
  storage->sync("w");
  const io::Fd lock = io::open_file(log(), O_RDWR);
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  std::thread saver([&] { save("y", "g"); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(storage->file_exists("w", "y"));
  const std::string text = read_bytes(log());
  write_bytes(folder() / ".new", text);
  fs::rename(folder() / ".new", log());
  ::flock(lock.get(), LOCK_UN);
  saver.join();
  EXPECT_EQ(function("x"), "f");
  EXPECT_EQ(function("y"), "g");
}

TEST_F(RecordLogTest, ACompactionThatTakesLongBlocksOnceAndLosesNothingSavedAfterIt) {
  save("x", "f");
  storage->sync("w");
  const std::string text = read_bytes(log());
  io::Fd lock = io::open_file(log(), O_RDWR);
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  save("y", "g");
  EXPECT_TRUE(storage->file_exists("w", "y"));
  const auto begin = std::chrono::steady_clock::now();
  save("z", "g");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  fs::remove(log());
  write_bytes(log(), text);
  lock.reset();
  for (const std::string task : {"a", "b"}) {
    save(task, "h");
    EXPECT_EQ(function(task), "h");
  }
  EXPECT_EQ(function("x"), "f");
}

// What an index reads.

/// Bytes that this process has read so far, from anywhere.
std::optional<std::uint64_t> bytes_read() {
  std::ifstream file("/proc/self/io");
  std::uint64_t bytes = 0;
  std::string word;
  if (!(file >> word >> bytes) || word != "rchar:") return {};
  return bytes;
}

TEST_F(RecordLogTest, ManyTasksThatAnotherProgramReplacedDoNotReadTheLogEachTime) {
  if (!bytes_read()) GTEST_SKIP() << "the kernel does not count";
  constexpr int kTasks = 200;
  auto task = [](int i) { return "t" + std::to_string(i); };
  for (int i = 0; i < kTasks; ++i) save(task(i), "f");
  storage->save("other", "y", 7);
  const std::string foreign = read_bytes(store.path() / "other" / "y");
  for (int i = 0; i < kTasks; ++i) write_bytes(folder() / task(i), foreign);
  const auto index = store.open()->index("w", kTasks);
  const auto log_size = fs::file_size(log());
  const std::uint64_t begin = bytes_read().value();
  for (int i = 0; i < kTasks; ++i) EXPECT_EQ(index->find(task(i)).record, nullptr);
  EXPECT_LT(bytes_read().value() - begin, log_size);
  for (int i = 0; i < kTasks; ++i) {  // nor while somebody appends to it
    save("new" + std::to_string(i), "g");
    EXPECT_EQ(index->find(task(i)).record, nullptr);
  }
  EXPECT_LT(bytes_read().value() - begin, 4 * log_size);
}

TEST_F(RecordLogTest, AReaderTakesWhatHasComeSince) {
  const Record f = record_of("f");
  const std::string a = encode_entry("a", {1, 1}, {}, &f), b = encode_entry("b", {2, 1}, {}, &f),
                    c = encode_entry("c", {3, 1}, {}, &f);
  RecordReader reader(folder());
  RecordTable table;
  EXPECT_FALSE(reader.read(table)) << "no log";
  const std::string header(kRecordsHeader);
  write_bytes(log(), header + a + b.substr(0, 30));
  EXPECT_TRUE(reader.read(table));
  EXPECT_FALSE(reader.read(table));
  const RecordEntry* found = table.find("a", {1, 1});
  ASSERT_NE(found, nullptr);
  EXPECT_FALSE(table.knows("b")) << "it is being written";
  write_bytes(log(), header + a + b);
  EXPECT_TRUE(reader.read(table));
  EXPECT_TRUE(table.knows("b"));
  EXPECT_EQ(table.entries(), 2u) << "each is read once";
  fs::remove(log());
  EXPECT_FALSE(reader.read(table));
  write_bytes(log(), header + a + c);  // of the same size, but another
  EXPECT_TRUE(reader.read(table));
  EXPECT_TRUE(table.knows("c"));
  for (int i = 0; i < 100; ++i) {
    write_bytes(log(), read_bytes(log()) + encode_entry("d", {4, i}, {}, &f));
    EXPECT_TRUE(reader.read(table));
  }
  EXPECT_EQ(found->record->function, "f") << "what was found stays";
  EXPECT_NE(table.find("d", {4, 0}), nullptr);
  EXPECT_NE(table.find("d", {4, 99}), nullptr);
}

TEST_F(RecordLogTest, ATaskThatComesAfterTheIndexIsFoundWithItsRecord) {
  save("x", "f");
  for (const std::size_t expected : {1, 1000}) {
    const auto index = store.open()->index("w", expected);
    for (int i = 0; i < 10; ++i) {
      // Of files within one tick of the clock the third has inode and time of the first.
      std::this_thread::sleep_for(std::chrono::milliseconds(15));
      save("x", "f" + std::to_string(i), i);  // 1 is the content of the first
      if (i % 4 == 3) {
        storage->sync("w");
        store.open()->gc({}, false, 0);
      }
      ASSERT_NE(index->find("x").record, nullptr);
      EXPECT_EQ(index->find("x").record->function, "f" + std::to_string(i));
    }
  }
}

TEST_F(RecordLogTest, SavesAndCompactionsAtOnceLoseNothing) {
  std::atomic<bool> stop = false;
  std::thread collector([&] {
    const auto own = store.open();
    while (!stop) own->gc("w", false, 3600);
  });
  for (int i = 0; i < 300; ++i) {
    save("t" + std::to_string(i % 50), "f" + std::to_string(i));
    if (i % 3 == 0) storage->sync("w");
  }
  stop = true;
  collector.join();
  for (int i = 250; i < 300; ++i) {
    EXPECT_EQ(function("t" + std::to_string(i % 50)), "f" + std::to_string(i));
  }
}

}  // namespace
}  // namespace functionfuse::detail
