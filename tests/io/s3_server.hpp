#pragma once

#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "io/temp_folder.hpp"

namespace functionfuse::test {

/// A real S3 server: the one that ctest has started for all tests, else one of this process's own.
class S3Server {
 public:
  /// Nothing where none is installed, unless FUNCTIONFUSE_REQUIRE_S3 is set.
  static const S3Server* get() {
    static const std::unique_ptr<S3Server> server = start();
    return server.get();
  }

  ~S3Server() {
    if (own_) run("stop-radosgw.sh " + own_->path().native());
  }

  std::string endpoint, tls_endpoint, access_key, secret_key, ca_bundle;

 private:
  S3Server() = default;

  static std::unique_ptr<S3Server> start() {
    std::unique_ptr<S3Server> server(new S3Server);
    const std::string shared = FUNCTIONFUSE_TEST_S3_FOLDER;
    if (!std::filesystem::exists(shared + "/server.env"))
      server->own_ = std::make_unique<TempFolder>();
    const std::string folder = server->own_ ? server->own_->path().native() : shared;
    // Where one runs already, the script leaves it alone. A kill of this process stops it too.
    const int status = run("start-radosgw.sh " + folder + " --while " + std::to_string(::getpid()));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return nullptr;
    if (status != 0) throw std::runtime_error("no S3 server for the tests");
    server->read(folder);
    return server;
  }
  static int run(const std::string& command) {
    return std::system((FUNCTIONFUSE_TEST_S3_SCRIPTS "/" + command + " >&2").c_str());
  }
  void read(const std::string& folder) {
    const std::map<std::string, std::string*> names = {{"endpoint", &endpoint},
                                                       {"tls_endpoint", &tls_endpoint},
                                                       {"access_key", &access_key},
                                                       {"secret_key", &secret_key}};
    std::ifstream file(folder + "/server.env");
    for (std::string line; std::getline(file, line);) {
      const auto equals = line.find('=');
      *names.at(line.substr(0, equals)) = line.substr(equals + 1);
    }
    ca_bundle = folder + "/ca.pem";
  }

  std::unique_ptr<TempFolder> own_;  // of a server that is not shared
};

}  // namespace functionfuse::test
