#include "functionfuse/serializers/bytes_serializer.hpp"

#include <gmock/gmock.h>

#include "io/temp_folder.hpp"

namespace functionfuse {
namespace {

using test::TempFolder;
using testing::HasSubstr;

class Files : public FileProtocol {
 public:
  explicit Files(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path open(std::string_view filename, Mode) override {
    return folder_ / filename;
  }
  void remove(std::string_view filename) override { std::filesystem::remove(folder_ / filename); }

 private:
  std::filesystem::path folder_;
};

class BytesSerializerTest : public testing::Test {
 protected:
  BytesSerializerTest() { protocols_.add(FILE_PROTOCOL, files_); }
  /// Of verify and unpickle.
  std::string error_of(const SerializedAs& id, Errc code) {
    std::string texts[2];
    for (const bool verify : {true, false}) {
      try {
        if (verify) {
          serializer_.verify(protocols_, id);
        } else {
          (void)serializer_.unpickle(protocols_, id);
        }
        ADD_FAILURE() << "no error";
      } catch (const Error& e) {
        EXPECT_EQ(e.code(), code);
        texts[verify] = e.what();
      }
    }
    EXPECT_EQ(texts[0], texts[1]);
    return texts[0];
  }
  TempFolder folder_;
  Files files_{folder_.path()};
  Protocols protocols_;
  BytesSerializer serializer_;
};

TEST_F(BytesSerializerTest, WantsFromTheThresholdOn) {
  EXPECT_FALSE(serializer_.wants(Bytes(std::string(1 << 20, 'x').substr(1))));
  EXPECT_TRUE(serializer_.wants(Bytes(std::string(1 << 20, 'x'))));
  const BytesSerializer all({.threshold = 0});
  EXPECT_TRUE(all.wants(Bytes()));
}

TEST_F(BytesSerializerTest, RoundTripsOfAnySize) {
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{5'000'000},
                           std::size_t{4} << 20, (std::size_t{8} << 20) + 1}) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 13 + i / 1000);
    const Bytes bytes{std::string_view(text)};
    const SerializedAs id = serializer_.pickle(protocols_, bytes);
    EXPECT_EQ(id.first, "0.0.0");
    EXPECT_EQ(test::read_bytes(folder_ / id.second).substr(0, size), text);
    EXPECT_EQ(std::filesystem::file_size(folder_ / id.second), size + 20);
    EXPECT_TRUE(serializer_.unpickle(protocols_, id) == bytes);
    EXPECT_NO_THROW(serializer_.verify(protocols_, id));
  }
}

TEST_F(BytesSerializerTest, ADamagedFileIsNamed) {
  const SerializedAs id = serializer_.pickle(protocols_, Bytes(std::string(5'000'000, 'x')));
  const std::string path = folder_ / id.second;
  std::string content = test::read_bytes(path);
  content[4'500'000] ^= 1;
  test::write_bytes(path, content);
  EXPECT_THAT(error_of(id, Errc::corrupt), testing::AllOf(HasSubstr(path), HasSubstr("SHA-1")));
  test::write_bytes(path, "short");
  EXPECT_THAT(error_of(id, Errc::corrupt), testing::AllOf(HasSubstr(path), HasSubstr("short")));
}

TEST_F(BytesSerializerTest, AnUnknownVersionIsSaid) {
  EXPECT_THAT(error_of({"9.0.0", "x"}, Errc::unsupported), HasSubstr("version 9.0.0"));
}

TEST_F(BytesSerializerTest, RemoveTwice) {
  const SerializedAs id = serializer_.pickle(protocols_, Bytes(std::string_view("abc")));
  serializer_.remove(protocols_, id);
  serializer_.remove(protocols_, id);
  EXPECT_TRUE(test::all_below(folder_.path()).empty());
}

TEST_F(BytesSerializerTest, WithoutFilesItSaysSo) {
  const Protocols none;
  EXPECT_THROW((void)serializer_.pickle(none, Bytes()), UnsupportedError);
}

}  // namespace
}  // namespace functionfuse
