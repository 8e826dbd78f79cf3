#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace functionfuse::cli {

/// `--help` was asked for.
struct HelpWanted {};

/// Wrong words on the command line; the text says which, and what was probably meant.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a command takes. Everything is kept where the command says by parse().
class Arguments {
 public:
  Arguments();
  ~Arguments();
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  void required(std::string_view name, std::string& value);
  void optional(std::string_view name, std::string& value);
  void optional(std::string_view name, std::vector<std::string>& values);
  /// \param names  "--grace", "-n,--dry-run"
  void option(std::string_view names, std::string& value);
  void flag(std::string_view names, bool& value);

  /// \error HelpWanted; UsageError
  void parse(std::vector<std::string> words);

 private:
  class Parser;  // CLI11's, which takes long to compile
  std::unique_ptr<Parser> parser_;
};

}  // namespace functionfuse::cli
