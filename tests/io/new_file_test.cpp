#include "io/new_file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "functionfuse/error.hpp"
#include "io/temp_folder.hpp"

namespace functionfuse::io {
namespace {

using test::TempFolder;

class NewFileTest : public testing::Test {
 protected:
  NewFile make(const std::string& content) {
    NewFile file(folder_);
    write_all(file.fd(), content.data(), content.size(), file.where("name"));
    return file;
  }
  TempFolder temp_;
  Folder folder_{temp_.path()};
};

TEST_F(NewFileTest, IsThereOnlyAfterTheCommit) {
  NewFile file = make("content");
  EXPECT_FALSE(std::filesystem::exists(temp_ / "name"));
  EXPECT_TRUE(file.commit_new("name"));
  EXPECT_EQ(test::read_bytes(temp_ / "name"), "content");
  EXPECT_EQ(test::all_below(temp_.path()).size(), 1u);
}

TEST_F(NewFileTest, WithoutACommitNothingStays) {
  { NewFile file = make("content"); }
  EXPECT_TRUE(test::all_below(temp_.path()).empty());
}

TEST_F(NewFileTest, ATakenNameIsLeftAlone) {
  test::write_bytes(temp_ / "name", "old");
  {
    NewFile file = make("new");
    EXPECT_FALSE(file.commit_new("name"));
    EXPECT_EQ(test::read_bytes(temp_ / "name"), "old");
  }
  EXPECT_EQ(test::all_below(temp_.path()).size(), 1u);
}

TEST_F(NewFileTest, CommitOverReplaces) {
  test::write_bytes(temp_ / "name", "old");
  NewFile file = make("new");
  EXPECT_FALSE(file.commit_new("name"));
  file.commit_over("name");
  EXPECT_EQ(test::read_bytes(temp_ / "name"), "new");
  make("newer").commit_over("name");
  make("other").commit_over("other");
  EXPECT_EQ(test::read_bytes(temp_ / "name"), "newer");
  EXPECT_EQ(test::read_bytes(temp_ / "other"), "other");
  EXPECT_EQ(test::all_below(temp_.path()).size(), 2u);
}

TEST_F(NewFileTest, AFolderOfThatNameIsAnError) {
  std::filesystem::create_directory(temp_ / "name");
  NewFile file = make("new");
  EXPECT_FALSE(file.commit_new("name"));
  EXPECT_THROW(file.commit_over("name"), Error);
}

TEST_F(NewFileTest, PermissionsFollowTheUmask) {
  const mode_t before = ::umask(027);
  EXPECT_TRUE(make("x").commit_new("name"));
  ::umask(before);
  struct stat st;
  ASSERT_EQ(::stat((temp_ / "name").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0640u);
}

TEST_F(NewFileTest, MovedItStillCleansUpOnce) {
  NewFile a = make("content");
  NewFile b = std::move(a);
  EXPECT_TRUE(b.commit_new("name"));
  EXPECT_EQ(test::read_bytes(temp_ / "name"), "content");
}

TEST_F(NewFileTest, ARemovedFolderIsAnError) {
  std::filesystem::remove(temp_.path());
  try {
    NewFile file = make("x");
    (void)file.commit_new("name");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::io);
    EXPECT_THAT(e.what(), testing::HasSubstr(temp_.path().native()));
  }
}

TEST(TemporaryNameTest, IsHiddenAndNew) {
  const std::string a = temporary_name(), b = temporary_name();
  EXPECT_NE(a, b);
  EXPECT_TRUE(a.starts_with(kTemporary));
  EXPECT_EQ(a.front(), '.');
}

}  // namespace
}  // namespace functionfuse::io
