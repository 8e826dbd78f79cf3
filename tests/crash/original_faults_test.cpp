// What a kill in the middle of a run costs: the node that ran, and nothing else. And that what was
// saved is on the disk when that was promised.

#include <algorithm>
#include <filesystem>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "functionfuse/functionfuse.hpp"

#include "crash/scenarios.hpp"
#include "crash/tracer.hpp"
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
      const Outcome outcome = Tracer({.what = Plan::What::kill_before, .call = call})
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

// A run in a process of its own.

int one(int x) { return x + 1; }
std::vector<double> array(int n) { return std::vector<double>(30'000, n); }
Bytes bytes(int n) { return bytes_of(static_cast<char>('a' + n)); }
int size_of(const std::vector<double>& x, const Bytes& y) {
  return static_cast<int>(x.size() + y.size());
}
int total(const std::vector<int>& x) { return std::accumulate(x.begin(), x.end(), 0); }

constexpr int kParts = 8;
constexpr int kExpected = kParts * 35'000;

/// Runs the workflow; `at` is called at the begin of every part with how many ran before it.
int run_workflow(const std::string& path, const std::function<void(int)>& at) {
  int ran = 0;
  std::vector<Node<int>> parts;
  for (int i = 0; i < kParts; ++i) {
    auto n = workflow<one>()(i);
    auto size = workflow<size_of>()(workflow<array>()(n), workflow<bytes>()(n));
    parts.push_back(workflow("part", [&](int x) {
      at(ran++);
      return x;
    })(size));
  }
  LocalWorkflow local({workflow<total>()(parts).set_name("sum")}, "work");
  local.set_storage(open_storage(path));
  return local.run<int>();
}

TEST(KilledRunTest, EveryRunGoesOnWhereTheLastWasKilled) {
  const TempFolder folder(fs::is_directory("/dev/shm") ? "/dev/shm" : "/tmp");
  const std::string storage = folder / "storage";
  // Each runs one part and is killed in the next.
  for (std::size_t i = 0; i + 1 < kParts; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      run_workflow(storage, [](int ran) {
        if (ran == 1) ::raise(SIGKILL);
      });
      ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status)) << "run " << i << " had nothing to do";
    EXPECT_THAT(open_storage(storage)->verify({}), IsEmpty());
    EXPECT_EQ(open_storage(storage)->list_tasks("work", "part_*").size(), i + 1);
  }
  for (const int expected : {1, 0}) {
    int ran = 0;
    EXPECT_EQ(run_workflow(storage, [&](int before) { ran = before + 1; }), kExpected);
    EXPECT_EQ(ran, expected);
  }
  const auto s = open_storage(storage);
  s->gc({}, false, 0);
  EXPECT_THAT(s->gc({}, true, 0), IsEmpty());
  EXPECT_EQ(s->list_tasks("work").size(), kParts * 5u + 1);
  // The workflow, its tasks, what is kept beside them, the log of records.
  EXPECT_EQ(all_below(storage).size(), 1 + (kParts * 5u + 1) + (1 + kParts) + 2);
}

}  // namespace
}  // namespace functionfuse::test
