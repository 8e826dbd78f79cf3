#pragma once

#include <hdf5.h>

#include <cstdint>
#include <string>

namespace functionfuse::formats::hdf5 {

/// A file as the HDF5 library sees it (a "virtual file driver"), on a descriptor of ours.
///
/// The library does not bear it when writing fails: a file that can't be flushed can't be closed either,
/// and the program ends with a crash. So it never learns of it: the first error is kept here, nothing
/// more is written, and whoever called the library calls check().
///
/// \threads as the library; outlives the library's file
class DriverFile {
 public:
  /// \param fd  open for what the library is to do; stays the caller's
  DriverFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  DriverFile(const DriverFile&) = delete;
  DriverFile& operator=(const DriverFile&) = delete;

  /// Makes `access` open this file, whatever name the library is given.
  void use(hid_t access);
  /// \error io  what has failed since the file was opened
  void check() const;

 private:
  friend struct Driver;
  int fd_;
  std::string path_;
  int error_ = 0;
  const char* action_ = "";
};

}  // namespace functionfuse::formats::hdf5
