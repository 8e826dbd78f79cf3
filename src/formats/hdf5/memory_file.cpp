#include "formats/hdf5/memory_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include <unistd.h>

#include "formats/hdf5/driver.hpp"
#include "io/file.hpp"

namespace functionfuse::formats::hdf5 {

/// The functions that the library calls, and what it knows a file by.
struct MemoryFile::Driver {
  H5FD_t base;  // first: the library sees only this
  MemoryFile* image;
  haddr_t end;  // of what is in use

  static Driver& of(H5FD_t* file) { return *reinterpret_cast<Driver*>(file); }
  static const Driver& of(const H5FD_t* file) { return *reinterpret_cast<const Driver*>(file); }

  static H5FD_t* open(const char*, unsigned, hid_t access, haddr_t) {
    const void* info = H5Pget_driver_info(access);
    auto* file = info == nullptr ? nullptr : new (std::nothrow) Driver{};
    if (file == nullptr) return nullptr;
    file->image = *static_cast<MemoryFile* const*>(info);
    return &file->base;
  }
  static herr_t close(H5FD_t* file) {
    delete &of(file);
    return 0;
  }
  static int compare(const H5FD_t* a, const H5FD_t* b) {
    return of(a).image == of(b).image ? 0 : of(a).image < of(b).image ? -1 : 1;
  }
  static herr_t query(const H5FD_t*, unsigned long* flags) {
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_AGGREGATE_SMALLDATA;
    return 0;
  }
  static haddr_t get_end(const H5FD_t* file, H5FD_mem_t) { return of(file).end; }
  static herr_t set_end(H5FD_t* file, H5FD_mem_t, haddr_t end) {
    of(file).end = end;
    return 0;
  }
  static haddr_t size(const H5FD_t* file, H5FD_mem_t) { return of(file).image->size_; }
  static herr_t read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, std::size_t size, void* to) {
    of(file).image->read(at, static_cast<std::byte*>(to), size);
    return 0;
  }
  static herr_t write(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, std::size_t size,
                      const void* data) {
    try {
      of(file).image->write(at, static_cast<const std::byte*>(data), size);
      return 0;
    } catch (const std::bad_alloc&) {
      return -1;
    }
  }
  static herr_t truncate(H5FD_t* file, hid_t, hbool_t) {
    of(file).image->size_ = of(file).end;
    return 0;
  }

  static H5FD_class_t functions() {
    H5FD_class_t c = new_driver("functionfuse memory", 600);
    c.fapl_size = sizeof(MemoryFile*);
    c.open = open;
    c.close = close;
    c.cmp = compare;
    c.query = query;
    c.get_eoa = get_end;
    c.set_eoa = set_end;
    c.get_eof = size;
    c.read = read;
    c.write = write;
    c.truncate = truncate;
    return c;
  }
};

void MemoryFile::use_for(const Properties& access) {
  const H5FD_class_t functions = Driver::functions();
  driver_ = Handle<H5FDunregister>(H5FDregister(&functions));
  MemoryFile* self = this;
  H5Pset_driver(access.id(), driver_.id(), &self);
}

void MemoryFile::write(std::uint64_t at, const std::byte* data, std::size_t size) {
  size_ = std::max(size_, at + size);
  while (size > 0) {
    const std::size_t begin = at % kPage;
    const std::size_t n = std::min(size, kPage - begin);
    std::unique_ptr<Page>& page = pages_[at / kPage];
    if (!page) page = std::make_unique<Page>();  // zeros
    std::memcpy(page->data() + begin, data, n);
    at += n;
    data += n;
    size -= n;
  }
}

void MemoryFile::read(std::uint64_t at, std::byte* to, std::size_t size) const {
  while (size > 0) {
    const std::size_t begin = at % kPage;
    const std::size_t n = std::min(size, kPage - begin);
    const auto found = pages_.find(at / kPage);
    if (found == pages_.end()) {
      std::memset(to, 0, n);
    } else {
      std::memcpy(to, found->second->data() + begin, n);
    }
    at += n;
    to += n;
    size -= n;
  }
}

void MemoryFile::write_to(int fd, const std::string& path) const {
  if (::ftruncate(fd, static_cast<off_t>(size_)) != 0) io::fail("write", path, errno);
  for (const auto& [number, page] : pages_) {
    const std::uint64_t at = number * kPage;
    if (at >= size_) break;
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(kPage, size_ - at));
    io::pwrite_all(fd, at, page->data(), n, path);
  }
}

}  // namespace functionfuse::formats::hdf5
