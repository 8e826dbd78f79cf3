#pragma once

#include <string>

#include "io/file.hpp"

/// A file, or a folder and all that is in it.
namespace functionfuse::io {

/// Nothing where there is none. \error io  some of it may be gone
void remove_tree(const std::string& path);
/// \param to  there must be nothing
/// Links are not followed. \error unsupported, io  there is something that is neither file nor
/// folder; part of it may be copied
void copy_tree(const std::string& from, const std::string& to);
/// It is on the disk when this returns; with a folder, the whole file system.
void sync_tree(int fd, const Where& where);

}  // namespace functionfuse::io
