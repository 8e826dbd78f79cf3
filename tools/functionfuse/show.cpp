
#include "functionfuse/error.hpp"

#include "command.hpp"
#include "opened.hpp"
#include "value_json.hpp"
#include "value_text.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

class Show final : public Command {
 public:
  [[nodiscard]] std::string_view name() const override { return "show"; }
  [[nodiscard]] std::string_view summary() const override { return "print the result of a task"; }
  [[nodiscard]] std::string_view help() const override {
    return R"(Print the result of a task.

  functionfuse show PATH WORKFLOW TASK [--all] [--json]

  PATH        the folder of the storage
  --all       cut nothing: every item of a list, every element of an array
  --json      the value exactly, for programs: docs/cli.md says how

Nothing that the result says is run: objects of classes that are not known are shown as what
stands in the file, class(arguments) with state.

Examples:
  functionfuse show storage operations model
  functionfuse show storage operations model --all | less
  functionfuse show storage operations model --json | jq .accuracy
)";
  }
  void describe(Arguments& arguments) override {
    arguments.required("PATH", path_);
    arguments.required("WORKFLOW", workflow_);
    arguments.required("TASK", task_);
    arguments.flag("--all", all_);
    arguments.flag("--json", json_);
  }
  int run(Out& out) override {
    const Opened opened(path_);
    opened.need_task(workflow_, task_);
    const Value value = opened.storage().read_task(workflow_, task_);
    if (json_) {
      write_json(out, value);
      out << '\n';
      return kOk;
    }
    header(opened, out);
    write_text(
        out, value, [&](const PersistentId& id) { return describe(opened, id, out); }, all_);
    return kOk;
  }

 private:
  void header(const Opened& opened, Out& out) const {
    out << out.in(Colour::bold, printable(task_)) << "  ";
    std::string facts;
    if (const auto file = opened.task_facts(workflow_, task_)) {
      facts = size_text(file->bytes) + "  " + time_text(file->changed) + "  ";
    }
    out << out.in(Colour::dim, facts + printable(opened.url(workflow_, task_))) << "\n";
    const auto index = opened.storage().index(workflow_, 1);
    if (const Record* record = index->find(task_).record; record != nullptr) {
      std::string made = "made by " + printable(record->function);
      if (!record->version.empty()) made += ", version " + printable(record->version);
      out << out.in(Colour::dim, made) << "\n";
    }
    out << "\n";
  }

  std::string describe(const Opened& opened, const PersistentId& id, const Out& out) const {
    if (const auto bytes = opened.object_bytes(workflow_, id)) return size_text(*bytes);
    return out.in(Colour::red, "missing");
  }

  std::string path_, workflow_, task_;
  bool all_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_show() { return std::make_unique<Show>(); }

}  // namespace functionfuse::cli
