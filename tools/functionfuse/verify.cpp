#include <set>

#include <fmt/format.h>

#include "functionfuse/arrays/compute_options.hpp"

#include "command.hpp"
#include "json.hpp"
#include "opened.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

class Verify final : public Command {
 public:
  [[nodiscard]] std::string_view name() const override { return "verify"; }
  [[nodiscard]] std::string_view summary() const override {
    return "read everything and say what is damaged or missing";
  }
  [[nodiscard]] std::string_view help() const override {
    return R"(Read everything and say what is damaged or missing: digests, pickles, objects that
serializers keep beside them. Changes nothing. The exit status is 1 where something is wrong.

  functionfuse verify PATH [WORKFLOW] [--memory-limit SIZE] [--json]

  PATH                  the folder of the storage, or s3://bucket/prefix
  WORKFLOW              only this one
  --memory-limit SIZE   for the chunks of arrays; "256MB", "1GiB", default a quarter of the memory
  --json                for programs

Arrays are read chunk by chunk, and a damaged chunk is named. Those that h5py or
zarr-python wrote have no checksums: they are read, and reported as not checked.

A damaged task is no loss that lasts: a workflow that is run again computes it anew.

Examples:
  functionfuse verify storage
  functionfuse verify storage operations
  functionfuse verify storage --json | jq -r '.problems[].path'
)";
  }
  void describe(Arguments& arguments) override {
    arguments.required("PATH", path_);
    arguments.optional("WORKFLOW", workflow_);
    arguments.option("--memory-limit", memory_limit_);
    arguments.flag("--json", json_);
  }
  int run(Out& out) override {
    if (!memory_limit_.empty()) set_memory_limit(parse_size(memory_limit_));
    const Opened opened(path_);
    std::optional<std::string_view> workflow;
    if (!workflow_.empty()) {
      opened.need_workflow(workflow_);
      workflow = workflow_;
    }
    std::size_t checked = 0;
    const auto problems = opened.storage().verify(workflow, &checked);
    const VerifiedArrays& arrays = opened.verified_arrays();
    if (json_) {
      Json unchecked = Json::array();
      for (const auto& [path, writer] : arrays.without_checksums) unchecked.add(path);
      Json list = Json::array();
      for (const Problem& problem : problems) {
        list.add(Json::object()
                     .add("workflow", problem.workflow)
                     .add("task", problem.task)
                     .add("path", problem.path)
                     .add("what", problem.what));
      }
      out << Json::object()
                 .add("url", opened.url())
                 .add("ok", problems.empty())
                 .add("checked", checked)
                 .add("problems", list)
                 .add("arrays_checked", arrays.checked.size())
                 .add("arrays_without_checksums", unchecked)
                 .text()
          << '\n';
    } else {
      for (const Problem& problem : problems) {
        std::string name = printable(problem.workflow);
        if (!problem.task.empty()) name += "/" + printable(problem.task);
        out << out.in(Colour::red, name) << ": " << printable(problem.what) << '\n';
        if (!problem.path.empty()) out << "    " << printable(problem.path) << '\n';
      }
      out << counted(checked, "task") << " checked, "
          << (problems.empty() ? "all is well" : counted(problems.size(), "problem")) << '\n';
      if (!arrays.checked.empty()) {
        out << counted(arrays.checked.size(), "array") << ": every chunk has its checksum\n";
      }
      if (!arrays.without_checksums.empty()) {
        out << counted(arrays.without_checksums.size(), "array")
            << " without checksums, as " << writers(arrays) << " writes them: read, not checked\n";
      }
    }
    return problems.empty() ? kOk : kWrong;
  }

 private:
  static std::string writers(const VerifiedArrays& arrays) {
    std::set<std::string> names;
    for (const auto& [path, writer] : arrays.without_checksums) names.insert(writer);
    return fmt::format("{}", fmt::join(names, " and "));
  }

  std::string path_, workflow_, memory_limit_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_verify() { return std::make_unique<Verify>(); }

}  // namespace functionfuse::cli
