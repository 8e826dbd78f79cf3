#include <gmock/gmock.h>

#include <filesystem>

#include "crash/scenarios.hpp"
#include "crash/tracer.hpp"
#include "io/temp_folder.hpp"
#include "storage/stored_ids.hpp"

// A program that saves or removes is killed before and after each of its system calls in turn, and
// has each of them fail. After each the storage must hold the old result or the new one.

namespace functionfuse::test {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::Eq;
using testing::IsEmpty;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

struct Case {
  const Scenario* scenario;
  bool without_tmpfile;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Scenario& scenario : scenarios()) {
    all.push_back({&scenario, false});
    all.push_back({&scenario, true});
  }
  return all;
}

class CrashTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a sanitizer's runtime does not bear being traced";
    fresh();
    old_ = look(storage());
    const Outcome whole = run({});
    if (!whole.trouble.empty()) GTEST_SKIP() << whole.trouble;
    ASSERT_EQ(whole.exit_code, 0);
    ASSERT_GT(whole.calls, 3);
    calls_ = whole.calls;
    new_ = look(storage());
  }

  [[nodiscard]] std::string storage() const { return folder_ / "storage"; }

  void fresh() {
    fs::remove_all(storage());
    GetParam().scenario->before(*open_storage(storage()));
  }

  Outcome run(Plan plan) {
    plan.without_tmpfile = GetParam().without_tmpfile;
    return Tracer(plan).run(
        {FUNCTIONFUSE_TEST_PROGRAMS "/saver", storage(), GetParam().scenario->name});
  }

  /// Nothing broken; gc finds every leftover; another save works.
  void check_sound() {
    const auto s = open_storage(storage());
    for (const Problem& problem : s->verify({})) ADD_FAILURE() << problem.path << ": " << problem.what;
    const std::string before = look(storage());
    s->gc({}, false, 0);
    EXPECT_EQ(look(storage()), before) << "gc changed what is there";
    EXPECT_THAT(s->gc({}, true, 0), IsEmpty());
    check_nothing_else_is_there(*s);
    save(*s, "x", 77, "next");
    EXPECT_EQ(look(storage()), "77 of next");
    save(*s, "y", bytes_of('y'), "next");
    EXPECT_TRUE(s->read_task<Bytes>("w", "y") == bytes_of('y'));
  }

  void check_nothing_else_is_there(Storage& s) {
    std::set<std::string> expected;
    for (const std::string& workflow : s.list_workflows()) {
      expected.insert({workflow, workflow + "/bigdata", workflow + "/.functionfuse",
                       workflow + "/.functionfuse/records"});
      for (const std::string& task : s.list_tasks(workflow)) {
        expected.insert(workflow + "/" + task);
        const auto ids = detail::stored_ids(storage() + "/" + workflow + "/" + task).ids;
        for (const PersistentId& id : ids) expected.insert(workflow + "/bigdata/" + id.filename);
      }
    }
    for (const std::string& name : all_below(storage())) EXPECT_TRUE(expected.contains(name)) << name;
  }

  TempFolder folder_{fs::is_directory("/dev/shm") ? "/dev/shm" : "/tmp"};
  int calls_ = 0;
  std::string old_, new_;
};

TEST_P(CrashTest, KilledAtAnyCallItHoldsTheOldResultOrTheNew) {
  for (const auto what : {Plan::What::kill_before, Plan::What::kill_after}) {
    bool was_new = false;
    for (int call = 0; call < calls_; ++call) {
      fresh();
      const Outcome outcome = run({.what = what, .call = call});
      SCOPED_TRACE((what == Plan::What::kill_before ? "before " : "after ") + outcome.call + ", call " +
                   std::to_string(call) + " of " + std::to_string(calls_));
      ASSERT_TRUE(outcome.killed);
      const std::string now = look(storage());
      EXPECT_THAT(now, AnyOf(Eq(old_), Eq(new_)));
      if (was_new) {
        EXPECT_EQ(now, new_) << "and then the old one again";
      }
      was_new = now == new_ && now != old_;
      check_sound();
      if (HasFailure()) return;
    }
  }
}

TEST_P(CrashTest, WhereACallFailsItSaysSoAndNothingHasChanged) {
  for (const int error : {EIO, ENOSPC}) {
    for (int call = 0; call < calls_; ++call) {
      fresh();
      const Outcome outcome = run({.what = Plan::What::fail, .call = call, .error = error});
      SCOPED_TRACE(std::string(error == EIO ? "EIO" : "ENOSPC") + " from " + outcome.call + ", call " +
                   std::to_string(call) + " of " + std::to_string(calls_));
      ASSERT_TRUE(outcome.exit_code) << "ended by a signal";
      const std::string now = look(storage());
      if (outcome.exit_code == 0) {
        EXPECT_EQ(now, new_);
      } else {
        EXPECT_EQ(outcome.exit_code, 3) << "not an ff::Error";
        if (GetParam().scenario->error_after_commit) {
          EXPECT_THAT(now, AnyOf(Eq(old_), Eq(new_)));
        } else {
          EXPECT_EQ(now, old_);
          EXPECT_THAT(open_storage(storage())->gc({}, true, 0), IsEmpty()) << "not cleaned up";
        }
      }
      check_sound();
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, CrashTest, testing::ValuesIn(cases()), [](const auto& test) {
  return test.param.scenario->name + (test.param.without_tmpfile ? "_named" : "");
});

}  // namespace
}  // namespace functionfuse::test
