#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "functionfuse/error.hpp"

#include "command.hpp"
#include "json.hpp"
#include "opened.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

class Cp final : public Command {
 public:
  [[nodiscard]] std::string_view name() const override { return "cp"; }
  [[nodiscard]] std::string_view summary() const override {
    return "copy results from one storage to another";
  }
  [[nodiscard]] std::string_view help() const override {
    return R"(Copy results from one storage to another.

  functionfuse cp FROM TO [WORKFLOW [TASK]] [--force] [--json]

  FROM, TO    the folders of two storages, or s3://bucket/prefix of one; a folder TO is made
              where it is not there, a bucket has to be there
  WORKFLOW    only this one
  TASK        only this one, or those that match a glob: * any text, ? a character, [a-z]
  --force     replace results that are in TO already; without it they are left as they are,
              so that a copy that was interrupted can be taken up again
  --json      for programs

Each result is read, checked and saved anew, with the objects that serializers keep beside it
and with the record of what made it. A result that can't be copied is reported and the others
are copied; the exit status is then 1.

Examples:
  functionfuse cp storage backup
  functionfuse cp storage s3://bucket/backup operations
  functionfuse cp storage backup operations 'train_*' --force
)";
  }
  void describe(Arguments& arguments) override {
    arguments.required("FROM", from_);
    arguments.required("TO", to_);
    arguments.optional("WORKFLOW", workflow_);
    arguments.optional("TASK", task_);
    arguments.flag("--force", force_);
    arguments.flag("--json", json_);
  }
  int run(Out& out) override {
    const Opened from(from_);
    const Opened to(to_, Location::Must::be_usable);
    refuse_nested(from.location().parts(), to.location().parts());
    if (workflow_.empty()) {
      for (const std::string& workflow : from.storage().list_workflows()) {
        copy(from, to, workflow, from.location().tasks(workflow), out);
      }
    } else if (task_.empty()) {
      from.need_workflow(workflow_);
      copy(from, to, workflow_, from.location().tasks(workflow_), out);
    } else {
      copy(from, to, workflow_, from.tasks(workflow_, task_), out);
    }
    if (json_) {
      out << Json::object()
                 .add("from", from.url())
                 .add("to", to.url())
                 .add("tasks", report_)
                 .add("copied", copied_)
                 .add("skipped", skipped_)
                 .add("failed", failed_)
                 .text()
          << '\n';
    } else {
      conclude(out);
    }
    return failed_ == 0 ? kOk : kWrong;
  }

 private:
  static void refuse_nested(const std::vector<std::string>& from,
                            const std::vector<std::string>& to) {
    if (from == to) throw Error(Errc::invalid_argument, "FROM and TO are the same storage");
    if (std::ranges::mismatch(from, to).in1 == from.end()) {
      throw Error(Errc::invalid_argument,
                  "TO lies within FROM, where it would be taken for a workflow: choose another");
    }
  }

  /// With the record of the result that was read, though somebody may replace it meanwhile.
  /// \param records  not older than the facts of the task
  static void copy_task(const Opened& from, const Opened& to, const std::string& workflow,
                        const ListedTask& task, const TaskIndex& records) {
    constexpr int kAttempts = 16;
    std::optional version = task.facts.version;
    const TaskIndex* index = &records;
    std::unique_ptr<TaskIndex> newer;
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
      std::optional<std::string> now;
      try {
        const Value value = from.storage().read_task(workflow, task.name);
        const Record* record = index->find(task.name).record;
        now = version_of(from, workflow, task.name);
        if (now == version) {
          to.storage().save(workflow, task.name, value, record);
          return;
        }
      } catch (const Error&) {
        // Its objects may have gone with it.
        now = version_of(from, workflow, task.name);
        if (now == version) throw;
      }
      version = std::move(now);
      newer = from.storage().index(workflow, 1);
      index = newer.get();
    }
    throw Error(Errc::io, "task \"" + task.name + "\" of workflow \"" + workflow +
                              "\" is replaced all the time: copy it again later");
  }

  static std::optional<std::string> version_of(const Opened& from, const std::string& workflow,
                                               const std::string& task) {
    auto facts = from.location().task(workflow, task);
    if (!facts) return {};
    return std::move(facts->version);
  }

  void copy(const Opened& from, const Opened& to, const std::string& workflow,
            const std::vector<ListedTask>& tasks, Out& out) {
    if (tasks.empty()) return;
    const auto records = from.storage().index(workflow, tasks.size());
    for (const ListedTask& task : tasks) {
      std::string status = "copied", problem;
      try {
        if (!force_ && to.storage().file_exists(workflow, task.name)) {
          status = "exists";
          ++skipped_;
        } else {
          copy_task(from, to, workflow, task, *records);
          ++copied_;
        }
      } catch (const Error& error) {
        status = "failed";
        problem = error.what();
        ++failed_;
      }
      if (json_) {
        Json item = Json::object();
        item.add("workflow", workflow).add("task", task.name).add("status", status);
        if (!problem.empty()) item.add("problem", problem);
        report_.add(item);
        continue;
      }
      const std::string name = printable(workflow) + "/" + printable(task.name);
      if (status == "copied") {
        out << out.in(Colour::green, "copied  ") << name << '\n';
      } else if (status == "exists") {
        out << out.in(Colour::dim, "exists  ") << name << '\n';
      } else {
        out << out.in(Colour::red, "failed  ") << name << '\n';
        out.flush();
        complain(problem);
      }
      if (out.is_terminal()) out.flush();
    }
    to.storage().sync(workflow);
  }

  void conclude(Out& out) const {
    out << counted(copied_, "task") << " copied";
    if (skipped_ != 0) {
      out << fmt::format(", {} already there (--force replaces them)", skipped_);
    }
    if (failed_ != 0) out << fmt::format(", {} failed", failed_);
    out << '\n';
  }

  std::string from_, to_, workflow_, task_;
  bool force_ = false, json_ = false;
  std::size_t copied_ = 0, skipped_ = 0, failed_ = 0;
  Json report_ = Json::array();
};

}  // namespace

std::unique_ptr<Command> make_cp() { return std::make_unique<Cp>(); }

}  // namespace functionfuse::cli
