#include "functionfuse/storage/storage_factory.hpp"

#include <gmock/gmock.h>

#include "io/temp_folder.hpp"
#include <functionfuse/testing/storage_suite.hpp>

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

Options s3(const Options& s3fs, const std::string& path = "/bucket/prefix") {
  return {{"kind", "S3"}, {"options", {{"path", path}, {"s3fs", s3fs}}}};
}

TEST(StorageFactoryTest, MakesAStorageOnS3) {
  const Options known = {{"key", "k"}, {"secret", "the-secret"}};
  for (const std::string path : {"/bucket/some/prefix", "bucket/some/prefix/", "s3://bucket//some/prefix"}) {
    EXPECT_EQ(storage_factory(s3(known, path))->url(), "s3://bucket/some/prefix");
  }
  EXPECT_EQ(storage_factory(s3(known, "/bucket"))->url(), "s3://bucket");
}

TEST(StorageFactoryTest, TakesTheOptionsOfS3fs) {
  const S3Options options = s3_options({{"path", "/b/p"},
                                        {"s3fs",
                                         {{"key", "k"},
                                          {"secret", "s"},
                                          {"token", "t"},
                                          {"anon", false},
                                          {"use_ssl", false},
                                          {"client_kwargs",
                                           {{"region_name", "r"},
                                            {"endpoint_url", "http://localhost:1"},
                                            {"verify", "/ca.pem"}}}}}});
  EXPECT_EQ(options.key + options.secret + options.token, "kst");
  EXPECT_EQ(options.endpoint_url, "http://localhost:1");
  EXPECT_EQ(options.region_name, "r");
  EXPECT_EQ(options.ca_bundle, "/ca.pem");
  EXPECT_FALSE(options.anon);
}

TEST(StorageFactoryTest, OptionsOfS3ThatDoNotFitAreNamedWithoutSecrets) {
  const auto no = [](const Options& s3fs, Errc code = Errc::invalid_argument) {
    Options with_secret = s3fs;
    with_secret.set("secret", "the-secret");
    const std::string text = refused(s3(with_secret), code);
    EXPECT_THAT(text, testing::Not(HasSubstr("the-secret")));
    return text;
  };
  EXPECT_THAT(refused({{"kind", "S3"}}), HasSubstr("needs the option \"path\""));
  EXPECT_THAT(refused(s3({{"anon", true}}, "/")), HasSubstr("names no bucket"));
  EXPECT_THAT(refused(s3({{"anon", true}}, "/b/../c")), HasSubstr("in full"));
  EXPECT_THAT(no({{"kye", "k"}}), HasSubstr("did you mean \"key\"?"));
  EXPECT_THAT(no({{"key", 1}}), HasSubstr("\"key\" must be text"));
  EXPECT_THAT(no({{"key", "k"}, {"use_ssl", false}}), HasSubstr("http://"));
  EXPECT_THAT(no({{"client_kwargs", {{"verify", false}}}}, Errc::unsupported), HasSubstr("PEM"));
  EXPECT_THAT(no({{"endpoint_url", "http://a"}, {"client_kwargs", {{"endpoint_url", "http://b"}}}}),
              HasSubstr("two different"));
  EXPECT_THAT(no({{"key", "k"}, {"endpoint_url", "localhost"}}), HasSubstr("http[s]://"));
}

TEST(StorageFactoryTest, OptionsMayStandInAFile) {
  const test::TempFolder folder;
  const std::string file = folder / "storage.json";
  test::write_bytes(file, R"({
    // where the results are
    "kind": "S3",
    "options": {"path": "/bucket/prefix", "s3fs": {"key": "k", "secret": "the-secret", "token": null}}})");
  EXPECT_EQ(storage_factory(read_options(file))->url(), "s3://bucket/prefix");
  const auto no = [&](const std::string& text, Errc code = Errc::invalid_argument) {
    test::write_bytes(file, text);
    return error_of(code, [&] { (void)read_options(file); });
  };
  EXPECT_THAT(no(R"({"secret": "the-secret")"),
              AllOf(HasSubstr(file), HasSubstr("byte"), testing::Not(HasSubstr("the-secret"))));
  EXPECT_THAT(no(R"(["x"])"), HasSubstr("between { and }"));
  EXPECT_THAT(no(R"({"x": [1]})"), HasSubstr("\"x\""));
  EXPECT_THAT(no(R"({"x": 1e999})"), HasSubstr("too large"));
  EXPECT_THAT(no(std::string(100, '[')), HasSubstr("too deep"));
  error_of(Errc::not_found, [&] { (void)read_options(folder / "none.json"); });
}

TEST(StorageFactoryTest, OptionsMayBeYaml) {
  const test::TempFolder folder;
  for (const std::string file : {folder / "storage.yaml", folder / "storage.yml"}) {
    test::write_bytes(file, R"(# where the results are
kind: S3
options:
  path: /bucket/prefix
  s3fs: &access
    key: k
    secret: "0123"   # quoted, so that it is text
    token: null
    anon: false
    client_kwargs: {region_name: eu-west-1}
)");
    EXPECT_EQ(storage_factory(read_options(file))->url(), "s3://bucket/prefix");
  }
  const std::string file = folder / "storage.yaml";
  const auto read = [&](const std::string& text) {
    test::write_bytes(file, text);
    return read_options(file);
  };
  const Options options = read(
      "whole: -12\nlarge: 0x10\nreal: 1.5e3\nyes: yes\nquoted: '1'\nfolded: >\n  a\n  b\nbase: &b {x: 1}\n"
      "again: *b\nnothing: ~\ntwice: 1\ntwice: 2\n");
  EXPECT_EQ(options.find("whole")->integer("whole"), -12);
  EXPECT_EQ(options.find("large")->integer("large"), 16);
  EXPECT_EQ(options.find("real")->number("real"), 1500);
  EXPECT_EQ(options.find("yes")->text("yes"), "yes");
  EXPECT_EQ(options.find("quoted")->text("quoted"), "1");
  EXPECT_EQ(options.find("folded")->text("folded"), "a b\n");
  EXPECT_EQ(options.find("again")->options("again").find("x")->integer("x"), 1);
  EXPECT_EQ(options.find("nothing"), nullptr);
  EXPECT_EQ(options.find("twice")->integer("twice"), 2);

  const auto no = [&](const std::string& text) {
    return error_of(Errc::invalid_argument, [&] { (void)read(text); });
  };
  EXPECT_THAT(no("key: the-secret\n  x: {the-secret"),
              AllOf(HasSubstr(file), HasSubstr("line 2"), testing::Not(HasSubstr("the-secret"))));
  EXPECT_THAT(no("just text"), HasSubstr("name: value"));
  EXPECT_THAT(no(""), HasSubstr("documents"));
  EXPECT_THAT(no("a: 1\n---\nb: 2\n"), HasSubstr("2 YAML documents"));
  EXPECT_THAT(no("x: [1]"), HasSubstr("\"x\""));
  EXPECT_THAT(no("? [a]\n: 1"), HasSubstr("no text"));
  EXPECT_THAT(no("x: !!python/object:os.system ls"), HasSubstr("tag"));
  EXPECT_THAT(no(std::string(300, '[')), HasSubstr(file));
  EXPECT_THAT(no(std::string(500'000, '[')), HasSubstr(file));
  EXPECT_THAT(no("x: &x [*x]"), HasSubstr(file));
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string from = ", *a" + std::to_string(i - 1), name = "a" + std::to_string(i);
    laughs += name + ": &" + name + " [x" + from + from + from + from + from + "]\n";
  }
  EXPECT_THAT(no(laughs), HasSubstr("too many values"));
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
