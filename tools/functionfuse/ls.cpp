#include "command.hpp"
#include "in_flight.hpp"
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

  PATH              the folder of the storage, or s3://bucket/prefix
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
      check_name(workflow_, "workflow");
      tasks(opened, out);
    }
    return kOk;
  }

 private:
  void workflows(const Opened& opened, Out& out) const {
    auto names = opened.storage().list_workflows();
    const bool any = !names.empty();
    std::erase_if(names, [&](const std::string& name) { return !matches(pattern_, name); });
    Table table;
    table.add({{"WORKFLOW", false, true},
               {"TASKS", true, true},
               {"SIZE", true, true},
               {"CHANGED", false, true}});
    Json list = Json::array();
    for (const std::string& name : names) {
      const WorkflowFacts facts = opened.location().workflow(name);
      if (json_) {
        list.add(Json::object()
                     .add("name", name)
                     .add("tasks", facts.tasks)
                     .add("bytes", facts.bytes)
                     .add("changed", utc_text(facts.changed)));
      } else {
        table.add({{printable(name), false, true, Colour::cyan},
                   {std::to_string(facts.tasks), true},
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
    auto listed = opened.location().tasks(workflow_);
    if (listed.empty()) opened.need_workflow(workflow_);
    std::erase_if(listed, [&](const ListedTask& task) { return !matches(pattern_, task.name); });
    Table table;
    table.add({{"TASK", false, true},
               {"SIZE", true, true},
               {"CHANGED", false, true},
               {"RESULT", false, true}});
    Json list = Json::array();
    const auto look = [&](std::size_t i) { return summarize(opened, workflow_, listed[i]); };
    in_flight(listed.size(), opened.location().concurrency(), look,
              [&](std::size_t i, const Summary& summary) {
                if (json_) {
                  list.add(task_json(listed[i], summary));
                } else {
                  table.add(task_row(listed[i], summary));
                }
              });
    if (json_) {
      out << Json::object()
                 .add("url", opened.url())
                 .add("workflow", workflow_)
                 .add("tasks", list)
                 .text()
          << '\n';
    } else if (listed.empty()) {
      out << "no task " << (pattern_ == "*" ? "" : "matches \"" + printable(pattern_) + "\" ")
          << "in " << printable(opened.url(workflow_, "")) << '\n';
    } else {
      table.print(out);
    }
  }

  static Json task_json(const ListedTask& listed, const Summary& summary) {
    Json task = Json::object();
    task.add("name", listed.name)
        .add("bytes", listed.facts.bytes)
        .add("changed", utc_text(listed.facts.changed));
    if (summary.problem.empty()) {
      task.add("type", summary.type).add("kind", summary.kind);
    } else {
      task.add("problem", summary.problem);
    }
    return task;
  }

  static std::vector<Table::Cell> task_row(const ListedTask& listed, const Summary& summary) {
    return {{printable(listed.name), false, true, Colour::cyan},
            {size_text(listed.facts.bytes), true},
            {age_text(listed.facts.changed), false},
            summary.problem.empty()
                ? Table::Cell{summary.kind, false}
                : Table::Cell{printable(summary.problem), false, true, Colour::red}};
  }

  std::string path_, workflow_, pattern_ = "*";
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_ls() { return std::make_unique<Ls>(); }

}  // namespace functionfuse::cli
