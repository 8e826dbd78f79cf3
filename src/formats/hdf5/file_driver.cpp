#include "formats/hdf5/file_driver.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "functionfuse/error.hpp"
#include "io/error.hpp"

namespace functionfuse::formats::hdf5 {

/// The functions that the library calls.
struct Driver {
  /// What the library has of a file; its part comes first.
  struct Open {
    H5FD_t base{};
    DriverFile* file = nullptr;
    haddr_t allocated = 0;  // "EOA": as far as the library uses the file
    haddr_t end = 0;        // "EOF"
  };
  static constexpr herr_t kOk = 0;
  static constexpr haddr_t kLargest = (haddr_t{1} << 62) - 1;

  static Open& open_of(H5FD_t* file) { return *reinterpret_cast<Open*>(file); }
  static const Open& open_of(const H5FD_t* file) { return *reinterpret_cast<const Open*>(file); }

  static void keep_error(DriverFile& file, const char* action, int error) {
    if (file.error_ != 0) return;
    file.error_ = error;
    file.action_ = action;
  }

  static H5FD_t* open(const char*, unsigned, hid_t access, haddr_t) {
    auto* given = static_cast<DriverFile* const*>(H5Pget_driver_info(access));
    if (given == nullptr) return nullptr;
    struct stat st {};
    if (::fstat((*given)->fd_, &st) != 0) {
      keep_error(**given, "open", errno);
      return nullptr;
    }
    auto* open = new Open;
    open->file = *given;
    open->end = static_cast<haddr_t>(st.st_size);
    return &open->base;
  }

  static herr_t close(H5FD_t* file) {
    delete &open_of(file);
    return kOk;
  }

  static int cmp(const H5FD_t* a, const H5FD_t* b) { return a == b ? 0 : a < b ? -1 : 1; }

  static herr_t query(const H5FD_t*, unsigned long* flags) {
    if (flags != nullptr) {
      *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
               H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    }
    return kOk;
  }

  static haddr_t get_eoa(const H5FD_t* file, H5FD_mem_t) { return open_of(file).allocated; }
  static herr_t set_eoa(H5FD_t* file, H5FD_mem_t, haddr_t address) {
    open_of(file).allocated = address;
    return kOk;
  }
  static haddr_t get_eof(const H5FD_t* file, H5FD_mem_t) { return open_of(file).end; }

  static herr_t get_handle(H5FD_t* file, hid_t, void** handle) {
    if (handle != nullptr) *handle = &open_of(file).file->fd_;
    return kOk;
  }

  static herr_t read(H5FD_t* base, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* buffer) {
    DriverFile& file = *open_of(base).file;
    auto* to = static_cast<char*>(buffer);
    while (size > 0) {
      const ssize_t n = ::pread(file.fd_, to, std::min(size, kPiece), static_cast<off_t>(address));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        keep_error(file, "read", errno);
        return -1;
      }
      if (n == 0) {  // beyond the end, as the library expects it
        std::memset(to, 0, size);
        break;
      }
      to += n;
      address += static_cast<haddr_t>(n);
      size -= static_cast<std::size_t>(n);
    }
    return kOk;
  }

  static herr_t write(H5FD_t* base, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, const void* buffer) {
    Open& open = open_of(base);
    DriverFile& file = *open.file;
    open.end = std::max(open.end, address + size);
    const auto* from = static_cast<const char*>(buffer);
    while (size > 0 && file.error_ == 0) {
      const ssize_t n = ::pwrite(file.fd_, from, std::min(size, kPiece), static_cast<off_t>(address));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        keep_error(file, "write", errno);
        break;
      }
      from += n;
      address += static_cast<haddr_t>(n);
      size -= static_cast<std::size_t>(n);
    }
    return kOk;
  }

  static herr_t truncate(H5FD_t* base, hid_t, hbool_t) {
    Open& open = open_of(base);
    if (open.end == open.allocated || open.file->error_ != 0) return kOk;
    if (::ftruncate(open.file->fd_, static_cast<off_t>(open.allocated)) != 0) {
      keep_error(*open.file, "write", errno);
    }
    open.end = open.allocated;
    return kOk;
  }

  static H5FD_class_t make_class() {
    H5FD_class_t made{};
#if H5_VERSION_GE(1, 13, 0)
    made.version = H5FD_CLASS_VERSION;
    made.value = static_cast<H5FD_class_value_t>(H5_VFD_RESERVED + 77);
#endif
    made.name = "functionfuse";
    made.maxaddr = kLargest;
    made.fc_degree = H5F_CLOSE_STRONG;
    made.fapl_size = sizeof(DriverFile*);
    made.open = open;
    made.close = close;
    made.cmp = cmp;
    made.query = query;
    made.get_eoa = get_eoa;
    made.set_eoa = set_eoa;
    made.get_eof = get_eof;
    made.get_handle = get_handle;
    made.read = read;
    made.write = write;
    made.truncate = truncate;
    const H5FD_mem_t map[] = H5FD_FLMAP_DICHOTOMY;
    std::copy(std::begin(map), std::end(map), made.fl_map);
    return made;
  }

  static constexpr std::size_t kPiece = std::size_t{1} << 30;
};

void DriverFile::use(hid_t access) {
  static const H5FD_class_t driver = Driver::make_class();
  static const hid_t id = H5FDregister(&driver);
  DriverFile* self = this;
  if (id < 0 || H5Pset_driver(access, id, &self) < 0) {
    throw Error(Errc::unsupported, "the HDF5 library does not take a file driver");
  }
}

void DriverFile::check() const {
  if (error_ != 0) io::fail(action_, path_, error_);
}

}  // namespace functionfuse::formats::hdf5
