#include "io/concurrently.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <stdexcept>
#include <vector>

namespace functionfuse::io {
namespace {

TEST(Concurrently, EachOnceAndSoManyAtATime) {
  std::vector<std::atomic<int>> called(100);
  std::barrier together(4);  // hangs if there are fewer
  concurrently(100, 4, [&](std::size_t i) {
    ++called[i];
    together.arrive_and_wait();
  });
  for (const auto& count : called) EXPECT_EQ(count, 1);
  concurrently(0, 4, [](std::size_t) { ADD_FAILURE(); });
  concurrently(1, 1, [&](std::size_t i) { ++called[i]; });
  EXPECT_EQ(called[0], 2);
}

TEST(Concurrently, AnErrorEndsIt) {
  std::atomic<int> calls = 0;
  const auto fail_at_10 = [&](std::size_t i) {
    ++calls;
    if (i == 10) throw std::runtime_error("ten");
  };
  EXPECT_THROW(concurrently(1'000'000, 4, fail_at_10), std::runtime_error);
  EXPECT_LT(calls, 1'000'000);
}

}  // namespace
}  // namespace functionfuse::io
