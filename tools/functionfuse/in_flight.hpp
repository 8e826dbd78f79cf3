#pragma once

#include <cstddef>
#include <deque>
#include <future>
#include <utility>

namespace functionfuse::cli {

/// Calls `make(i)` for 0, 1, ..., up to `at_most` of them at a time, and `use(i, what it made)` in
/// this thread, in order. What either throws ends it.
template <class Make, class Use>
void in_flight(std::size_t count, unsigned at_most, const Make& make, const Use& use) {
  std::deque<std::future<decltype(make(std::size_t{}))>> made;
  const auto policy = at_most > 1 ? std::launch::async : std::launch::deferred;
  for (std::size_t next = 0, i = 0; i < count; ++i) {
    for (; next < count && next < i + at_most; ++next) {
      made.push_back(std::async(policy, [&make, next] { return make(next); }));
    }
    auto result = made.front().get();
    made.pop_front();
    use(i, std::move(result));
  }
}

}  // namespace functionfuse::cli
