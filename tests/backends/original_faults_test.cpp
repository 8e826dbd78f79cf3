// Runs on files: what a failed or killed run, a stray byte or a lost file does to later runs.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "functionfuse/functionfuse.hpp"

#include "io/sha1.hpp"
#include "io/temp_folder.hpp"

namespace ff = functionfuse;
namespace fs = std::filesystem;
using ff::test::all_below;
using ff::test::read_bytes;
using ff::test::TempFolder;
using ff::test::write_bytes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Names = std::vector<std::string>;

namespace {

namespace meters {
double length(double x) { return x; }
}  // namespace meters
namespace feet {
double length(double x) { return 0.3048 * x; }
}  // namespace feet

double half(double x) { return x / 2; }
int number(int x) { return x; }

std::string with_digest(const std::string& pickle) {
  const auto digest = ff::io::sha1(pickle.data(), pickle.size());
  return pickle + std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

class RunOnFiles : public testing::Test {
 protected:
  auto step(const std::string& name) {
    return ff::workflow(name, [this, name](int x) {
      ran.push_back(name);
      return x + 1;
    });
  }
  ff::LocalWorkflow workflow(std::vector<ff::NodeRef> given) {
    ff::LocalWorkflow w(std::move(given), "w");
    w.set_storage(storage);
    w.set_log(log);
    return w;
  }
  [[nodiscard]] fs::path file(const std::string& name) const {
    return fs::path(folder / "s/w") / name;
  }
  Names take_ran() { return std::exchange(ran, {}); }
  bool logged(std::string_view text) { return log.str().find(text) != std::string::npos; }

  TempFolder folder;
  std::shared_ptr<ff::FileStorage> storage = std::make_shared<ff::FileStorage>(folder / "s");
  Names ran;
  std::ostringstream log;
};

TEST_F(RunOnFiles, ADamagedTaskIsComputedAgainAndIsMended) {
  auto build = [&] { return step("b")(step("a")(1).set_name("a")).set_name("b"); };
  workflow({build()}).run<int>();
  const std::string good = read_bytes(file("b"));
  take_ran();
  for (const std::string& bad : {std::string(), good.substr(0, 7), good.substr(0, good.size() - 1),
                                 good + "x", std::string(good.size(), '\0')}) {
    for (const bool with_record : {true, false}) {
      SCOPED_TRACE(std::to_string(bad.size()) + (with_record ? " with" : " without"));
      log.str("");
      if (!with_record) fs::remove_all(file(".functionfuse"));
      write_bytes(file("b"), bad);  // into the file that is there
      EXPECT_EQ(workflow({build()}).run<int>(), 3);
      EXPECT_EQ(take_ran(), Names({"b"}));
      EXPECT_TRUE(logged("warning: w: \"b\" is computed again")) << log.str();
      EXPECT_TRUE(logged(file("b").native())) << log.str();
      EXPECT_EQ(read_bytes(file("b")), good);
      EXPECT_EQ(workflow({build()}).run<int>(), 3);
      EXPECT_EQ(take_ran(), Names());
    }
  }
}

TEST_F(RunOnFiles, AResultThatCannotBeSavedLeavesNothingAndTheNextRunGoesOn) {
  storage->register_persistent_serializers(ff::BytesSerializer({.threshold = 10}));
  using Result = std::pair<ff::Bytes, std::string>;
  auto build = [&](const std::string& text) {
    auto a = step("a")(1).set_name("a");
    return ff::workflow("b",
                        [text](int x) {
                          return Result(std::string(1000, static_cast<char>('0' + x)), text);
                        })(a)
        .set_name("b");
  };
  for (int i = 0; i < 2; ++i) {
    EXPECT_THROW(workflow({build("\xff")}).run<Result>(), ff::NodeError);
    EXPECT_THAT(storage->list_tasks("w"), ElementsAre("a"));
    EXPECT_THAT(all_below(file("bigdata")), IsEmpty());
    EXPECT_THAT(storage->gc("w", true, 0), IsEmpty());
  }
  EXPECT_EQ(workflow({build("text")}).run<Result>().second, "text");
  EXPECT_EQ(take_ran(), Names({"a"}));
  EXPECT_THAT(all_below(file("bigdata")), SizeIs(1));

  // Nor does it harm the result that is there.
  auto changed = build("\xff");
  changed.set_version("2");
  EXPECT_THROW(workflow({changed}).run<Result>(), ff::NodeError);
  EXPECT_EQ(storage->read_task<Result>("w", "b").second, "text");
  EXPECT_THAT(all_below(file("bigdata")), SizeIs(1));
}

TEST_F(RunOnFiles, AnObjectThatIsLostOrDamagedIsComputedAgain) {
  storage->register_persistent_serializers(ff::BytesSerializer({.threshold = 10}));
  auto build = [&] {
    auto a = ff::workflow("a", [this](int n) {
      ran.push_back("a");
      return std::vector<ff::Bytes>{ff::Bytes(std::string(static_cast<std::size_t>(n), 'a')),
                                    ff::Bytes(std::string_view("small"))};
    })(1000);
    return ff::workflow("b", [](const ff::Bytes& x) { return x.size(); })(a.set_name("a")[0])
        .set_name("b");
  };
  workflow({build()}).run<std::size_t>();
  EXPECT_EQ(take_ran(), Names({"a"}));
  for (const bool lost : {true, false}) {
    log.str("");
    const std::string name = *all_below(file("bigdata")).begin();
    if (lost) {
      fs::remove(file("bigdata/" + name));
    } else {
      std::string content = read_bytes(file("bigdata/" + name));
      content[500] ^= 1;
      write_bytes(file("bigdata/" + name), content);
    }
    EXPECT_EQ(workflow({build()}).run<std::size_t>(), 1000u) << "which needs no read of it";
    EXPECT_EQ(take_ran(), Names());
    EXPECT_EQ(storage->remove_task("w", "b"), 1u);
    EXPECT_EQ(workflow({build()}).run<std::size_t>(), 1000u);
    EXPECT_EQ(take_ran(), Names({"a"}));
    EXPECT_TRUE(logged("warning: w: \"a\" is computed again")) << log.str();
    EXPECT_TRUE(logged(name)) << log.str();
    EXPECT_THAT(all_below(file("bigdata")), SizeIs(1)) << "the damaged one is gone";
    EXPECT_THAT(storage->verify("w"), IsEmpty());
  }
}

TEST_F(RunOnFiles, FunctionsOfOneNameInTwoNamespacesDoNotShareAResult) {
  EXPECT_EQ(workflow({ff::workflow<meters::length>()(10)}).run<double>(), 10);
  EXPECT_EQ(workflow({ff::workflow<feet::length>()(10)}).run<double>(), 3.048);
  EXPECT_TRUE(logged("function meters::length → feet::length")) << log.str();
  auto a = ff::workflow<meters::length>()(10);
  auto b = ff::workflow<feet::length>()(a);
  auto both = workflow({a, b});
  EXPECT_EQ((both.run<double, double>()), std::make_tuple(10, 3.048));
  EXPECT_THAT(storage->list_tasks("w"), ElementsAre("length_0000", "length_0001"));
}

TEST_F(RunOnFiles, NamedLambdasOfOneFunctionDoNotShareAResult) {
  std::vector<ff::Node<int>> powers;
  for (int k = 1; k <= 3; ++k) {
    powers.push_back(ff::workflow("times", [k](int x) { return k * x; })(2));
  }
  auto sum = ff::workflow("sum", [](const std::vector<int>& x) { return x; })(powers);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(workflow({sum}).run<std::vector<int>>(), (std::vector<int>{2, 4, 6}));
  }
  EXPECT_EQ(storage->read_task<int>("w", "times_0001"), 4);
}

TEST_F(RunOnFiles, WorkflowsThatShareAnAncestorFindItStored) {
  auto root = step("root")(1).set_name("root");
  auto left = step("left")(root).set_name("left");
  ff::LocalWorkflow first = workflow({left});
  EXPECT_EQ(first.run<int>(), 3);
  auto right = step("right")(root).set_name("right");
  ff::LocalWorkflow second = workflow({right});
  EXPECT_EQ(second.run<int>(), 3);
  EXPECT_EQ(take_ran(), Names({"root", "left", "right"}));
  EXPECT_EQ(first.run<int>(), 3);
  EXPECT_EQ(take_ran(), Names());
}

TEST_F(RunOnFiles, NothingIsPrintedForWhatIsRead) {
  auto build = [&] { return step("b")(step("a")(1).set_name("a")).set_name("b"); };
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) {
    ff::LocalWorkflow w({build()}, "w");
    w.set_storage(storage);
    w.run<int>();
    if (i == 0) storage->remove_task("w", "b");
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(take_ran(), Names({"a", "b", "b"})) << "a and then b were read";
}

TEST_F(RunOnFiles, GoesOnFromWhatPythonStored) {
  // pickle.dumps(41, 2), pickle.dumps([1.5, 2.5], 4)
  write_bytes(file("a"), with_digest(std::string("\x80\x02K\x29.", 5)));
  write_bytes(file("list"),
              with_digest(std::string("\x80\x04\x95\x18\0\0\0\0\0\0\0]\x94(G?\xf8\0\0\0\0\0\0"
                                      "G@\x04\0\0\0\0\0\0e.",
                                      35)));
  auto a = step("a")(1).set_name("a");
  auto b = step("b")(a).set_name("b");
  auto list = ff::workflow("list", [] { return std::vector<double>{}; })().set_name("list");
  auto c = ff::workflow<half>()(list[1]).set_name("c");
  EXPECT_EQ((workflow({b, c}).run<int, double>()), std::make_tuple(42, 1.25));
  EXPECT_EQ(take_ran(), Names({"b"}));
  EXPECT_EQ(read_bytes(file("a")).size(), 25u) << "what was there is left as it is";
}

TEST_F(RunOnFiles, AStoredResultThatWouldRunACommandRunsNothing) {
  const std::string evil = with_digest("cos\nsystem\n(S'touch " + folder / "ran" + "'\ntR.");
  write_bytes(file("a"), evil);
  auto build = [&] { return step("b")(step("a")(1).set_name("a")).set_name("b"); };
  // There is no record of it, so it may be somebody's: it is not computed over.
  EXPECT_THROW(workflow({build()}).run<int>(), ff::NodeError);
  EXPECT_FALSE(fs::exists(folder / "ran"));
  EXPECT_EQ(read_bytes(file("a")), evil);
  EXPECT_EQ(storage->remove_task("w", "a"), 1u);
  EXPECT_FALSE(fs::exists(folder / "ran"));
  EXPECT_EQ(workflow({build()}).run<int>(), 3);
}

// Time.

double cpu_seconds() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

TEST(TimeOfAGraph, AFanOutTakesNoMoreForANodeWhereItIsLarge) {
  auto seconds = [](int children) {
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      const double start = cpu_seconds();
      auto root = ff::workflow<half>()(1.0);
      for (int k = 0; k < children; ++k) ff::workflow<half>()(root);
      EXPECT_EQ(ff::LocalWorkflow({root}, "w").run<double>(), 0.5);
      best = std::min(best, cpu_seconds() - start);
    }
    return best;
  };
  const double small = seconds(4'000), large = seconds(64'000);
  EXPECT_LT(large, 16 * 6 * small) << "linear: 16 times, quadratic: 256 times";
}

TEST(TimeOfAGraph, JoiningManyGraphsTakesNoMoreForANodeWhereThereAreMany) {
  auto seconds = [](int count) {
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      const double start = cpu_seconds();
      auto last = ff::workflow<number>()(0);
      for (int k = 0; k < count; ++k) {
        // Graphs of one node each, joined one by one.
        last = ff::workflow("add", [](int a, int b) { return a + b; })(ff::workflow<number>()(1),
                                                                       last);
      }
      EXPECT_EQ(ff::LocalWorkflow({last}, "w").run<int>(), count);
      best = std::min(best, cpu_seconds() - start);
    }
    return best;
  };
  const double small = seconds(2'000), large = seconds(32'000);
  EXPECT_LT(large, 16 * 6 * small) << "linear: 16 times, quadratic: 256 times";
}

// The progress line.

/// Stands for the terminal that the program was started from: standard error goes there.
class Terminal {
 public:
  Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) return;
    const int slave = ::open(::ptsname(master_), O_RDWR | O_NOCTTY);
    if (slave < 0) return;
    std::fflush(stderr);
    before_ = ::dup(STDERR_FILENO);
    ::dup2(slave, STDERR_FILENO);
    ::close(slave);
  }
  ~Terminal() {
    restore();
    if (master_ >= 0) ::close(master_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] bool works() const { return before_ >= 0; }
  /// What was written so far.
  std::string take() {
    restore();
    ::fcntl(master_, F_SETFL, O_NONBLOCK);
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = ::read(master_, buffer, sizeof(buffer))) > 0;) {
      text.append(buffer, static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  void restore() {
    if (before_ < 0) return;
    std::fflush(stderr);
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    before_ = -1;
  }
  int master_, before_ = -1;
};

ff::Node<int> slow_chain() {
  auto wait = [](int x) {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    return x + 1;
  };
  ff::Node<int> last = ff::workflow("wait", wait)(0);
  for (int i = 1; i < 6; ++i) last = ff::workflow("wait", wait)(last);
  return last;
}

TEST(ProgressLine, OnATerminalSaysHowFarARunIsAndGoesAway) {
  Terminal terminal;
  if (!terminal.works()) GTEST_SKIP() << "no terminal to be had";
  ff::LocalWorkflow workflow({slow_chain()}, "slow");
  EXPECT_EQ(workflow.run<int>(), 6);
  const std::string text = terminal.take();
  EXPECT_THAT(text, testing::ContainsRegex("slow: [0-9] of 6, wait_000[0-9]"));
  EXPECT_TRUE(text.ends_with("\r\033[K")) << text;
}

TEST(ProgressLine, CanBeTurnedOff) {
  Terminal terminal;
  if (!terminal.works()) GTEST_SKIP() << "no terminal to be had";
  ff::LocalWorkflow workflow({slow_chain()}, "slow");
  workflow.set_progress(false);
  EXPECT_EQ(workflow.run<int>(), 6);
  EXPECT_EQ(terminal.take(), "");
}

TEST(ProgressLine, IsNotWrittenToAFile) {
  testing::internal::CaptureStderr();
  ff::LocalWorkflow workflow({slow_chain()}, "slow");
  EXPECT_EQ(workflow.run<int>(), 6);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
