#include <fmt/format.h>
#include <fnmatch.h>

#include "command.hpp"
#include "json.hpp"
#include "opened.hpp"
#include "summary.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

class Ls final : public Command {
 public:
  [[nodiscard]] std::string_view name() const override { return "ls"; }
  [[nodiscard]] std::string_view summary() const override {
    return "list the workflows of a storage, or the tasks of a workflow";
  }
  [[nodiscard]] std::string_view help() const override {
    return R"(List the workflows of a storage, or the tasks of a workflow.

  functionfuse ls PATH [WORKFLOW] [--pattern GLOB] [--json]

  PATH              the folder of the storage
  WORKFLOW          list its tasks: size, last change and what the result is
  --pattern GLOB    only names that match: * any text, ? a character, [a-z] one of these
  --json            for programs

Large tasks are not read whole, so that a list does not find all damage: functionfuse verify
does.

Examples:
  functionfuse ls storage
  functionfuse ls storage operations
  functionfuse ls storage operations --pattern 'train_*'
  functionfuse ls storage operations --json | jq -r '.tasks[].name'
)";
  }
  void describe(Arguments& arguments) override {
    arguments.required("PATH", path_);
    arguments.optional("WORKFLOW", workflow_);
    arguments.option("--pattern", pattern_);
    arguments.flag("--json", json_);
  }
  int run(Out& out) override {
    const Opened opened(path_);
    if (workflow_.empty()) {
      workflows(opened, out);
    } else {
      opened.need_workflow(workflow_);
      tasks(opened, out);
    }
    return kOk;
  }

 private:
  void workflows(const Opened& opened, Out& out) const {
    auto names = opened.storage().list_workflows();
    const bool any = !names.empty();
    std::erase_if(names, [&](const std::string& name) {
      return ::fnmatch(pattern_.c_str(), name.c_str(), FNM_NOESCAPE) != 0;
    });
    Table table;
    table.add({{"WORKFLOW", false, true},
               {"TASKS", true, true},
               {"SIZE", true, true},
               {"CHANGED", false, true}});
    Json list = Json::array();
    for (const std::string& name : names) {
      const std::size_t count = opened.storage().list_tasks(name).size();
      const FileFacts facts = opened.workflow_facts(name);
      if (json_) {
        list.add(Json::object()
                     .add("name", name)
                     .add("tasks", count)
                     .add("bytes", facts.bytes)
                     .add("changed", utc_text(facts.changed)));
      } else {
        table.add({{printable(name), false, true, Colour::cyan},
                   {std::to_string(count), true},
                   {size_text(facts.bytes), true},
                   {age_text(facts.changed), false}});
      }
    }
    if (json_) {
      out << Json::object().add("url", opened.url()).add("workflows", list).text() << '\n';
    } else if (names.empty()) {
      out << "no workflow " << (any ? "matches \"" + printable(pattern_) + "\" " : "") << "in "
          << printable(opened.url()) << '\n';
    } else {
      table.print(out);
    }
  }

  void tasks(const Opened& opened, Out& out) const {
    const auto names = opened.storage().list_tasks(workflow_, pattern_);
    Table table;
    table.add({{"TASK", false, true},
               {"SIZE", true, true},
               {"CHANGED", false, true},
               {"RESULT", false, true}});
    Json list = Json::array();
    std::size_t listed = 0;
    for (const std::string& name : names) {
      const auto facts = opened.task_facts(workflow_, name);
      if (!facts) continue;  // removed since
      ++listed;
      const Summary summary = summarize(opened, workflow_, name, *facts);
      if (json_) {
        Json task = Json::object();
        task.add("name", name).add("bytes", facts->bytes).add("changed", utc_text(facts->changed));
        if (summary.problem.empty()) {
          task.add("type", summary.type).add("kind", summary.kind);
        } else {
          task.add("problem", summary.problem);
        }
        list.add(task);
      } else {
        table.add({{printable(name), false, true, Colour::cyan},
                   {size_text(facts->bytes), true},
                   {age_text(facts->changed), false},
                   summary.problem.empty()
                       ? Table::Cell{summary.kind, false}
                       : Table::Cell{printable(summary.problem), false, true, Colour::red}});
      }
    }
    if (json_) {
      out << Json::object()
                 .add("url", opened.url())
                 .add("workflow", workflow_)
                 .add("tasks", list)
                 .text()
          << '\n';
    } else if (listed == 0) {
      out << "no task " << (pattern_ == "*" ? "" : "matches \"" + printable(pattern_) + "\" ")
          << "in " << printable(opened.url(workflow_, "")) << '\n';
    } else {
      table.print(out);
    }
  }

  std::string path_, workflow_, pattern_ = "*";
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_ls() { return std::make_unique<Ls>(); }

}  // namespace functionfuse::cli
