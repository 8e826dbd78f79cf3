#include "io/file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <cerrno>
#include <thread>

#include "functionfuse/error.hpp"
#include "io/folder.hpp"
#include "io/temp_folder.hpp"
#include "io/uuid.hpp"

namespace functionfuse::io {
namespace {

using test::TempFolder;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::string message_of(const std::function<void()>& f, Errc code = Errc::io) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code);
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(WhereTest, PathIsFolderAndName) {
  EXPECT_EQ(Where("/a/b").path(), "/a/b");
  EXPECT_EQ(Where("/a", "b").path(), "/a/b");
  EXPECT_EQ(Where("/", "b").path(), "/b");
}

TEST(FailTest, NamesActionPathAndCause) {
  const std::string text = message_of([] { fail("write", Where("/a", "b"), EIO); });
  EXPECT_THAT(text, HasSubstr("cannot write /a/b: Input/output error"));
}

TEST(FailTest, AFullDiskSaysWhatToDo) {
  for (int error : {ENOSPC, EDQUOT}) {
    const std::string text = message_of([&] { fail("write", "/a/b", error); });
    EXPECT_THAT(text, HasSubstr("free some space"));
    EXPECT_THAT(text, HasSubstr("functionfuse gc"));
  }
}

TEST(FileTest, MissingIsEmptyOrAnError) {
  TempFolder folder;
  EXPECT_FALSE(open_if_there(folder / "none", O_RDONLY));
  EXPECT_FALSE(open_if_there(folder / "none/none", O_RDONLY));
  EXPECT_THAT(message_of([&] { (void)open_file(folder / "none", O_RDONLY); }),
              HasSubstr(folder / "none"));
  FileInfo info;
  EXPECT_FALSE(info_if_there(folder / "none", info));
  EXPECT_FALSE(remove_file(folder / "none"));
}

TEST(FileTest, WritesAndReadsAll) {
  TempFolder folder;
  const std::string path = folder / "file";
  std::string data(9'000'001, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7 + i / 999);
  Fd fd = open_file(path, O_CREAT | O_RDWR);
  write_all(fd.get(), data.data(), data.size(), path);
  EXPECT_EQ(info(fd.get(), path).size, data.size());
  std::string back(data.size() - 5, '\0');
  read_all(fd.get(), 5, back.data(), back.size(), path);
  EXPECT_TRUE(back == data.substr(5));
  close_checked(fd, path);
  EXPECT_FALSE(fd);
}

TEST(FileTest, ReadingPastTheEndIsCorrupt) {
  TempFolder folder;
  test::write_bytes(folder / "file", "12345");
  const Fd fd = open_file(folder / "file", O_RDONLY);
  char buffer[10];
  const std::string text = message_of(
      [&] { read_all(fd.get(), 2, buffer, 4, folder / "file"); }, Errc::corrupt);
  EXPECT_THAT(text, HasSubstr(folder / "file"));
}

TEST(FileTest, ShortPipeWritesAreGoneOnWith) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Fd in(ends[0]), out(ends[1]);
  const std::string data(1 << 20, 'x');
  std::thread writer([&] { write_all(out.get(), data.data(), data.size(), "pipe"); });
  std::size_t total = 0;
  for (char buffer[4096]; total < data.size();) {
    const ssize_t n = ::read(in.get(), buffer, sizeof buffer);
    ASSERT_GT(n, 0);
    total += static_cast<std::size_t>(n);
  }
  writer.join();
  EXPECT_EQ(total, data.size());
}

TEST(FileTest, AFileThatMayNotGrowIsAnErrorWithItsPath) {
  TempFolder folder;
  const std::string path = folder / "file";
  const Fd fd = open_file(path, O_CREAT | O_WRONLY);
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit limit = before;
  limit.rlim_cur = 4096;
  ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const std::string data(10'000, 'x');
  const std::string text =
      message_of([&] { write_all(fd.get(), data.data(), data.size(), path); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(text, HasSubstr(path));
  EXPECT_THAT(text, HasSubstr("File too large"));
}

TEST(FileTest, CopiesAll) {
  TempFolder folder;
  TempFolder elsewhere("/dev/shm");  // another file system
  std::string data(3'000'000, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 31);
  test::write_bytes(folder / "from", data);
  const Fd from = open_file(folder / "from", O_RDONLY);
  for (const std::string& path : {folder / "to", elsewhere / "to"}) {
    const Fd in = open_file(folder / "from", O_RDONLY);
    const Fd to = open_file(path, O_CREAT | O_WRONLY);
    copy_file(in.get(), folder / "from", to.get(), path);
    EXPECT_TRUE(test::read_bytes(path) == data) << path;
  }
}

TEST(FileTest, MakeFoldersTwiceAndThroughAFile) {
  TempFolder folder;
  make_folders(folder / "a/b/c");
  make_folders(folder / "a/b/c");
  EXPECT_TRUE(std::filesystem::is_directory(folder / "a/b/c"));
  test::write_bytes(folder / "file", "");
  EXPECT_THAT(message_of([&] { make_folders(folder / "file/b"); }), HasSubstr(folder / "file/b"));
}

TEST(FolderTest, EntriesOfAnyNumber) {
  TempFolder temp;
  std::set<std::string> names;
  for (int i = 0; i < 5000; ++i) {
    std::string name = "entry-" + std::to_string(i) + std::string(static_cast<std::size_t>(i % 200), 'x');
    test::write_bytes(temp / name, "");
    names.insert(name);
  }
  std::filesystem::create_directory(temp / "folder");
  const Folder folder(temp.path());
  for (int pass = 0; pass < 2; ++pass) {
    std::set<std::string> found;
    for (const auto& entry : Entries(folder)) {
      FileInfo info;
      ASSERT_TRUE(folder.info_if_there(std::string(entry.name), info));
      EXPECT_EQ(info.inode, entry.inode);
      if (entry.name == "folder") {
        EXPECT_EQ(entry.what, Entries::What::folder);
      } else {
        EXPECT_EQ(entry.what, Entries::What::file);
        found.insert(std::string(entry.name));
      }
    }
    EXPECT_EQ(found, names);
  }
  EXPECT_EQ(Entries::of(temp / "none").size(), 0u);
}

TEST(FolderTest, GoesOnMeaningTheSameFolder) {
  TempFolder temp;
  make_folders(temp / "a");
  const Folder folder(temp / "a");
  std::filesystem::rename(temp / "a", temp / "b");
  test::write_bytes(temp / "b/file", "x");
  FileInfo info;
  EXPECT_TRUE(folder.info_if_there("file", info));
  EXPECT_TRUE(folder.remove("file"));
  EXPECT_FALSE(folder.remove("file"));
  EXPECT_FALSE(Folder::open_if_there(temp / "a"));
  EXPECT_THAT(message_of([&] { Folder gone(temp / "a"); }), HasSubstr(temp / "a"));
}

TEST(UuidTest, IsVersion4AndNewEachTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = uuid4();
    EXPECT_THAT(uuid, testing::MatchesRegex(
                          "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace functionfuse::io
