#include <filesystem>

#include <fmt/format.h>

#include "functionfuse/error.hpp"

#include "command.hpp"
#include "json.hpp"
#include "opened.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

namespace fs = std::filesystem;

class Cp final : public Command {
 public:
  [[nodiscard]] std::string_view name() const override { return "cp"; }
  [[nodiscard]] std::string_view summary() const override {
    return "copy results from one storage to another";
  }
  [[nodiscard]] std::string_view help() const override {
    return R"(Copy results from one storage to another.

  functionfuse cp FROM TO [WORKFLOW [TASK]] [--force] [--json]

  FROM, TO    the folders of two storages; TO is made where it is not there
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
  functionfuse cp storage backup operations
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
    const Opened to(to_, Opened::Must::be_usable);
    refuse_nested(from.folder(), to.folder());
    std::vector<std::pair<std::string, std::vector<std::string>>> work;
    if (workflow_.empty()) {
      for (std::string& name : from.storage().list_workflows()) {
        auto tasks = from.storage().list_tasks(name);
        work.emplace_back(std::move(name), std::move(tasks));
      }
    } else if (task_.empty()) {
      from.need_workflow(workflow_);
      work.emplace_back(workflow_, from.storage().list_tasks(workflow_));
    } else {
      work.emplace_back(workflow_, from.tasks(workflow_, task_));
    }
    for (const auto& [workflow, tasks] : work) {
      copy(from, to, workflow, tasks, out);
      if (!tasks.empty()) to.storage().sync(workflow);
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
  static void refuse_nested(const fs::path& from, const fs::path& to) {
    const fs::path a = fs::weakly_canonical(from) / "", b = fs::weakly_canonical(to) / "";
    if (a == b) {
      throw Error(Errc::invalid_argument, "FROM and TO are the same storage");
    }
    const auto [rest_a, rest_b] = std::mismatch(a.begin(), --a.end(), b.begin(), --b.end());
    if (rest_a == --a.end()) {
      throw Error(Errc::invalid_argument,
                  "TO lies within FROM, where it would be taken for a workflow: choose another");
    }
  }

  /// With the record of the result that was read, though somebody may replace it meanwhile.
  static void copy_task(const Opened& from, const Opened& to, const std::string& workflow,
                        const std::string& task, const TaskIndex& records) {
    constexpr int kAttempts = 16;
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
      const auto version = from.task_version(workflow, task);
      try {
        const Value value = from.storage().read_task(workflow, task);
        const Record* record = records.find(task).record;
        if (from.task_version(workflow, task) != version) continue;
        to.storage().save(workflow, task, value, record);
        return;
      } catch (const Error&) {
        // Its objects may have gone with it.
        if (from.task_version(workflow, task) == version) throw;
      }
    }
    throw Error(Errc::io, "task \"" + task + "\" of workflow \"" + workflow +
                              "\" is replaced all the time: copy it again later");
  }

  void copy(const Opened& from, const Opened& to, const std::string& workflow,
            const std::vector<std::string>& tasks, Out& out) {
    const auto records = from.storage().index(workflow, tasks.size());
    for (const std::string& task : tasks) {
      std::string status = "copied", problem;
      try {
        if (!force_ && to.storage().file_exists(workflow, task)) {
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
        item.add("workflow", workflow).add("task", task).add("status", status);
        if (!problem.empty()) item.add("problem", problem);
        report_.add(item);
        continue;
      }
      const std::string name = printable(workflow) + "/" + printable(task);
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
