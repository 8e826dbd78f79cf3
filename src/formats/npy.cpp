#include "formats/npy.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <functionfuse/arrays/compute_options.hpp>
#include <functionfuse/error.hpp>

#include "io/new_file.hpp"

namespace functionfuse::formats {
namespace {

/// Every field behind the one before it: numpy's `descr` can then say where they are.
bool has_descr(const DType& dtype) {
  if (dtype.is_subarray()) return has_descr(dtype.base());
  std::size_t end = 0;
  return std::ranges::all_of(dtype.fields(), [&](const Field& field) {
    const bool in_order = field.offset >= end;
    end = field.offset + field.dtype.itemsize();
    return in_order && has_descr(field.dtype);
  });
}

/// Nothing where a character is beyond Latin-1. \pre utf8 is valid
bool to_latin1(const std::string& utf8, std::string& latin1) {
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if (c < 0x80) {
      latin1 += utf8[i];
    } else if (c == 0xC2 || c == 0xC3) {
      latin1 += static_cast<char>((c & 3u) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3Fu));
    } else {
      return false;
    }
  }
  return true;
}

std::string little_endian(std::size_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

/// Writes chunks to where their elements are in the file.
class NpySink final : public ChunkSink {
 public:
  NpySink(int fd, io::Where where, std::uint64_t begin, const DType& dtype, const Chunks& chunks)
      : fd_(fd), where_(where), begin_(begin), chunks_(chunks), strides_(chunks.ndim()) {
    std::uint64_t stride = dtype.itemsize();
    for (std::size_t axis = chunks.ndim(); axis-- > 0;) {
      strides_[axis] = stride;
      stride *= static_cast<std::uint64_t>(chunks.shape()[axis]);
    }
  }

  void write(std::size_t number, const NdArray& block) override {
    const Shape origin = chunks_.origin_of(chunks_.index(number));
    std::uint64_t at = begin_;
    for (std::size_t axis = 0; axis < origin.size(); ++axis) {
      at += static_cast<std::uint64_t>(origin[axis]) * strides_[axis];
    }
    if (block.nbytes() != 0) write_part(block, 0, at);
  }
  [[nodiscard]] std::size_t extra_bytes() const override { return kBuffer; }

 private:
  /// \param axis  of the array, that is the part's first
  void write_part(const NdArray& part, std::size_t axis, std::uint64_t at) {
    if (part.is_c_contiguous()) return write_runs(part, part.data(), axis, at);
    if (part.nbytes() <= kBuffer || part.ndim() == 0) {
      std::vector<std::byte> buffer(part.nbytes());
      part.copy_to(buffer.data());
      return write_runs(part, buffer.data(), axis, at);
    }
    const std::int64_t length = part.shape()[0];
    const std::size_t row = part.nbytes() / static_cast<std::size_t>(length);
    if (row > kBuffer / 2) {
      for (std::int64_t i = 0; i < length; ++i) {
        write_part(part[i], axis + 1, at + static_cast<std::uint64_t>(i) * strides_[axis]);
      }
      return;
    }
    const auto step = static_cast<std::int64_t>(kBuffer / row);
    for (std::int64_t i = 0; i < length; i += step) {
      write_part(part.slice({{.start = i, .stop = std::min(length, i + step)}}), axis,
                 at + static_cast<std::uint64_t>(i) * strides_[axis]);
    }
  }

  /// \param data  the part's elements in C order
  void write_runs(const NdArray& part, const std::byte* data, std::size_t axis, std::uint64_t at) {
    // The axes from `inner` on are as long as the array's: what they span is one run in the file.
    const Shape& shape = part.shape();
    std::size_t run = part.dtype().itemsize();
    std::size_t inner = shape.size();
    while (inner > 0) {
      --inner;
      run *= static_cast<std::size_t>(shape[inner]);
      if (shape[inner] != chunks_.shape()[axis + inner]) break;
    }
    std::vector<std::int64_t> index(inner, 0);
    for (;;) {
      std::uint64_t place = at;
      for (std::size_t i = 0; i < inner; ++i) {
        place += static_cast<std::uint64_t>(index[i]) * strides_[axis + i];
      }
      io::pwrite_all(fd_, place, data, run, where_);
      data += run;
      std::size_t i = inner;
      while (i > 0 && ++index[i - 1] == shape[i - 1]) index[--i] = 0;
      if (i == 0) return;
    }
  }

  static constexpr std::size_t kBuffer = 1 << 20;

  const int fd_;
  const io::Where where_;
  const std::uint64_t begin_;
  const Chunks chunks_;
  std::vector<std::uint64_t> strides_;  // of the file, in bytes
};

/// Bytes of a chunk of this shape that lie one behind the other in an array of `shape`.
std::size_t run_of(const Shape& chunk, const Shape& shape, std::size_t itemsize) {
  std::size_t run = itemsize;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    run *= static_cast<std::size_t>(chunk[axis]);
    if (chunk[axis] != shape[axis]) break;
  }
  return run;
}

/// Chunks of columns are a million writes of a few bytes each. Where that takes longer than to read
/// what they are made of a few times, others are made of them first: as wide as it takes, and as
/// low as the memory limit wants.
ChunkedArray with_long_runs(const ChunkedArray& array, const ComputeOptions& compute) {
  constexpr std::size_t kLong = 4096;    // bytes
  constexpr double kBytesAWrite = 2000;  // are read in the time of one write
  const Shape& shape = array.shape();
  const Shape& old = array.chunks().chunksize();
  const std::size_t itemsize = array.dtype().itemsize();
  const std::size_t run = run_of(old, shape, itemsize);
  if (run >= kLong || array.nbytes() == 0) return array;

  Shape chunk = old;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const std::size_t now = run_of(chunk, shape, itemsize);
    if (now >= kLong) break;
    const auto times = static_cast<std::int64_t>((kLong + now - 1) / now);
    chunk[axis] = std::min(shape[axis],
                           chunk[axis] > shape[axis] / times ? shape[axis] : chunk[axis] * times);
  }
  const std::size_t limit = compute.memory_limit != 0 ? compute.memory_limit : memory_limit();
  const std::size_t most = std::max(kLong, limit / 8);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::size_t bytes = NdArray::nbytes_of(array.dtype(), chunk);
    if (bytes <= most) break;
    const auto slice = bytes / static_cast<std::size_t>(chunk[axis]);
    chunk[axis] = std::max<std::int64_t>(1, static_cast<std::int64_t>(most / slice));
  }
  double times_read = 1;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    times_read *= static_cast<double>((old[axis] + chunk[axis] - 1) / chunk[axis]);
  }
  if (times_read * static_cast<double>(run) > kBytesAWrite) return array;
  return array.rechunk(chunk);
}

/// So that a full disk is known before hours of computing. Where the file system can't, the file
/// only gets its length.
void take_room(int fd, std::uint64_t bytes, const io::Where& where) {
  const auto size = static_cast<off_t>(bytes);
  while (::fallocate(fd, 0, 0, size) != 0) {
    if (errno == EINTR) continue;
    if (errno != EOPNOTSUPP && errno != ENOSYS) io::fail("write", where, errno);
    if (::ftruncate(fd, size) != 0) io::fail("write", where, errno);
    return;
  }
}

}  // namespace

std::string npy_header(const DType& dtype, const Shape& shape) {
  if (!has_descr(dtype)) {
    throw UnsupportedError("a .npy file can't say where the fields of the dtype " +
                           dtype.to_string() + " are, as they overlap or are out of order");
  }
  const std::string descr = dtype.is_structured() ? dtype.repr() : "'" + dtype.str() + "'";
  std::string text =
      "{'descr': " + descr + ", 'fortran_order': False, 'shape': " + shape_text(shape) + ", }";
  // numpy leaves room for an array that grows along its first axis.
  constexpr std::size_t kDigits = 21;
  if (!shape.empty()) text.append(kDigits - std::to_string(shape[0]).size(), ' ');

  std::string latin1;
  const bool is_latin1 = to_latin1(text, latin1);
  if (is_latin1) text = latin1;
  constexpr std::size_t kMagic = 8, kAlign = 64, kMostOfVersion1 = 0xFFFF;
  auto padded = [&](std::size_t length_bytes) {
    return text.size() + 1 + kAlign - (kMagic + length_bytes + text.size() + 1) % kAlign;
  };
  const std::size_t length_bytes = is_latin1 && padded(2) <= kMostOfVersion1 ? 2 : 4;
  const std::size_t length = padded(length_bytes);
  text.resize(length - 1, ' ');
  std::string header = "\x93NUMPY";
  header += length_bytes == 2 ? '\1' : is_latin1 ? '\2' : '\3';
  header += '\0';
  return header + little_endian(length, length_bytes) + text + '\n';
}

void save_npy(const std::filesystem::path& file, const ChunkedArray& array,
              const ComputeOptions& compute) {
  const std::string header = npy_header(array.dtype(), array.shape());
  const io::Folder folder(std::filesystem::absolute(file).parent_path().string());
  const std::string name = file.filename().string();
  const io::Where where = folder.where(name);
  io::NewFile made(folder);
  take_room(made.fd(), header.size() + array.nbytes(), where);
  io::pwrite_all(made.fd(), 0, header.data(), header.size(), where);
  const ChunkedArray written = with_long_runs(array, compute);
  NpySink sink(made.fd(), where, header.size(), written.dtype(), written.chunks());
  written.store(sink, compute);
  made.commit_over(name);
}

}  // namespace functionfuse::formats
