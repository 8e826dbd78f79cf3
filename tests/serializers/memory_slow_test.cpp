// Memory while an array much larger than the memory limit is stored and reduced.

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "io/temp_folder.hpp"

namespace functionfuse {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

TEST(Memory, StoringAndReducingStaysWithinTheLimit) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's own memory is not counted";
  const test::TempFolder folder("/var/tmp");  // on a disk: /tmp may be memory
  constexpr long long kGiB = 1LL << 30;
  const auto free = static_cast<long long>(std::filesystem::space(folder.path()).available);
  const long long size = free > 24 * kGiB ? 16 * kGiB : 2 * kGiB;  // where the disk is small, still eight times the limit
  if (free < 3 * kGiB) GTEST_SKIP() << "less than 3 GiB free in " << folder.path();
  constexpr long long kLimit = 256 << 20;

  const std::string command = FUNCTIONFUSE_TEST_PROGRAMS "/large_array " + folder.path().string() + " " +
                              std::to_string(size) + " " + std::to_string(kLimit);
  std::FILE* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  double sum = 0, max = 0;
  long long peak = 0;
  EXPECT_EQ(std::fscanf(pipe, "%lf %lf %lld", &sum, &max, &peak), 3);
  EXPECT_EQ(::pclose(pipe), 0);

  constexpr long long kElements = 1 << 20;  // of a chunk
  const long long chunks = size / 8 / kElements;
  long long within = 0;  // what a chunk adds to its number times 1000
  for (long long i = 0; i < kElements; ++i) within += i % 1000;
  const double expected = static_cast<double>(chunks) * static_cast<double>(within) +
                          1000.0 * static_cast<double>(chunks * (chunks - 1) / 2) * static_cast<double>(kElements);
  EXPECT_NEAR(sum, expected, expected * 1e-12);
  EXPECT_EQ(max, static_cast<double>((chunks - 1) * 1000 + 999));
  EXPECT_LT(peak, kLimit + 100'000'000) << "array of " << size << " bytes";
  RecordProperty("peak_bytes", std::to_string(peak));
}

}  // namespace
}  // namespace functionfuse
