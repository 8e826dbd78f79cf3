#include "functionfuse/storage/storage.hpp"

#include <climits>

namespace functionfuse {

TaskIndex::~TaskIndex() = default;
Storage::Storage() = default;
Storage::~Storage() = default;

void Storage::save_in_background(std::string_view workflow, std::string_view task, Saved result,
                                 const Record* record) {
  save_erased(workflow, task, result, record);
}

namespace {

/// For a message: cut, control characters (a NUL would end the text) as \xNN.
std::string shown(std::string_view name) {
  constexpr std::size_t kLongest = 80;
  std::string text;
  for (char c : name.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      text += c;
    } else {
      text += "\\x";
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    }
  }
  return name.size() > kLongest ? text + "..." : text;
}

}  // namespace

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
  throw Error(Errc::invalid_argument, "the name \"" + shown(name) + "\" of a " + std::string(what) + " " +
                                          std::string(why) + ": choose another");
}

}  // namespace functionfuse
