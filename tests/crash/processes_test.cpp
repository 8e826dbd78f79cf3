#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <random>
#include <thread>

#include "crash/scenarios.hpp"
#include "io/temp_folder.hpp"

extern char** environ;

namespace functionfuse::test {
namespace {

/// A program as a process of its own.
class Process {
 public:
  explicit Process(std::vector<std::string> words) {
    words[0].insert(0, FUNCTIONFUSE_TEST_PROGRAMS "/");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (::posix_spawn(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) != 0) {
      throw std::runtime_error("cannot start " + words[0]);
    }
  }
  ~Process() {
    if (pid_ > 0) {
      kill();
      wait();
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void kill() { ::kill(pid_, SIGKILL); }
  [[nodiscard]] bool running() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
    return pid_ > 0;
  }
  int wait() {
    if (pid_ > 0) ::waitpid(pid_, &status_, 0);
    pid_ = -1;
    return status_;
  }

 private:
  pid_t pid_ = -1;
  int status_ = 0;
};

struct StorageLoop : Process {
  StorageLoop(const std::string& storage, const std::string& seed, int count)
      : Process({"storage_loop", storage, seed, std::to_string(count)}) {}
};
struct WorkflowRun : Process {
  explicit WorkflowRun(const std::string& storage) : Process({"workflow_run", storage}) {}
};

class ProcessesTest : public testing::Test {
 protected:
  /// Both tasks, whole, of one of the two processes.
  void read_all() {
    const auto s = open_storage(storage);
    const auto index = s->index("loop", 2);
    for (const std::string task : {"x", "y"}) {
      const auto found = index->find(task);
      if (!found.stored) continue;
      ASSERT_NE(found.record, nullptr) << task;
      EXPECT_THAT(found.record->function, testing::AnyOf("a", "b"));
      if (task == "x") {
        const Bytes bytes = s->read_task<Bytes>("loop", task);
        ASSERT_EQ(bytes.size(), 5000u);
        EXPECT_EQ(bytes.view().find_first_not_of(bytes.view()[0]), std::string_view::npos);
      } else {
        EXPECT_EQ(s->read_task<std::vector<std::string>>("loop", task).size(), 10u);
      }
    }
  }

  void check_nothing_is_left() {
    const auto s = open_storage(storage);
    EXPECT_THAT(s->verify({}), testing::IsEmpty());
    s->gc({}, false, 0);
    EXPECT_THAT(s->gc({}, true, 0), testing::IsEmpty());
    EXPECT_EQ(s->list_tasks("loop"), (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(all_below(storage).size(), 1u + 2 + 2 + 2) << "workflow, tasks, bigdata, records";
    read_all();
  }

  TempFolder folder{std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp"};
  const std::string storage = folder / "storage";
};

TEST_F(ProcessesTest, TwoSaveTheSameTasksWhileAThirdReads) {
  StorageLoop a(storage, "a", 300), b(storage, "b", 300);
  while (a.running() || b.running()) {
    read_all();
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(a.wait(), 0);
  EXPECT_EQ(b.wait(), 0);
  check_nothing_is_left();
}

TEST_F(ProcessesTest, KilledAtAnyMomentTheyLeaveWholeResults) {
  std::mt19937 random(7);
  { StorageLoop whole(storage, "a", 1); EXPECT_EQ(whole.wait(), 0); }
  for (int i = 0; i < 25; ++i) {
    StorageLoop a(storage, "a", 100'000), b(storage, "b", 100'000);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
    a.kill();
    b.kill();
    a.wait();
    b.wait();
    read_all();
    if (HasFatalFailure()) return;
  }
  check_nothing_is_left();
}

// The counter, its 20 calls, 20 pieces of bytes and their lengths, and the total.
constexpr std::size_t kTasks = 1 + 3 * 20 + 1;

class SharedWorkflowTest : public ProcessesTest {
 protected:
  void check_complete() {
    WorkflowRun last(storage);
    EXPECT_EQ(last.wait(), 0);
    const auto s = open_storage(storage);
    EXPECT_THAT(s->verify({}), testing::IsEmpty());
    s->gc({}, false, 0);
    EXPECT_THAT(s->gc({}, true, 0), testing::IsEmpty());
    EXPECT_EQ(s->list_tasks("shared").size(), kTasks);
    EXPECT_EQ(all_below(storage + "/shared/bigdata").size(), 20u) << "one for each result of bytes";
  }
};

TEST_F(SharedWorkflowTest, TwoRunItAtOnce) {
  for (int i = 0; i < 5; ++i) {
    WorkflowRun a(storage), b(storage);
    EXPECT_EQ(a.wait(), 0);
    EXPECT_EQ(b.wait(), 0);
    check_complete();
    open_storage(storage)->remove_workflow("shared");
  }
}

TEST_F(SharedWorkflowTest, KilledAtAnyMomentTheNextRunCompletes) {
  std::mt19937 random(11);
  for (int i = 0; i < 20; ++i) {
    {
      WorkflowRun a(storage), b(storage);
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 25));
      a.kill();
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 5));
      b.kill();
    }
    check_complete();
    open_storage(storage)->remove_workflow("shared");
  }
}

}  // namespace
}  // namespace functionfuse::test
