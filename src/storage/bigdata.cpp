#include "storage/bigdata.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <filesystem>

#include "functionfuse/error.hpp"
#include "io/folder.hpp"
#include "io/tree.hpp"
#include "io/uuid.hpp"
#include "storage/objects.hpp"

namespace functionfuse::detail {

std::string Bigdata::path_of(std::string_view filename) const {
  if (!is_plain_filename(filename)) {
    throw Error(Errc::invalid_argument,
                "\"" + std::string(filename.substr(0, 80)) + "\" is no name of a file in " + folder_ +
                    ": it must be 1 to 255 bytes long, without a slash, and not start with a dot");
  }
  return folder_ + "/" + std::string(filename);
}

std::filesystem::path Bigdata::open(std::string_view filename, Mode mode) {
  std::string path = path_of(filename);
  io::FileInfo info;
  const bool there = io::info_if_there(path, info);
  if (mode == Mode::read) {
    looked_into_ = true;
    if (!there) {
      throw NotFoundError(path + " is gone: an object of this result was kept there; remove the "
                                 "task and run the workflow again");
    }
    return path;
  }
  if (there) {
    throw Error(Errc::invalid_argument,
                path + " is there already: a serializer takes a new_filename() for every object");
  }
  begin_saving();
  created_.emplace_back(filename);
  return path;
}

/// For this save alone; false: another one has it, or nobody can tell.
bool Bigdata::lock(const std::string& filename) {
  // On a file beside it, as the serializer may remove the file itself; with a name that gc finds.
  // A save takes it away at its end: a file without one is somebody's result.
  Lock lock{folder_ + "/.lock-" + filename, {}};
  lock.fd = io::open_if_there(lock.path, O_RDWR);
  if (!lock.fd) {
    if (exists(filename)) return false;
    lock.fd = io::open_file(lock.path, O_CREAT | O_RDWR);
  }
  if (::flock(lock.fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) ::unlink(lock.path.c_str());
    return false;
  }
  locks_.push_back(std::move(lock));
  // The one who had it before may have removed the file meanwhile: then a third may lock another.
  io::FileInfo there;
  if (io::info_if_there(locks_.back().path, there) &&
      there.inode == io::info(locks_.back().fd.get(), locks_.back().path).inode) {
    return true;
  }
  locks_.back().path.clear();
  return false;
}

Bigdata::~Bigdata() {
  for (const Lock& lock : locks_) {
    if (!lock.path.empty()) ::unlink(lock.path.c_str());
  }
}

void Bigdata::begin_saving() {
  if (saving_) return;
  io::make_folders(folder_);
  saving_.emplace(folder_);
  // Only a look of is_saved_to() can be in the way. Without locks (a file system that has none) what
  // is saved is safe from gc by its age alone.
  while (::flock(saving_->fd(), LOCK_SH) != 0 && errno == EINTR) {
  }
}

FileProtocol::Unfinished Bigdata::open_unfinished(std::string_view what) {
  if (!save_) return FileProtocol::open_unfinished(what);
  begin_saving();
  const std::string nth = std::to_string(unfinished_[std::string(what)]++);
  auto name_now = [&] { return io::uuid5(save_() + nth + '\0' + std::string(what)); };
  const std::string filename = name_now();
  // Under the lock it is still the same, unless a save that had it has been committed.
  if (!lock(filename) || name_now() != filename) return FileProtocol::open_unfinished(what);
  created_.push_back(filename);
  return {filename, path_of(filename)};
}

void Bigdata::remove(std::string_view filename) { io::remove_tree(path_of(filename)); }

bool Bigdata::is_saved_to(const std::string& path) {
  const auto folder = io::Folder::open_if_there(path);
  return folder && ::flock(folder->fd(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

bool Bigdata::exists(const std::string& filename) const {
  io::FileInfo info;
  return is_plain_filename(filename) && io::info_if_there(path_of(filename), info);
}

std::string Bigdata::copy_from(const FileOrigin& origin, const std::string& filename) {
  const std::string& folder = origin.where();
  const std::string copy = new_filename();
  bool found = false;
  for (const io::Entries::Entry& entry : io::Entries::of(folder)) {
    if (!belongs_to(entry.name, filename)) continue;
    found = found || entry.name == filename;
    const std::string from = folder + "/" + std::string(entry.name);
    const std::string to = open(copy + std::string(entry.name.substr(filename.size())), Mode::write);
    io::copy_tree(from, to);
  }
  if (!found) {
    throw NotFoundError(folder + "/" + filename +
                        " is gone: the value that is being saved refers to the object there; read "
                        "it before its task is removed or replaced");
  }
  return copy;
}

void Bigdata::sync_created() const {
  if (created_.empty()) return;
  for (const std::string& filename : created_) {
    const std::string path = path_of(filename);
    if (const io::Fd fd = io::open_if_there(path, O_RDONLY)) io::sync_tree(fd.get(), path);
  }
  const io::Folder folder(folder_);
  io::sync_file(folder.fd(), folder_);
}

void Bigdata::remove_created() noexcept {
  for (const std::string& filename : created_) {
    try {
      io::remove_tree(path_of(filename));
    } catch (const Error&) {
      // See the header.
    }
  }
  created_.clear();
}

namespace {

/// Removes every file that belongs to one of `filenames`, in one pass.
void remove_files(const std::string& folder, const Filenames& filenames) {
  for (const io::Entries::Entry& entry : io::Entries::of(folder)) {
    if (filenames.own(entry.name)) io::remove_tree(folder + "/" + std::string(entry.name));
  }
}

}  // namespace

void remove_objects(const std::string& folder, std::span<const PersistentId> ids,
                    const SerializerPool& pool) {
  Bigdata bigdata(folder);
  Protocols protocols;
  protocols.add(FILE_PROTOCOL, bigdata);
  remove_objects(ids, pool, protocols,
                 [&](const Filenames& filenames) { remove_files(folder, filenames); });
}

}  // namespace functionfuse::detail
