#include "formats/hdf5/read_driver.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>

#include <fcntl.h>
#include <unistd.h>

#include <functionfuse/error.hpp>

#include "formats/hdf5/driver.hpp"
#include "formats/hdf5/old_format.hpp"
#include "io/file.hpp"

namespace functionfuse::formats::hdf5 {
namespace {

/// For last_failure(), which knows both texts.
void push_error(const char* what) {
  H5Epush2(H5E_DEFAULT, __FILE__, __func__, __LINE__, H5E_ERR_CLS, H5E_FILE, H5E_READERROR, "%s",
           what);
}
void push_error(const char* what, int error) {
  H5Epush2(H5E_DEFAULT, __FILE__, __func__, __LINE__, H5E_ERR_CLS, H5E_FILE, H5E_READERROR,
           "%s, errno = %d, error message = '%s'", what, error, std::strerror(error));
}

/// The functions that the library calls, and what it knows a file by.
struct Driver {
  H5FD_t base;  // first: the library sees only this
  int fd;
  io::FileInfo info;
  haddr_t end;  // of what is in use
  std::unique_ptr<OldFormat> old_format;

  static Driver& of(H5FD_t* file) { return *reinterpret_cast<Driver*>(file); }
  static const Driver& of(const H5FD_t* file) { return *reinterpret_cast<const Driver*>(file); }

  static H5FD_t* open(const char* name, unsigned flags, hid_t, haddr_t) {
    if ((flags & H5F_ACC_RDWR) != 0) return nullptr;
    try {
      io::Fd fd = io::open_file(name, O_RDONLY);
      auto file = std::make_unique<Driver>();
      file->info = io::info(fd.get(), name);
      file->old_format = std::make_unique<OldFormat>(fd.get(), file->info.size, name);
      file->fd = fd.release();
      return &file.release()->base;
    } catch (const Error&) {
      push_error("cannot open file", errno);
      return nullptr;
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }
  static herr_t close(H5FD_t* file) {
    ::close(of(file).fd);  // nothing was written that could be lost
    delete &of(file);
    return 0;
  }
  /// One file that is opened twice is one for the library.
  static int compare(const H5FD_t* a, const H5FD_t* b) {
    const io::FileInfo &x = of(a).info, &y = of(b).info;
    if (x.device != y.device) return x.device < y.device ? -1 : 1;
    return x.inode == y.inode ? 0 : x.inode < y.inode ? -1 : 1;
  }
  static herr_t query(const H5FD_t*, unsigned long* flags) {
    *flags = H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
  }
  static haddr_t get_end(const H5FD_t* file, H5FD_mem_t) { return of(file).end; }
  static herr_t set_end(H5FD_t* file, H5FD_mem_t, haddr_t end) {
    of(file).end = end;
    return 0;
  }
  static haddr_t size(const H5FD_t* file, H5FD_mem_t) { return of(file).info.size; }
  static herr_t get_handle(H5FD_t* file, hid_t, void** handle) {
    *handle = &of(file).fd;
    return 0;
  }
  static herr_t read(H5FD_t* file, H5FD_mem_t type, hid_t, haddr_t at, std::size_t size, void* to) {
    if (!read_bytes(file, at, size, to)) return -1;
    try {
      of(file).old_format->check(type, file->base_addr, at, {static_cast<std::byte*>(to), size});
      return 0;
    } catch (const CorruptError& e) {
      push_error(e.what());
    } catch (const Error&) {
      push_error("file read failed", errno);
    } catch (const std::exception& e) {  // must not go through the library
      push_error(e.what());
    }
    return -1;
  }
  static bool read_bytes(H5FD_t* file, haddr_t at, std::size_t size, void* to) {
    auto* data = static_cast<std::byte*>(to);
    while (size > 0) {
      const ssize_t n = ::pread(of(file).fd, data, size, static_cast<off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        push_error("file read failed", errno);
        return false;
      }
      if (n == 0) {  // beyond the end, as the library wants it
        std::memset(data, 0, size);
        return true;
      }
      data += n;
      at += static_cast<haddr_t>(n);
      size -= static_cast<std::size_t>(n);
    }
    return true;
  }
  static herr_t write(H5FD_t*, H5FD_mem_t, hid_t, haddr_t, std::size_t, const void*) { return -1; }

  static H5FD_class_t functions() {
    H5FD_class_t c = new_driver("functionfuse read", 601);
    c.open = open;
    c.close = close;
    c.cmp = compare;
    c.query = query;
    c.get_eoa = get_end;
    c.set_eoa = set_end;
    c.get_eof = size;
    c.get_handle = get_handle;
    c.read = read;
    c.write = write;
    return c;
  }
};

}  // namespace

void use_read_driver(const Properties& access) {
  static const H5FD_class_t functions = Driver::functions();
  static const hid_t driver = H5FDregister(&functions);
  H5Pset_driver(access.id(), driver, nullptr);
}

}  // namespace functionfuse::formats::hdf5
