#include "io/error.hpp"

#include <cerrno>
#include <system_error>

#include "functionfuse/error.hpp"

namespace functionfuse::io {
namespace {

std::string_view hint(int error) {
  switch (error) {
    case ENOSPC:
      return "the disk is full: free some space (`functionfuse gc` removes what killed runs left "
             "behind) and run again";
    case EDQUOT:
      return "the quota is used up: free some space (`functionfuse gc` removes what killed runs "
             "left behind) and run again";
    case EACCES:
    case EPERM:
      return "check the permissions of the file and of its folder";
    case EROFS:
      return "the file system can only be read: choose a storage path that can be written";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (`ulimit -n`)";
    case EIO:
      return "the device reports an error: look at the system's log (`dmesg`)";
    case ESTALE:
      return "the file was replaced on the file server: run again";
    default:
      return {};
  }
}

}  // namespace

std::string Where::path() const {
  std::string path(folder);
  if (!name.empty()) {
    if (!path.empty() && path.back() != '/') path += '/';
    path += name;
  }
  return path;
}

void fail(std::string_view action, const Where& where, int error) {
  std::string text = "cannot ";
  text += action;
  text += ' ';
  text += where.path();
  text += ": ";
  text += std::generic_category().message(error);
  if (std::string_view cure = hint(error); !cure.empty()) {
    text += " (";
    text += cure;
    text += ')';
  }
  throw Error(Errc::io, text);
}

}  // namespace functionfuse::io
