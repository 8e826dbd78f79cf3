#pragma once

#include <memory>
#include <string_view>

#include "arguments.hpp"
#include "out.hpp"

namespace functionfuse::cli {

/// What a program ends with.
enum Status { kOk = 0, kWrong = 1, kUsage = 2 };

/// One word of the command line: `functionfuse <name> ...`.
class Command {
 public:
  virtual ~Command() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// A line for the list of commands.
  [[nodiscard]] virtual std::string_view summary() const = 0;
  /// What `--help` prints, with examples.
  [[nodiscard]] virtual std::string_view help() const = 0;
  virtual void describe(Arguments& arguments) = 0;
  /// \returns a Status
  virtual int run(Out& out) = 0;
};

std::unique_ptr<Command> make_ls();
std::unique_ptr<Command> make_show();
std::unique_ptr<Command> make_export();
std::unique_ptr<Command> make_cp();
std::unique_ptr<Command> make_rm();
std::unique_ptr<Command> make_gc();
std::unique_ptr<Command> make_verify();
std::unique_ptr<Command> make_check();

/// On standard error, as all that is not output: "functionfuse: ...".
void complain(std::string_view text);

}  // namespace functionfuse::cli
