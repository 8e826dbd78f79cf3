#include "storage/record_log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>

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
      const auto found = store.open()->index("w", expected)->find(task);
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
  const RecordTable table(read_records(folder()));
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
  fs::remove(log());
  write_bytes(log(), text);
  ::flock(lock.get(), LOCK_UN);
  saver.join();
  EXPECT_EQ(function("x"), "f");
  EXPECT_EQ(function("y"), "g");
}

TEST_F(RecordLogTest, ACompactionThatNeverEndsDoesNotBlock) {
  save("x", "f");
  storage->sync("w");
  const io::Fd lock = io::open_file(log(), O_RDWR);
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  save("y", "g");
  EXPECT_TRUE(storage->file_exists("w", "y"));
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
