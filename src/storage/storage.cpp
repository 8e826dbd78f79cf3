#include "functionfuse/storage/storage.hpp"

#include <climits>

namespace functionfuse {

TaskIndex::~TaskIndex() = default;
Storage::Storage() = default;
Storage::~Storage() = default;

void check_name(std::string_view name, std::string_view what) {
  std::string_view why;
  if (name.empty()) {
    why = "is empty";
  } else if (name.size() > NAME_MAX) {
    why = "is longer than 255 bytes, the longest name of a file";
  } else if (name.find('/') != name.npos) {
    why = "contains a slash, which would put it into another folder";
  } else if (name.find('\0') != name.npos) {
    why = "contains a NUL character";
  } else if (name.front() == '.') {
    why = "starts with a dot, which hides it";
  } else if (what != "workflow" && name == "bigdata") {
    why = "is the name of the folder for large objects";
  } else {
    return;
  }
  std::string shown(name.substr(0, 80));
  if (shown.size() < name.size()) shown += "...";
  throw Error(Errc::invalid_argument, "the name \"" + shown + "\" of a " + std::string(what) + " " +
                                          std::string(why) + ": choose another");
}

}  // namespace functionfuse
