#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/error.hpp"

#include "command.hpp"
#include "words.hpp"

namespace functionfuse::cli {
namespace {

using Commands = std::vector<std::unique_ptr<Command>>;

Commands make_commands() {
  Commands commands;
  commands.push_back(make_ls());
  commands.push_back(make_show());
  commands.push_back(make_export());
  commands.push_back(make_cp());
  commands.push_back(make_rm());
  commands.push_back(make_gc());
  commands.push_back(make_verify());
  commands.push_back(make_check());
  return commands;
}

Command* find(const Commands& commands, std::string_view name) {
  for (const auto& command : commands) {
    if (command->name() == name) return command.get();
  }
  return nullptr;
}

std::string overview(const Commands& commands) {
  std::string text =
      "Look into and look after the results that Function Fuse keeps in a storage.\n"
      "Reading never runs anything that a result says.\n"
      "\n"
      "  functionfuse COMMAND [ARGUMENTS]\n"
      "\n"
      "Commands:\n";
  for (const auto& command : commands) {
    text += "  " + std::string(command->name()) + std::string(8 - command->name().size(), ' ') +
            std::string(command->summary()) + "\n";
  }
  text +=
      "\n"
      "  functionfuse COMMAND --help    what a command does, its options, examples\n"
      "  functionfuse --version\n"
      "\n"
      "A storage is a folder, or s3://bucket/prefix with the endpoint and the credentials of the\n"
      "environment and the profiles, as Amazon's tools have them.\n"
      "\n"
      "Every command takes --json. Exit status: 0 all is well, 1 something is wrong with the\n"
      "data or is not there, 2 wrong usage.\n"
      "\n"
      "Examples:\n"
      "  functionfuse ls storage                  the workflows in the folder storage\n"
      "  functionfuse ls storage operations       the tasks of one of them\n"
      "  functionfuse show storage operations model\n"
      "  functionfuse verify storage\n"
      "  functionfuse check s3://bucket/prefix    whether one gets in there\n";
  return text;
}

int usage(const std::string& text, const std::string& command) {
  complain(text + "\nTry: functionfuse " + (command.empty() ? "" : command + " ") + "--help");
  return kUsage;
}

int unknown_command(const Commands& commands, std::string_view word) {
  std::vector<std::string> names;
  for (const auto& command : commands) names.emplace_back(command->name());
  const std::string near = did_you_mean(word, names);
  std::string text = "there is no command \"" + printable(word) + "\"" + near;
  if (near.empty()) {
    text += "; there are";
    for (std::string_view separator = " "; const std::string& name : names) {
      text += separator;
      text += name;
      separator = ", ";
    }
  }
  return usage(text, "");
}

/// Runs a command with the words behind its name.
int run(Command& command, std::vector<std::string> words, Out& out) {
  Arguments arguments;
  command.describe(arguments);
  try {
    arguments.parse(std::move(words));
  } catch (const HelpWanted&) {
    out << command.help();
    return kOk;
  } catch (const UsageError& error) {
    return usage(error.what(), std::string(command.name()));
  }
  return command.run(out);
}

int run(int argc, char** argv, Out& out) {
  const Commands commands = make_commands();
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (words.empty()) {
    std::fputs(overview(commands).c_str(), stderr);
    return kUsage;
  }
  const std::string first = words[0];
  words.erase(words.begin());
  if (first == "--version" || first == "version") {
    out << "functionfuse " FUNCTIONFUSE_VERSION "\n";
    return kOk;
  }
  const bool help = first == "--help" || first == "-h" || first == "help";
  if (help && words.empty()) {
    out << overview(commands);
    return kOk;
  }
  const std::string word = help ? words[0] : first;
  if (word.starts_with("-")) {
    return usage("there is no option " + printable(word) +
                     did_you_mean(word, std::vector<std::string>{"--help", "--version"}) +
                     (find(commands, words.empty() ? "" : words[0]) != nullptr
                          ? "; options stand behind the command"
                          : ""),
                 "");
  }
  Command* command = find(commands, word);
  if (command == nullptr) return unknown_command(commands, word);
  if (help) words = {"--help"};
  return run(*command, std::move(words), out);
}

}  // namespace

void complain(std::string_view text) {
  std::fprintf(stderr, "functionfuse: %.*s\n", static_cast<int>(text.size()), text.data());
}

}  // namespace functionfuse::cli

int main(int argc, char** argv) {
  using namespace functionfuse;
  using namespace functionfuse::cli;
  // A write to a pipe that nobody reads is then an error like others: what is under way is cleaned
  // up before the program ends.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    Out out;
    int status = kWrong;
    try {
      status = run(argc, argv, out);
    } catch (const Error& error) {
      out.flush();
      complain(error_text(error.what()));
      status = error.code() == Errc::invalid_argument ? kUsage : kWrong;
    }
    out.flush();
    return status;
  } catch (const BrokenPipe&) {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
    return kWrong;
  } catch (const std::exception& error) {
    complain(error.what());
    return kWrong;
  }
}
