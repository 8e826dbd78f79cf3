#include <optional>

#include "functionfuse/arrays/compute_options.hpp"
#include "functionfuse/error.hpp"

#include "chosen_array.hpp"
#include "chunked_text.hpp"
#include "command.hpp"
#include "json.hpp"
#include "opened.hpp"
#include "places.hpp"
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

  functionfuse show PATH WORKFLOW TASK [--item ITEM] [--slice SLICE] [--all]
                    [--no-statistics] [--memory-limit SIZE] [--json]

  PATH                  the folder of the storage, or s3://bucket/prefix
  --item ITEM           only a part of the result, in the words in which its parts are shown:
                        "['frames'][0]" or frames.0; of a structured array a field
  --slice SLICE         a part of an array, as in numpy: "0, ::2, -1", "..., 5", "None, :"
  --all                 cut nothing: every item of a list, every element of an array
  --no-statistics       of arrays that lie beside the pickle read only what is shown; their
                        smallest, largest and mean values take reading all of them
  --memory-limit SIZE   for the chunks of arrays: "256MB", "1GiB"; default a quarter of the memory
  --json                the value exactly, for programs: docs/cli.md says how

Nothing that the result says is run: objects of classes that are not known are shown as what
stands in the file, class(arguments) with state. The exit status is 1 where an array is damaged
or an object beside the pickle is missing.

Examples:
  functionfuse show storage operations model
  functionfuse show storage operations model --all | less
  functionfuse show storage operations frames --slice "0, ::2, -1"
  functionfuse show storage operations model --item weights
  functionfuse show storage operations model --json | jq .accuracy
)";
  }
  void describe(Arguments& arguments) override {
    arguments.required("PATH", path_);
    arguments.required("WORKFLOW", workflow_);
    arguments.required("TASK", task_);
    arguments.option("--item", item_);
    arguments.option("--slice", slice_);
    arguments.flag("--all", all_);
    arguments.flag("--no-statistics", no_statistics_);
    arguments.option("--memory-limit", memory_limit_);
    arguments.flag("--json", json_);
  }
  int run(Out& out) override {
    if (!memory_limit_.empty()) set_memory_limit(parse_size(memory_limit_));
    const Opened opened(path_);
    opened.need_task(workflow_, task_);
    const Value result = opened.storage().read_task(workflow_, task_);
    const FoundPlace place = place_in(result, item_);
    std::optional<ChosenArray> part;
    if (!slice_.empty() || !place.fields.empty()) {
      part = choose_array(opened, workflow_, place, slice_);
    }
    if (json_) return json(opened, part ? Value() : place.value, part, out);
    header(opened, out);
    bool missing = false;
    const TextOptions options{
        .all = all_,
        .statistics = !no_statistics_,
        .path = place.path,
        .describe =
            [&](const PersistentId& id) {
              const auto bytes = opened.location().object_bytes(workflow_, id);
              if (bytes) return size_text(*bytes);
              missing = true;
              return out.in(Colour::red, "missing");
            },
        .open = [&](const PersistentId& id) { return opened.location().array(workflow_, id); }};
    const bool is_part = part || !item_.empty();
    if (is_part) out << printable(part ? part->name : place.path) << ": ";
    const bool readable =
        part ? write_text(out, part->array, options) : write_text(out, place.value, options);
    if (part && !part->note.empty()) out << "  " << part->note << '\n';
    return readable && !missing ? kOk : kWrong;
  }

 private:
  int json(const Opened& opened, const Value& value, const std::optional<ChosenArray>& part,
           Out& out) const {
    bool readable = true;
    auto more = [&](const PersistentId& id) -> std::string {
      if (!Opened::is_array(id)) return "";
      std::string text;
      try {
        const KeptArray kept = opened.location().array(workflow_, id);
        text = ", \"array\": " + kept_array_json(kept, "");
        Facts facts(kept.array.dtype());
        if (no_statistics_ || !facts.any()) return text;
        gather(facts, kept.array, "reading " + printable(kept.place));
        return ", \"array\": " + kept_array_json(kept, facts.json());
      } catch (const Error& error) {
        readable = false;
        return text + ", \"problem\": " + json_string(error_text(error.what()));
      }
    };
    if (part && part->array.nbytes() > memory_limit()) {
      throw Error(Errc::invalid_argument,
                  printable(part->name) + " takes " + size_text(part->array.nbytes()) +
                      " of memory, more than the limit of " + size_text(memory_limit()) +
                      ": choose less of it, raise --memory-limit, or use functionfuse export");
    }
    write_json(out, part ? Value(part->array.compute()) : value, more);
    out << '\n';
    return readable ? kOk : kWrong;
  }

  void header(const Opened& opened, Out& out) const {
    out << out.in(Colour::bold, printable(task_)) << "  ";
    std::string facts;
    if (const auto file = opened.location().task(workflow_, task_)) {
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

  std::string path_, workflow_, task_, item_, slice_, memory_limit_;
  bool all_ = false, no_statistics_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_show() { return std::make_unique<Show>(); }

}  // namespace functionfuse::cli
