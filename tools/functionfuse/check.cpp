#include <algorithm>

#include "access.hpp"
#include "command.hpp"
#include "json.hpp"
#include "location.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

class Check final : public Command {
 public:
  [[nodiscard]] std::string_view name() const override { return "check"; }
  [[nodiscard]] std::string_view summary() const override {
    return "say whether one gets in where a storage lies, and with which settings";
  }
  [[nodiscard]] std::string_view help() const override {
    return R"(Say whether one gets in where a storage lies. Of a bucket on S3: which endpoint, region and
credentials are in use and where each was found, whether the bucket answers, and if not, why
and what to do. No secret is shown, and of the access key id only its ends.

  functionfuse check PATH [--write] [--json]

  PATH       the folder of the storage, or s3://bucket/prefix
  --write    try whether one may write: make and remove a small file or object
  --json     for programs

It sends one request, and is not patient: what it says is how it is now. The results are not
looked at: functionfuse verify does that. The exit status is 1 where something does not work.

Examples:
  functionfuse check s3://bucket/prefix
  AWS_PROFILE=lab functionfuse check s3://bucket/prefix --write
  functionfuse check storage
)";
  }
  void describe(Arguments& arguments) override {
    arguments.required("PATH", path_);
    arguments.flag("--write", write_);
    arguments.flag("--json", json_);
  }
  int run(Out& out) override {
    const Access access = is_bucket(path_) ? try_bucket(path_, write_) : try_folder(path_, write_);
    if (json_) {
      out << as_json(access).text() << '\n';
    } else {
      print(access, out);
    }
    return access.good() ? kOk : kWrong;
  }

 private:
  static void print(const Access& access, Out& out) {
    out << out.in(Colour::bold, printable(access.url)) << "\n";
    Table table;
    for (const auto& [name, value, from] : access.settings) {
      std::vector<Table::Cell> row{{"  " + name, false}, {printable(value), false}};
      if (!from.empty()) row.push_back({printable(from), false, true, Colour::dim});
      table.add(std::move(row));
    }
    table.print(out);
    for (const auto& [name, good, what] : access.trials) {
      out << (good ? out.in(Colour::green, name + ": yes") : out.in(Colour::red, name + ": no"))
          << ", " << printable(what) << '\n';
    }
  }

  static Json as_json(const Access& access) {
    Json settings = Json::array();
    for (const auto& [name, value, from] : access.settings) {
      settings.add(Json::object().add("name", name).add("value", value).add("from", from));
    }
    Json trials = Json::array();
    for (const auto& [name, good, what] : access.trials) {
      trials.add(Json::object().add("name", name).add("ok", good).add("what", what));
    }
    return std::move(Json::object()
                         .add("url", access.url)
                         .add("ok", access.good())
                         .add("settings", settings)
                         .add("trials", trials));
  }

  std::string path_;
  bool write_ = false, json_ = false;
};

}  // namespace

bool Access::good() const { return std::ranges::all_of(trials, &Trial::good); }

std::unique_ptr<Command> make_check() { return std::make_unique<Check>(); }

}  // namespace functionfuse::cli
