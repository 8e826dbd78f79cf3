#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "io/error.hpp"
#include "io/fd.hpp"

struct stat;

/// Calls on an open file that do all that was asked for (interrupted and short ones are gone on
/// with) or throw Error(io) with the path and the cause.
namespace functionfuse::io {

struct FileInfo {
  std::uint64_t device = 0, inode = 0, size = 0, links = 0;
  std::int64_t modified = 0;  ///< when the content changed last, nanoseconds since 1970
  bool regular = false, folder = false;
};

[[nodiscard]] FileInfo to_info(const struct stat& st);

/// \error io  also where there is none
[[nodiscard]] Fd open_file(const std::string& path, int flags, unsigned mode = 0666);
/// An empty Fd where there is none (ENOENT, ENOTDIR).
[[nodiscard]] Fd open_if_there(const std::string& path, int flags);
[[nodiscard]] FileInfo info(int fd, const Where& where);
/// False where there is none.
[[nodiscard]] bool info_if_there(const std::string& path, FileInfo& info);

void write_all(int fd, const void* data, std::size_t size, const Where& where);
/// The same at a place in the file, which other threads may be writing elsewhere.
void pwrite_all(int fd, std::uint64_t offset, const void* data, std::size_t size, const Where& where);
/// \error corrupt  the file ends before
void read_all(int fd, std::uint64_t offset, void* data, std::size_t size, const Where& where);
/// The data is on the disk when it returns.
void sync_data(int fd, const Where& where);
/// The system begins to write to the disk what the file has got so far. Only a hint: sync_data() reports errors.
void start_sync(int fd) noexcept;
/// As the file, its name is too: for folders.
void sync_file(int fd, const Where& where);
/// What a plain close() may still report (a full disk on a file server) is an error.
void close_checked(Fd& fd, const Where& where);
/// All of `from`, shared with it where the file system can.
void copy_file(int from, const Where& from_where, int to, const Where& to_where);

/// Creates the folder and those above it; nothing where it is there.
void make_folders(const std::string& path);
/// False where there is none.
bool remove_file(const std::string& path);

}  // namespace functionfuse::io
