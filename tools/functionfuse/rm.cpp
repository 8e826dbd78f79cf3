#include <algorithm>
#include <iostream>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "functionfuse/error.hpp"

#include "command.hpp"
#include "json.hpp"
#include "opened.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

class Rm final : public Command {
 public:
  [[nodiscard]] std::string_view name() const override { return "rm"; }
  [[nodiscard]] std::string_view summary() const override {
    return "remove tasks, or a whole workflow";
  }
  [[nodiscard]] std::string_view help() const override {
    return R"(Remove tasks, or a whole workflow, with what serializers keep for them.

  functionfuse rm PATH WORKFLOW [TASK...] [--dry-run] [--yes] [--json]

  PATH            the folder of the storage, or s3://bucket/prefix
  TASK            a task's name, or a glob: * any text, ? a character, [a-z] one of these;
                  without one, the whole workflow goes
  -n, --dry-run   only say what would be removed
  -y, --yes       remove a whole workflow without asking
  --json          for programs; does not ask, so a whole workflow needs --yes

Where one of several names is not there, nothing is removed.

Examples:
  functionfuse rm storage operations model
  functionfuse rm storage operations 'train_*' --dry-run
  functionfuse rm storage operations --yes
)";
  }
  void describe(Arguments& arguments) override {
    arguments.required("PATH", path_);
    arguments.required("WORKFLOW", workflow_);
    arguments.optional("TASK", patterns_);
    arguments.flag("-n,--dry-run", dry_run_);
    arguments.flag("-y,--yes", yes_);
    arguments.flag("--json", json_);
  }
  int run(Out& out) override {
    const Opened opened(path_);
    opened.need_workflow(workflow_);
    return patterns_.empty() ? remove_workflow(opened, out) : remove_tasks(opened, out);
  }

 private:
  int remove_tasks(const Opened& opened, Out& out) {
    std::set<std::string> names;
    for (const std::string& pattern : patterns_) {
      for (const ListedTask& task : opened.tasks(workflow_, pattern)) names.insert(task.name);
    }
    Json list = Json::array();
    std::size_t count = 0;
    for (const std::string& name : names) {
      if (!dry_run_ && opened.storage().remove_task(workflow_, name) == 0) continue;  // gone since
      ++count;
      if (json_) {
        list.add(name);
      } else {
        out << (dry_run_ ? "would remove  " : "removed  ") << printable(workflow_) << "/"
            << printable(name) << '\n';
      }
    }
    if (json_) {
      out << report(opened).add("tasks", list).text() << '\n';
    } else if (count != 1) {
      out << counted(count, "task") << (dry_run_ ? " would be removed\n" : " removed\n");
    }
    return kOk;
  }

  int remove_workflow(const Opened& opened, Out& out) {
    if (!opened.location().looks_like_workflow(workflow_)) {
      throw Error(Errc::io, "\"" + printable(opened.url(workflow_, "")) +
                                "\" holds folders or files that no workflow has: remove it by "
                                "hand if that is meant");
    }
    const auto tasks = opened.storage().list_tasks(workflow_);
    const WorkflowFacts facts = opened.location().workflow(workflow_);
    const std::string what = "workflow " + printable(workflow_) + " (" +
                             counted(tasks.size(), "task") + ", " + size_text(facts.bytes) + ")";
    if (!dry_run_ && !yes_ && !agreed(what, opened)) {
      complain("nothing was removed");
      return kWrong;
    }
    if (!dry_run_) opened.storage().remove_workflow(workflow_);
    if (json_) {
      Json list = Json::array();
      for (const std::string& task : tasks) list.add(task);
      out << report(opened).add("tasks", list).add("bytes", facts.bytes).text() << '\n';
    } else {
      out << (dry_run_ ? "would remove " : "removed ") << what << '\n';
    }
    return kOk;
  }

  bool agreed(const std::string& what, const Opened& opened) const {
    if (json_ || ::isatty(STDIN_FILENO) != 1) {
      throw Error(Errc::invalid_argument,
                  "to remove the whole " + what + ", say --yes; for one task: functionfuse rm " +
                      shell_word(opened.given()) + " " + shell_word(workflow_) + " TASK");
    }
    std::cerr << "Remove the whole " << what << " from " << printable(opened.url()) << "? [y/N] "
              << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
  }

  [[nodiscard]] Json report(const Opened& opened) const {
    Json json = Json::object();
    json.add("url", opened.url())
        .add("workflow", workflow_)
        .add("whole_workflow", patterns_.empty())
        .add("dry_run", dry_run_);
    return json;
  }

  std::string path_, workflow_;
  std::vector<std::string> patterns_;
  bool dry_run_ = false, yes_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_rm() { return std::make_unique<Rm>(); }

}  // namespace functionfuse::cli
