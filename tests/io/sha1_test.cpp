#include "io/sha1.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "functionfuse/error.hpp"
#include "io/background_sha1.hpp"
#include "io/hashing_writer.hpp"
#include "io/temp_folder.hpp"

namespace functionfuse::io {
namespace {

std::string hex(const Sha1Digest& digest) {
  std::string text;
  for (std::byte b : digest) {
    text += "0123456789abcdef"[std::to_integer<unsigned>(b) >> 4];
    text += "0123456789abcdef"[std::to_integer<unsigned>(b) & 15];
  }
  return text;
}

// FIPS 180 and RFC 3174.
constexpr const char* kAbc = "a9993e364706816aba3e25717850c26c9cd0d89d";
constexpr const char* kEmpty = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
constexpr const char* kMillionA = "34aa973cd4c4daa4f61eeb2bdbad27316534016f";

TEST(Sha1Test, PublishedVectors) {
  EXPECT_EQ(hex(sha1("abc", 3)), kAbc);
  EXPECT_EQ(hex(sha1("", 0)), kEmpty);
  const std::string a(1'000'000, 'a');
  EXPECT_EQ(hex(sha1(a.data(), a.size())), kMillionA);
}

TEST(Sha1Test, BeginsAnewAfterADigest) {
  Sha1 hash;
  hash.update("a", 1);
  hash.update("bc", 2);
  EXPECT_EQ(hex(hash.digest()), kAbc);
  EXPECT_EQ(hex(hash.digest()), kEmpty);
}

TEST(Sha1Test, ManyThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int k = 0; k < 200; ++k) EXPECT_EQ(hex(sha1("abc", 3)), kAbc);
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(BackgroundSha1Test, PiecesInOrder) {
  const std::string a(1'000'000, 'a');
  BackgroundSha1 hash;
  for (std::size_t i = 0; i < a.size(); i += 50'000) hash.update(a.data() + i, 50'000);
  EXPECT_EQ(hex(hash.digest()), kMillionA);
}

TEST(BackgroundSha1Test, NothingAtAll) {
  BackgroundSha1 hash;
  hash.wait();
  EXPECT_EQ(hex(hash.digest()), kEmpty);
}

TEST(BackgroundSha1Test, WaitAllowsToReuseTheMemory) {
  std::string a(100'000, 'a');
  BackgroundSha1 hash;
  for (int i = 0; i < 10; ++i) {
    std::fill(a.begin(), a.end(), 'a');
    hash.update(a.data(), a.size());
    hash.wait();
    std::fill(a.begin(), a.end(), 'b');
  }
  EXPECT_EQ(hex(hash.digest()), kMillionA);
}

TEST(BackgroundSha1Test, StopDropsWhatIsNotDone) {
  for (int i = 0; i < 20; ++i) {
    auto a = std::make_unique<std::string>(8'000'000, 'a');
    BackgroundSha1 hash;
    hash.update(a->data(), a->size());
    hash.stop();
    a.reset();  // the address sanitizer would tell
  }
}

TEST(HashingWriterTest, DigestBehindTheBytes) {
  test::TempFolder folder;
  const std::string path = folder / "file";
  const std::string a(1'000'000, 'a');
  {
    const Fd fd = open_file(path, O_CREAT | O_WRONLY);
    HashingWriter writer(fd.get(), path);
    writer.write(a.data(), 400'000);
    writer.write_and_wait(a.data() + 400'000, 600'000);
    EXPECT_EQ(hex(writer.finish()), kMillionA);
  }
  const std::string bytes = test::read_bytes(path);
  ASSERT_EQ(bytes.size(), a.size() + 20);
  EXPECT_EQ(bytes.substr(0, a.size()), a);

  const Fd fd = open_file(path, O_RDONLY);
  BackgroundFileSha1 digest(fd.get(), a.size(), path);
  const Sha1Digest computed = digest.digest();
  EXPECT_EQ(hex(computed), kMillionA);
  EXPECT_EQ(std::memcmp(computed.data(), bytes.data() + a.size(), 20), 0);
}

TEST(HashingWriterTest, AWriteErrorLeavesNobodyReading) {
  const Fd fd = open_file("/dev/full", O_WRONLY);
  HashingWriter writer(fd.get(), "/dev/full");
  auto data = std::make_unique<std::string>(8'000'000, 'a');
  EXPECT_THROW(writer.write_and_wait(data->data(), data->size()), Error);
  data.reset();
}

TEST(BackgroundFileSha1Test, AShortFileIsReported) {
  test::TempFolder folder;
  test::write_bytes(folder / "file", "abc");
  const std::string path = folder / "file";
  const Fd fd = open_file(path, O_RDONLY);
  BackgroundFileSha1 digest(fd.get(), 10, path);
  EXPECT_THROW((void)digest.digest(), CorruptError);
  BackgroundFileSha1 dropped(fd.get(), 3, path);
}

}  // namespace
}  // namespace functionfuse::io
