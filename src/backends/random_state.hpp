#pragma once

namespace functionfuse::detail {

/// As long as it lives, random_state() is what RandomStatePlugin seeds in this thread; afterwards
/// what it was before, as a node may run a workflow of its own.
class RandomStateScope {
 public:
  RandomStateScope();
  ~RandomStateScope();
  RandomStateScope(const RandomStateScope&) = delete;
  RandomStateScope& operator=(const RandomStateScope&) = delete;

 private:
  void* before_;
};

}  // namespace functionfuse::detail
