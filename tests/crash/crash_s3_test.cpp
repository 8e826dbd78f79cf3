#include <cstdlib>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash/relay.hpp"
#include "crash/scenarios.hpp"
#include "storage/real_s3_store.hpp"
#include "storage/s3_bigdata.hpp"

// A program that saves to S3 or removes from it is killed at each of its requests in turn. After
// each the storage must hold the old result or the new one.

namespace functionfuse::test {
namespace {

using testing::AnyOf;
using testing::Eq;
using testing::IsEmpty;

class CrashS3Test : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    store_ = RealS3Store::make();
    if (!store_) GTEST_SKIP() << "radosgw is not installed";
    const S3Options& options = store_->options();
    ::setenv("AWS_ENDPOINT_URL_S3", options.endpoint_url.c_str(), 1);
    ::setenv("AWS_ACCESS_KEY_ID", options.key.c_str(), 1);
    ::setenv("AWS_SECRET_ACCESS_KEY", options.secret.c_str(), 1);
    storage_ = "s3:" + options.path;
    root_ = options.path.substr(options.path.find('/', 1) + 1) + "/";
    for (const Scenario& scenario : scenarios()) {
      if (scenario.name == GetParam()) scenario_ = &scenario;
    }
    ASSERT_NE(scenario_, nullptr);
    fresh();
    old_ = look(storage_);
    const std::size_t requests = run(Relay::Kill::never, 0).requests;
    ASSERT_GT(requests, 1u);
    new_ = look(storage_);
  }

  void fresh() {
    std::vector<std::string> keys = store_->keys(root_);
    for (std::string& key : keys) key.insert(0, root_);
    store_->client().remove(keys);
    scenario_->before(*open_storage(storage_));
  }

  struct Outcome {
    bool killed = false;
    std::size_t requests = 0;
    std::string request;
  };
  Outcome run(Relay::Kill kill, std::size_t at) {
    Relay relay(store_->options().endpoint_url, kill, at);
    const std::string endpoint = "AWS_ENDPOINT_URL_S3=" + relay.endpoint();
    std::vector<char*> environment{const_cast<char*>(endpoint.c_str())};
    for (char** variable = environ; *variable != nullptr; ++variable) {
      if (!std::string_view(*variable).starts_with("AWS_ENDPOINT_URL_S3=")) {
        environment.push_back(*variable);
      }
    }
    environment.push_back(nullptr);
    const std::string program = FUNCTIONFUSE_TEST_PROGRAMS "/saver";
    const std::string name = scenario_->name;
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::execle(program.c_str(), program.c_str(), storage_.c_str(), name.c_str(), nullptr,
               environment.data());
      ::_exit(127);
    }
    relay.set_program(pid);
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    EXPECT_TRUE(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) << status;
    return {killed, relay.count(), relay.request()};
  }

  /// Nothing broken; gc finds every leftover; another save works.
  void check_sound() {
    const auto storage = open_storage(storage_);
    for (const Problem& problem : storage->verify({})) {
      ADD_FAILURE() << problem.path << ": " << problem.what;
    }
    const std::string before = look(storage_);
    storage->gc({}, false, 0);
    EXPECT_EQ(look(storage_), before) << "gc changed what is there";
    EXPECT_THAT(storage->gc({}, true, 0), IsEmpty());
    check_nothing_else_is_there(*storage);
    save(*storage, "x", 77, "next");
    EXPECT_EQ(look(storage_), "77 of next");
  }

  void check_nothing_else_is_there(Storage& storage) {
    std::set<std::string> objects;
    for (const std::string& task : storage.list_tasks("w")) {
      const Value value = storage.read_task("w", task);
      if (value.kind() == Kind::persistent) objects.insert(value.persistent_id()->filename);
    }
    for (const std::string& name : store_->bigdata("w")) {
      if (name == "dask_arrays/.zgroup") continue;
      EXPECT_TRUE(objects.contains(std::string(detail::object_of(name)))) << name;
    }
  }

  std::unique_ptr<RealS3Store> store_;
  const Scenario* scenario_ = nullptr;
  std::string storage_, root_, old_, new_;
};

TEST_P(CrashS3Test, KilledAtAnyRequestItHoldsTheOldResultOrTheNew) {
  for (const auto kill : {Relay::Kill::before, Relay::Kill::after}) {
    std::size_t at = 0;
    for (;; ++at) {
      fresh();
      const Outcome outcome = run(kill, at);
      SCOPED_TRACE((kill == Relay::Kill::before ? "before " : "after ") + outcome.request +
                   ", request " + std::to_string(at));
      if (!outcome.killed) break;
      EXPECT_THAT(look(storage_), AnyOf(Eq(old_), Eq(new_)));
      check_sound();
      if (HasFailure()) return;
    }
    EXPECT_GT(at, 1u);
  }
}

INSTANTIATE_TEST_SUITE_P(All, CrashS3Test,
                         testing::Values("first", "replace_bytes", "replace_20_chunks", "remove",
                                         "remove_workflow"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace functionfuse::test
