#include "functionfuse/storage/options.hpp"

#include <gmock/gmock.h>

#include <functionfuse/testing/storage_suite.hpp>

namespace functionfuse {
namespace {

using test::error_of;
using testing::AllOf;
using testing::HasSubstr;

const Options& sub(const Options& options, std::string_view name) {
  return options.find(name)->options(name);
}

TEST(OptionsTest, BracesMeanNamesAndValues) {
  const Options options{{"kind", "file"}, {"options", {{"path", "storage"}}}};
  EXPECT_EQ(options.entries().size(), 2u);
  EXPECT_EQ(options.find("kind")->text("kind"), "file");
  EXPECT_EQ(sub(options, "options").find("path")->text("path"), "storage");
  EXPECT_EQ(options.find("path"), nullptr);

  const Options two{{"o", {{"a", "b"}, {"c", "d"}}}};
  EXPECT_EQ(sub(two, "o").entries().size(), 2u);
  const Options deep{{"a", {{"b", {{"c", "d"}}}}}};
  EXPECT_EQ(sub(sub(deep, "a"), "b").find("c")->text("c"), "d");
  const Options one{{"kind", "file"}};
  EXPECT_EQ(one.entries().size(), 1u);
  EXPECT_TRUE(Options().entries().empty());
}

TEST(OptionsTest, ValuesOfEveryType) {
  const std::string text = "text";
  const Options options{{"literal", "x"}, {"string", text}, {"view", std::string_view(text)},
                        {"bool", true},   {"int", 1},       {"size", std::size_t{2}},
                        {"double", 2.5},  {"none", Options()}};
  EXPECT_EQ(options.find("literal")->text(""), "x");
  EXPECT_EQ(options.find("string")->text(""), "text");
  EXPECT_EQ(options.find("view")->text(""), "text");
  EXPECT_TRUE(options.find("bool")->boolean(""));
  EXPECT_EQ(options.find("int")->integer(""), 1);
  EXPECT_EQ(options.find("int")->number(""), 1.0);
  EXPECT_EQ(options.find("size")->integer(""), 2);
  EXPECT_EQ(options.find("double")->number(""), 2.5);
  EXPECT_TRUE(options.find("none")->options("").entries().empty());
}

TEST(OptionsTest, SetReplaces) {
  Options options{{"a", 1}, {"a", 2}};
  EXPECT_EQ(options.find("a")->integer("a"), 2);
  options.set("a", "x");
  options.set("b", Options{{"c", true}});
  EXPECT_EQ(options.entries().size(), 2u);
  EXPECT_EQ(options.find("a")->text("a"), "x");
  const Options copy = options;
  options = Options();
  EXPECT_TRUE(sub(copy, "b").find("c")->boolean("c"));
}

TEST(OptionsTest, AnotherTypeIsNamed) {
  const Options options{{"path", 1}, {"n", 1.5}, {"flag", "yes"}, {"sub", "x"}};
  EXPECT_THAT(error_of(Errc::invalid_argument, [&] { (void)options.find("path")->text("path"); }),
              AllOf(HasSubstr("\"path\""), HasSubstr("must be text"), HasSubstr("whole number")));
  EXPECT_THAT(error_of(Errc::invalid_argument, [&] { (void)options.find("n")->integer("n"); }),
              HasSubstr("must be a whole number, and is a number"));
  EXPECT_THAT(
      error_of(Errc::invalid_argument, [&] { (void)options.find("flag")->boolean("flag"); }),
      HasSubstr("true or false"));
  EXPECT_THAT(error_of(Errc::invalid_argument, [&] { (void)options.find("sub")->options("sub"); }),
              HasSubstr("names and values"));
}

TEST(OptionsTest, UnknownNamesAreRefused) {
  const Options options{{"paht", "x"}};
  EXPECT_THAT(error_of(Errc::invalid_argument,
                       [&] { check_known(options, {"path", "mode"}, "file storage"); }),
              AllOf(HasSubstr("file storage has no option \"paht\""), HasSubstr("\"mode\""),
                    HasSubstr("did you mean \"path\"?")));
  check_known(options, {"paht"}, "file storage");
}

}  // namespace
}  // namespace functionfuse
