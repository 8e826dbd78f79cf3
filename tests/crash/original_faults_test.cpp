// What a kill in the middle of a run costs: the node that ran, and nothing else. And that what was
// saved is on the disk when that was promised.

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "crash/scenarios.hpp"
#include "crash/tracer.hpp"
#include "functionfuse/functionfuse.hpp"
#include "io/temp_folder.hpp"

namespace functionfuse::test {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;

// The calls that touch files.

class DurableTest : public testing::Test {
 protected:
  /// The names of all calls that the scenario makes, in order.
  std::vector<std::string> calls_of(const std::string& name) {
    std::vector<std::string> calls;
    for (int call = 0;; ++call) {
      fs::remove_all(storage_);
      for (const Scenario& scenario : scenarios()) {
        if (scenario.name == name) scenario.before(*open_storage(storage_));
      }
      const Outcome outcome =
          Tracer({.what = Plan::What::kill_before, .call = call})
              .run({FUNCTIONFUSE_TEST_PROGRAMS "/saver", storage_, name});
      trouble_ = outcome.trouble;
      if (!outcome.killed) return calls;
      calls.push_back(outcome.call);
    }
  }
  static bool is_sync(const std::string& call) {
    return call == "fsync" || call == "fdatasync" || call == "syncfs";
  }

  TempFolder folder_{fs::is_directory("/dev/shm") ? "/dev/shm" : "/tmp"};
  const std::string storage_ = folder_ / "storage";
  std::string trouble_;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SKIP_WHERE_SANITIZED() GTEST_SKIP() << "a sanitizer's runtime does not bear being traced"
#else
#define SKIP_WHERE_SANITIZED() static_cast<void>(0)
#endif

TEST_F(DurableTest, AResultIsOnTheDiskBeforeItReplacesAnother) {
  SKIP_WHERE_SANITIZED();
  for (const char* scenario : {"replace", "replace_bytes", "replace_array"}) {
    const auto calls = calls_of(scenario);
    if (!trouble_.empty()) GTEST_SKIP() << trouble_;
    const auto commit = std::find_if(calls.begin(), calls.end(), [](const std::string& call) {
      return call.starts_with("rename");
    });
    ASSERT_NE(commit, calls.end()) << scenario << ": replaced without a rename";
    EXPECT_TRUE(std::any_of(calls.begin(), commit, is_sync)) << scenario;
    EXPECT_EQ(std::count_if(commit + 1, calls.end(),
                            [](const std::string& call) { return call.starts_with("rename"); }),
              0);
  }
}

TEST_F(DurableTest, SyncWritesWhatWasCommittedToTheDisk) {
  SKIP_WHERE_SANITIZED();
  const auto calls = calls_of("save_and_sync");
  if (!trouble_.empty()) GTEST_SKIP() << trouble_;
  const auto commit = std::find_if(calls.rbegin(), calls.rend(), [](const std::string& call) {
    return call.starts_with("rename") || call.starts_with("link");
  });
  ASSERT_NE(commit, calls.rend());
  EXPECT_TRUE(std::any_of(calls.rbegin(), commit, is_sync));
}

// Runs in processes of their own.

int one(int x) { return x + 1; }
std::vector<double> array(int n) { return std::vector<double>(30'000, n); }
Bytes bytes(int n) { return bytes_of(static_cast<char>('a' + n % 26)); }
int size_of(const std::vector<double>& x, const Bytes& y) {
  return static_cast<int>(x.size() + y.size());
}
int total(const std::vector<int>& x) {
  int sum = 0;
  for (int v : x) sum += v;
  return sum;
}

struct StepCounter {
  int steps = 0;
  int step(int by) { return steps += by; }
};
FUNCTIONFUSE_FIELDS(StepCounter, steps)

constexpr int kParts = 8;
constexpr int kExpected = kParts * 35'000 + kParts * (kParts + 1) / 2;

/// Runs the workflow; `at` is called at the begin of every part with how many ran in this process.
int run_workflow(const std::string& path, const std::function<void(int)>& at = [](int) {}) {
  int ran = 0;
  std::vector<Node<int>> parts;
  auto counter = workflow<StepCounter>()();
  for (int i = 0; i < kParts; ++i) {
    auto n = workflow<one>()(i);
    auto a = workflow<array>()(n);
    auto b = workflow<bytes>()(n);
    auto size = workflow<size_of>()(a, b);
    parts.push_back(workflow("part", [&](int x) {
      at(ran++);
      return x;
    })(size));
    parts.push_back(counter.call<&StepCounter::step>(i + 1));
  }
  auto last = parts.back();
  std::vector<Node<int>> summed(parts.begin(), parts.end());
  // Of the calls only the last counts.
  summed.erase(std::remove_if(summed.begin(), summed.end(),
                              [&, k = 0](const Node<int>&) mutable { return k++ % 2 == 1; }),
               summed.end());
  summed.push_back(last);
  auto sum = workflow<total>()(summed).set_name("sum");
  LocalWorkflow local({sum}, "work");
  local.set_storage(open_storage(path));
  local.set_log([](std::string_view) {});
  return local.run<int>();
}

/// As a process of its own; returns how it ended, as waitpid says it.
pid_t start(const std::function<int()>& f) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    int code = 1;
    try {
      code = f();
    } catch (const std::exception&) {
      code = 2;
    }
    ::_exit(code);
  }
  return pid;
}
int end_of(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status;
}

class RunsInProcessesTest : public testing::Test {
 protected:
  void check_nothing_is_left() {
    const auto s = open_storage(storage_);
    EXPECT_THAT(s->verify({}), IsEmpty());
    s->gc({}, false, 0);
    EXPECT_THAT(s->gc({}, true, 0), IsEmpty());
    EXPECT_EQ(s->list_tasks("work").size(), kParts * 6u + 2);  // and the object's state
    // The workflow, its tasks, an object for each Bytes, the log of records.
    EXPECT_EQ(all_below(storage_).size(), 1 + kParts * 6u + 2 + 1 + kParts + 2);
    EXPECT_EQ(s->read_task<int>("work", "sum"), kExpected);
    const auto [calls, state] = s->read_task<std::pair<int, StepCounter>>("work", "StepCounter_0000");
    EXPECT_EQ(state.steps, calls * (calls + 1) / 2) << "a state that is not that of its calls";
  }

  TempFolder folder_{fs::is_directory("/dev/shm") ? "/dev/shm" : "/tmp"};
  const std::string storage_ = folder_ / "storage";
};

TEST_F(RunsInProcessesTest, ARunThatWasKilledIsFinishedByTheNextOnes) {
  // Each gets one part further and is killed in the second that it runs.
  for (int i = 0; i < kParts - 1; ++i) {
    const int status = end_of(start([&] {
      return run_workflow(storage_, [](int ran) {
        if (ran == 1) ::raise(SIGKILL);
      });
    }));
    ASSERT_TRUE(WIFSIGNALED(status)) << "run " << i;
    EXPECT_THAT(open_storage(storage_)->verify({}), IsEmpty());
    EXPECT_EQ(open_storage(storage_)->list_tasks("work", "part_*").size(), i + 1u);
  }
  int ran = 0;
  EXPECT_EQ(run_workflow(storage_, [&](int n) { ran = n + 1; }), kExpected);
  EXPECT_EQ(ran, 1);
  ran = 0;
  EXPECT_EQ(run_workflow(storage_, [&](int n) { ran = n + 1; }), kExpected);
  EXPECT_EQ(ran, 0);
  check_nothing_is_left();
}

TEST_F(RunsInProcessesTest, TwoRunOneWorkflowAtOnce) {
  for (int i = 0; i < 10; ++i) {
    fs::remove_all(storage_);
    auto run = [&] { return run_workflow(storage_) == kExpected ? 0 : 3; };
    const pid_t a = start(run), b = start(run);
    EXPECT_EQ(end_of(a), 0);
    EXPECT_EQ(end_of(b), 0);
    int ran = 0;
    EXPECT_EQ(run_workflow(storage_, [&](int n) { ran = n + 1; }), kExpected);
    EXPECT_EQ(ran, 0) << "something was not kept";
    check_nothing_is_left();
    if (HasFailure()) return;
  }
}

TEST_F(RunsInProcessesTest, OneIsKilledWhileTheOtherRuns) {
  for (int i = 0; i < kParts; ++i) {
    fs::remove_all(storage_);
    const pid_t a = start([&] {
      return run_workflow(storage_, [&](int ran) {
        if (ran == i) ::raise(SIGKILL);
      });
    });
    const pid_t b = start([&] { return run_workflow(storage_) == kExpected ? 0 : 3; });
    // The other may have been first everywhere.
    const int status = end_of(a);
    EXPECT_TRUE(WIFSIGNALED(status) || WIFEXITED(status));
    EXPECT_EQ(end_of(b), 0);
    EXPECT_EQ(run_workflow(storage_), kExpected);
    check_nothing_is_left();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace functionfuse::test
