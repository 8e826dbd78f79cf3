#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <hdf5.h>

#include <functionfuse/arrays/dtype.hpp>

/// \file
/// What the other files here need of the HDF5 library besides its own functions: the right to call
/// it, handles that close themselves, and its errors as ours.

namespace functionfuse::formats::hdf5 {

/// The right to call the library, which is not safe for sequences of calls even where it was built
/// "threadsafe": one thread at a time has it. Meanwhile the library prints no errors of its own,
/// and after the first one not again.
///
/// Whatever makes or destroys a Handle holds one.
class Lock {
 public:
  Lock();
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  H5E_auto2_t print_ = nullptr;
  void* print_data_ = nullptr;
};

/// Owns an identifier of the library.
template <herr_t (*kClose)(hid_t)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(hid_t id) noexcept : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      reset();
      id_ = std::exchange(other.id_, H5I_INVALID_HID);
    }
    return *this;
  }
  ~Handle() { reset(); }

  [[nodiscard]] hid_t id() const noexcept { return id_; }
  explicit operator bool() const noexcept { return id_ >= 0; }
  /// False where the library could not: of a file, its metadata may not be in it.
  bool reset() noexcept { return id_ < 0 || kClose(std::exchange(id_, H5I_INVALID_HID)) >= 0; }

 private:
  hid_t id_ = H5I_INVALID_HID;
};

using File = Handle<H5Fclose>;
using Object = Handle<H5Oclose>;
using Dataset = Handle<H5Dclose>;
using Type = Handle<H5Tclose>;
using Space = Handle<H5Sclose>;
using Attribute = Handle<H5Aclose>;
using Properties = Handle<H5Pclose>;

/// Of what failed last in this thread: the library's words for the cause, and errno if it was a
/// call of the operating system, otherwise 0.
struct Failure {
  std::string text;
  int error = 0;
  std::optional<std::uint64_t> offset;  ///< of the damage in the file, where it is known
};
[[nodiscard]] Failure last_failure();

/// Where reading failed: the operating system's error if there was one, otherwise CorruptError
/// "<place>: <what>: <the library's words>".
[[noreturn]] void fail_reading(const std::string& path, const std::string& place,
                               const std::string& what);
/// The same for writing; what is not the operating system's is an Error(io).
[[noreturn]] void fail_writing(const std::string& path, const std::string& place,
                               const std::string& what);

/// Properties for opening or creating a file: all handles close with it, and no file locks, which
/// some file servers do not have and which would keep h5py from looking at a file.
[[nodiscard]] Properties file_access();

[[nodiscard]] std::vector<hsize_t> to_hsize(const Shape& shape);

/// A text attribute; of fixed length, so that all of it lies in the object's header, which has a
/// checksum. False where that failed.
[[nodiscard]] bool write_text(hid_t object, const char* name, const std::string& text);
/// Empty where there is none, or none of this kind.
[[nodiscard]] std::string read_text(hid_t object, const char* name);

}  // namespace functionfuse::formats::hdf5
