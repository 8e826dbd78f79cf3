#include <fmt/format.h>

#include "command.hpp"
#include "json.hpp"
#include "opened.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

class Gc final : public Command {
 public:
  [[nodiscard]] std::string_view name() const override { return "gc"; }
  [[nodiscard]] std::string_view summary() const override {
    return "remove what killed or failed runs left behind";
  }
  [[nodiscard]] std::string_view help() const override {
    return R"(Remove what killed or failed runs left behind: temporary files, objects in bigdata that no
task refers to. Results are never touched.

  functionfuse gc PATH [WORKFLOW] [--dry-run] [--grace TIME] [--json]

  PATH            the folder of the storage, or s3://bucket/prefix
  WORKFLOW        only this one
  -n, --dry-run   only say what would be removed
  --grace TIME    leave what is younger, as it may belong to a run that is under way: seconds,
                  or a number and s, m, h or d; default 1h
  --json          for programs

Examples:
  functionfuse gc storage --dry-run
  functionfuse gc storage operations
  functionfuse gc storage --grace 0        when surely nothing is running

A bucket can't say whether a save is under way: there the time has to be longer than the longest.
)";
  }
  void describe(Arguments& arguments) override {
    arguments.required("PATH", path_);
    arguments.optional("WORKFLOW", workflow_);
    arguments.flag("-n,--dry-run", dry_run_);
    arguments.option("--grace", grace_);
    arguments.flag("--json", json_);
  }
  int run(Out& out) override {
    const double grace = parse_duration(grace_);
    const Opened opened(path_);
    std::optional<std::string_view> workflow;
    if (!workflow_.empty()) {
      opened.need_workflow(workflow_);
      workflow = workflow_;
    }
    const auto found = opened.storage().gc(workflow, dry_run_, grace);
    std::uint64_t bytes = 0;
    std::size_t removed = 0;
    Json list = Json::array();
    Table table;
    for (const Leftover& leftover : found) {
      if (!leftover.kept) {
        bytes += leftover.bytes;
        ++removed;
      }
      if (json_) {
        list.add(Json::object()
                     .add("path", leftover.path)
                     .add("bytes", leftover.bytes)
                     .add("why", leftover.why)
                     .add("kept", leftover.kept));
      } else {
        table.add({{leftover.kept ? "kept"
                    : dry_run_    ? "would remove"
                                  : "removed",
                    false},
                   {size_text(leftover.bytes), true},
                   {printable(leftover.path), false, true, Colour::cyan},
                   {leftover.why, false, true}});
      }
    }
    if (json_) {
      out << Json::object()
                 .add("url", opened.url())
                 .add("dry_run", dry_run_)
                 .add("grace_seconds", grace)
                 .add("leftovers", list)
                 .add("bytes", bytes)
                 .text()
          << '\n';
      return kOk;
    }
    table.print(out);
    if (removed == 0) {
      out << "nothing to remove\n";
    } else {
      out << counted(removed, "file") << ", " << size_text(bytes)
          << (dry_run_ ? " would be removed\n" : " removed\n");
    }
    return kOk;
  }

 private:
  std::string path_, workflow_, grace_ = "1h";
  bool dry_run_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_gc() { return std::make_unique<Gc>(); }

}  // namespace functionfuse::cli
