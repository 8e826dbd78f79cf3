#include "functionfuse/storage/storage_factory.hpp"

#include <gmock/gmock.h>

#include "io/temp_folder.hpp"
#include "storage/storage_suite.hpp"

namespace functionfuse {
namespace {

using test::error_of;
using testing::AllOf;
using testing::HasSubstr;

std::string refused(const Options& options, Errc code = Errc::invalid_argument) {
  return error_of(code, [&] { (void)storage_factory(options); });
}

TEST(StorageFactoryTest, MakesAFileStorage) {
  test::TempFolder folder;
  const auto storage =
      storage_factory({{"kind", "file"}, {"options", {{"path", folder / "storage"}}}});
  EXPECT_EQ(storage->url(), "file://" + folder / "storage");
  EXPECT_FALSE(std::filesystem::exists(folder / "storage")) << "nothing is saved yet";
  storage->save("w", "x", 1);
  EXPECT_TRUE(std::filesystem::exists(folder / "storage/w/x"));
}

TEST(StorageFactoryTest, ARelativePathIsMadeAbsolute) {
  const auto storage = storage_factory({{"kind", "file"}, {"options", {{"path", "storage"}}}});
  EXPECT_EQ(storage->url(), "file://" + (std::filesystem::current_path() / "storage").native());
}

TEST(StorageFactoryTest, AnUnknownKindListsThem) {
  EXPECT_THAT(refused({{"kind", "flie"}, {"options", {{"path", "x"}}}}),
              AllOf(HasSubstr("\"flie\""), HasSubstr("there is \"file\""),
                    HasSubstr("did you mean \"file\"?")));
  EXPECT_THAT(refused({{"kind", "database"}}), AllOf(HasSubstr("\"database\""), HasSubstr("\"S3\"")));
  EXPECT_THAT(refused({{"kind", 1}}), HasSubstr("\"kind\" must be text"));
}

TEST(StorageFactoryTest, S3IsKnownAndNotInThisBuild) {
  EXPECT_THAT(refused({{"kind", "S3"}}, Errc::unsupported), HasSubstr("this build"));
}

TEST(StorageFactoryTest, WhatIsMissingOrTooMuchIsNamed) {
  EXPECT_THAT(refused({}), HasSubstr("needs the option \"kind\""));
  EXPECT_THAT(refused({{"knid", "file"}}), HasSubstr("did you mean \"kind\"?"));
  EXPECT_THAT(refused({{"kind", "file"}}), HasSubstr("needs the option \"path\""));
  EXPECT_THAT(refused({{"kind", "file"}, {"path", "x"}}), HasSubstr("no option \"path\""));
  EXPECT_THAT(refused({{"kind", "file"}, {"options", {{"paht", "x"}}}}),
              HasSubstr("did you mean \"path\"?"));
  EXPECT_THAT(refused({{"kind", "file"}, {"options", {{"path", ""}}}}), HasSubstr("empty"));
  EXPECT_THAT(refused({{"kind", "file"}, {"options", "path"}}), HasSubstr("\"options\" must be"));
}

}  // namespace
}  // namespace functionfuse
