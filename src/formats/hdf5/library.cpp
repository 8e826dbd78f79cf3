#include "formats/hdf5/library.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include <functionfuse/error.hpp>

#include "io/error.hpp"

namespace functionfuse::formats::hdf5 {
namespace {

// Never destroyed: sources that live as long as the program use it after main().
std::mutex& library_mutex() {
  static std::mutex& mutex = *new std::mutex;
  return mutex;
}

/// Whether the library has failed yet. In a damaged file it forgets to free some of what it has
/// (1.10.8), and complains when the process ends, where it may print: "infinite loop closing
/// library".
std::atomic<bool> failed = false;

/// The errno in a text such as "file write failed: ..., errno = 28, error message = '...'".
int error_number(const char* text) {
  const char* at = std::strstr(text, "errno = ");
  return at == nullptr ? 0 : std::atoi(at + std::strlen("errno = "));
}

/// The place in a text such as "damaged at byte 800: ...".
std::optional<std::uint64_t> damaged_byte(const char* text) {
  constexpr const char* begin = "damaged at byte ";
  const char* at = std::strstr(text, begin);
  if (at == nullptr) return {};
  return std::strtoull(at + std::strlen(begin), nullptr, 10);
}

/// Called from the cause outwards.
herr_t look_at(unsigned, const H5E_error2_t* entry, void* data) {
  auto& failure = *static_cast<Failure*>(data);
  const char* text = entry->desc == nullptr ? "" : entry->desc;
  if (failure.text.empty()) failure.text = text;
  if (failure.error == 0) failure.error = error_number(text);
  if (!failure.offset) failure.offset = damaged_byte(text);
  return 0;
}

}  // namespace

Lock::Lock() {
  library_mutex().lock();
  // Kept by the library for each thread.
  H5Eget_auto2(H5E_DEFAULT, &print_, &print_data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Lock::~Lock() {
  if (!failed) H5Eset_auto2(H5E_DEFAULT, print_, print_data_);
  library_mutex().unlock();
}

Failure last_failure() {
  failed = true;
  Failure failure;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, look_at, &failure);
  return failure;
}

void fail_reading(const std::string& path, const std::string& place, const std::string& what) {
  const Failure failure = last_failure();
  if (failure.error != 0) io::fail("read", path, failure.error);
  throw CorruptError(place + ": " + what + (failure.text.empty() ? "" : ": " + failure.text),
                     failure.offset);
}

void fail_writing(const std::string& path, const std::string& place, const std::string& what) {
  const Failure failure = last_failure();
  if (failure.error != 0) io::fail("write", path, failure.error);
  throw Error(Errc::io, place + ": " + what + (failure.text.empty() ? "" : ": " + failure.text));
}

Properties file_access() {
  Properties access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG);
  H5Pset_file_locking(access.id(), false, true);
  return access;
}

std::vector<hsize_t> to_hsize(const Shape& shape) { return {shape.begin(), shape.end()}; }

bool write_text(hid_t object, const char* name, const std::string& text) {
  const Type type(H5Tcopy(H5T_C_S1));
  const Space space(H5Screate(H5S_SCALAR));
  H5Tset_size(type.id(), text.empty() ? 1 : text.size());
  H5Tset_strpad(type.id(), H5T_STR_NULLPAD);
  const Attribute attribute(
      H5Acreate2(object, name, type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT));
  return attribute && H5Awrite(attribute.id(), type.id(), text.c_str()) >= 0;
}

std::string read_text(hid_t object, const char* name) {
  constexpr std::size_t kLongest = 60'000;  // what fits into an object's header
  if (H5Aexists(object, name) <= 0) return {};
  const Attribute attribute(H5Aopen(object, name, H5P_DEFAULT));
  if (!attribute) return {};
  const Type type(H5Aget_type(attribute.id()));
  const Space space(H5Aget_space(attribute.id()));
  if (H5Tget_class(type.id()) != H5T_STRING || H5Tis_variable_str(type.id()) != 0 ||
      H5Sget_simple_extent_type(space.id()) != H5S_SCALAR) {
    return {};
  }
  const std::size_t size = H5Tget_size(type.id());
  if (size == 0 || size > kLongest) return {};
  std::string text(size, '\0');
  if (H5Aread(attribute.id(), type.id(), text.data()) < 0) return {};
  text.resize(std::strlen(text.c_str()));
  return text;
}

}  // namespace functionfuse::formats::hdf5
