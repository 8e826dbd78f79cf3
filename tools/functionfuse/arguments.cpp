#include "arguments.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "words.hpp"

namespace functionfuse::cli {

class Arguments::Parser {
 public:
  Parser() {
    app.set_help_flag("-h,--help");
    app.allow_extras();  // so that unexpected() can say more about them
  }

  [[nodiscard]] std::string unexpected(const std::string& word) const {
    if (word.size() < 2 || word[0] != '-') {
      return "one argument too many: \"" + printable(word) + "\"";
    }
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    }
    const std::string option = word.substr(0, word.find('='));
    return "there is no option " + printable(option) + did_you_mean(option, names);
  }

  CLI::App app;
};

Arguments::Arguments() : parser_(std::make_unique<Parser>()) {}
Arguments::~Arguments() = default;

void Arguments::required(std::string_view name, std::string& value) {
  parser_->app.add_option(std::string(name), value)->required();
}
void Arguments::optional(std::string_view name, std::string& value) {
  parser_->app.add_option(std::string(name), value);
}
void Arguments::optional(std::string_view name, std::vector<std::string>& values) {
  parser_->app.add_option(std::string(name), values);
}
void Arguments::option(std::string_view names, std::string& value) {
  parser_->app.add_option(std::string(names), value);
}
void Arguments::flag(std::string_view names, bool& value) {
  parser_->app.add_flag(std::string(names), value);
}

void Arguments::parse(std::vector<std::string> words) {
  CLI::App& app = parser_->app;
  std::ranges::reverse(words);  // CLI11 takes them from the end
  try {
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    throw HelpWanted();
  } catch (const CLI::ParseError& error) {
    for (const std::string& word : app.remaining()) {
      if (word.size() > 1 && word[0] == '-' && word != "--")
        throw UsageError(parser_->unexpected(word));
    }
    std::string text = error.what();
    constexpr std::string_view kRequired = " is required";
    if (text.ends_with(kRequired)) {
      text = text.substr(0, text.size() - kRequired.size()) + " is missing";
    }
    throw UsageError(text);
  }
  for (const std::string& word : app.remaining()) {
    if (word != "--") throw UsageError(parser_->unexpected(word));
  }
}

}  // namespace functionfuse::cli
