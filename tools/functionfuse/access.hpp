#pragma once

#include <string>
#include <vector>

namespace functionfuse::cli {

/// What was tried at the place of a storage.
struct Trial {
  std::string name;  ///< "read", "write"
  bool good = false;
  std::string what;  ///< what was found; what went wrong, where, and what to do
};

/// What is in use, and from where it comes.
struct Setting {
  std::string name, value;
  std::string from = {};  ///< empty: the command line
};

/// Whether one gets in where a storage lies.
struct Access {
  std::string url;
  std::vector<Setting> settings;  ///< without secrets
  std::vector<Trial> trials;
  [[nodiscard]] bool good() const;
};

/// One request; with `write` two more, which put and remove a small object.
/// \error invalid_argument  the URL names no bucket
[[nodiscard]] Access try_bucket(const std::string& url, bool write);
/// \param write  makes a small file and removes it
/// \error invalid_argument  the path is empty
[[nodiscard]] Access try_folder(const std::string& path, bool write);

}  // namespace functionfuse::cli
