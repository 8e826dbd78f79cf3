#include "io/base64.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace functionfuse::io {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST(Base64, OfTheStandardAndBack) {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""},        {"f", "Zg=="},          {"fo", "Zm8="},
      {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe", "//4="}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(to_base64(bytes_of(plain)), text);
    const auto back = from_base64(text);
    ASSERT_TRUE(back) << text;
    EXPECT_TRUE(std::ranges::equal(*back, bytes_of(plain)));
  }
}

TEST(Base64, NothingElse) {
  for (const char* text : {"Zg", "Zg=", "Zm9", "Z===", "====", "Zg==Zg==", "Z=8=", "Zm9v\n",
                           " Zm9vYg=", "Zm9-", "Zm9v----", "Z*9v"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

}  // namespace
}  // namespace functionfuse::io
