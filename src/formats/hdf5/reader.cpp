#include "formats/hdf5/reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <span>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <functionfuse/error.hpp>

#include "arrays/strided.hpp"
#include "formats/hdf5/codec.hpp"
#include "formats/hdf5/layout.hpp"
#include "formats/hdf5/packed.hpp"
#include "formats/hdf5/read_driver.hpp"
#include "formats/hdf5/type.hpp"

namespace functionfuse::formats::hdf5 {
namespace {

constexpr const char* kCure =
    "; a node that uses it has it computed again, otherwise remove its task and run the workflow";
constexpr std::size_t kPiece = std::size_t{16} << 20;  // of data that has no chunks
constexpr std::uint64_t kFewPieces = std::uint64_t{1} << 22;
constexpr std::size_t kKeptSums = std::size_t{1} << 22;
constexpr std::size_t kMostNames = 20;

/// "a, b and c", for messages.
std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

herr_t add_name(hid_t, const char* name, const H5L_info_t*, void* data) {
  static_cast<std::vector<std::string>*>(data)->emplace_back(name);
  return 0;
}

bool is_group(hid_t in, const std::string& name) {
  H5O_info_t info;  // the basic part of it: the rest costs a walk of all its chunks
  return H5Oget_info_by_name2(in, name.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 &&
         info.type == H5O_TYPE_GROUP;
}

/// Pieces of about kPiece bytes that lie in one run each: the last axes whole, one cut, the first
/// ones of length 1.
Shape contiguous_pieces(const Shape& shape, std::size_t itemsize) {
  Shape piece(shape.size(), 1);
  std::size_t bytes = itemsize;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const auto length = static_cast<std::size_t>(shape[axis]);
    if (bytes > kPiece / length) {
      piece[axis] = static_cast<std::int64_t>(std::max<std::size_t>(kPiece / bytes, 1));
      break;
    }
    piece[axis] = shape[axis];
    bytes *= length;
  }
  return piece;
}

std::size_t bytes_of(const Shape& shape, std::size_t itemsize) {
  for (const std::int64_t length : shape) itemsize *= static_cast<std::size_t>(length);
  return itemsize;
}

}  // namespace

Reader::Reader(std::string path_, std::string dataset_)
    : path(std::move(path_)), dataset(std::move(dataset_)), name_in_file_(dataset) {
  const Lock lock;
  try {
    open_file();
    find_dataset();
    open_owner();
    open_dataset();
  } catch (...) {  // handles close under the lock
    memory_.reset();
    set.reset();
    file.reset();
    throw;
  }
  // What is read without the library does not need its file.
  if (mode == Mode::no_bytes || mode == Mode::direct) {
    memory_.reset();
    set.reset();
    file.reset();
  }
}

Reader::~Reader() {
  if (!file && !set && !memory_) return;
  const Lock lock;
  memory_.reset();
  set.reset();
  file.reset();
}

std::string Reader::place() const { return place_of(path, dataset); }
std::string Reader::place(std::size_t number) const {
  return place_of(path, dataset, chunks, number);
}

// ---------------------------------------------------------------------------------- opening ----

void Reader::open_file() {
  io::FileInfo on_disk;
  if (!io::info_if_there(path, on_disk)) throw NotFoundError("there is no file " + path);
  if (on_disk.folder) throw NotFoundError(path + " is a folder, not an HDF5 file");
  if (!on_disk.regular) throw NotFoundError(path + " is not a file");

  const Properties access = file_access();
  use_read_driver(access);
  file = File(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()));
  if (!file) {
    const Failure failure = last_failure();
    if (failure.error == ENOENT) throw NotFoundError("there is no file " + path);
    if (failure.error != 0) io::fail("open", path, failure.error);
    if (on_disk.size == 0) throw CorruptError("file " + path + " is empty", 0);
    throw CorruptError(
        "file " + path + " is not an HDF5 file, was cut short or is damaged: " + failure.text,
        failure.offset);
  }
}

/// Links lead to other files too: the one that the dataset lies in.
void Reader::open_owner() {
  file = File(H5Iget_file_id(set.id()));
  void* handle = nullptr;
  if (!file || H5Fget_vfd_handle(file.id(), H5P_DEFAULT, &handle) < 0 || handle == nullptr) {
    fail_reading(path, place(), "its file descriptor is not known");
  }
  // The very file that the library has open, whatever happened to its name.
  fd.reset(::fcntl(*static_cast<const int*>(handle), F_DUPFD_CLOEXEC, 0));
  if (!fd) io::fail("open", path, errno);
  file_size = io::info(fd.get(), path).size;

  const Properties creation(H5Fget_create_plist(file.id()));
  hsize_t userblock = 0;
  has_userblock_ = !creation || H5Pget_userblock(creation.id(), &userblock) < 0 || userblock != 0;

  std::string name(1024, '\0');
  const ssize_t length = H5Iget_name(set.id(), name.data(), name.size());
  if (length > 0 && static_cast<std::size_t>(length) < name.size()) {
    name.resize(static_cast<std::size_t>(length));
    name_in_file_ = name;
  }
}

std::vector<std::string> Reader::names_near(const std::string& group) const {
  std::vector<std::string> names;
  const Object in(H5Oopen(file.id(), group.empty() ? "/" : group.c_str(), H5P_DEFAULT));
  if (in && H5Iget_type(in.id()) == H5I_GROUP) {
    // In their own order: to sort them the library makes a table of all, which it frees before it
    // is filled where one cannot be read.
    H5Literate(in.id(), H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, add_name, &names);
  }
  std::sort(names.begin(), names.end());
  const bool too_many = names.size() > kMostNames;
  if (too_many) names.resize(kMostNames);
  for (std::string& name : names) {
    if (is_group(in.id(), name)) name += '/';
  }
  if (too_many) names.emplace_back("...");
  return names;
}

void Reader::find_dataset() {
  const auto fail = [&](const std::string& why, const std::string& group) {
    const std::vector<std::string> names = names_near(group);
    throw NotFoundError(
        "file " + path + " has no dataset " + dataset + why +
        (names.empty() ? ": there is nothing in it" : ": there are " + list_of(names)));
  };
  std::string group;
  std::string name;
  for (std::size_t begin = 0; begin < dataset.size();) {
    const std::size_t end = std::min(dataset.find('/', begin), dataset.size());
    if (end > begin) {
      group = name;
      if (!name.empty()) name += '/';
      name.append(dataset, begin, end - begin);
      const htri_t there = H5Lexists(file.id(), name.c_str(), H5P_DEFAULT);
      if (there < 0) fail_reading(path, place(), "its name cannot be looked up");
      if (there == 0) fail("", group);
    }
    begin = end + 1;
  }
  if (name.empty()) fail(" (a name is needed)", group);

  const Object object(H5Oopen(file.id(), name.c_str(), H5P_DEFAULT));
  if (!object) {
    const Failure failure = last_failure();
    H5L_info_t link;
    if (!failure.offset && H5Lget_info(file.id(), name.c_str(), &link, H5P_DEFAULT) >= 0 &&
        link.type != H5L_TYPE_HARD) {
      throw NotFoundError(place() +
                          ": it is a link, and what it leads to is not there: " + failure.text);
    }
    if (failure.error != 0) io::fail("read", path, failure.error);
    throw CorruptError(place() + ": it cannot be opened: " + failure.text, failure.offset);
  }
  if (H5Iget_type(object.id()) == H5I_GROUP) fail(": that is a group", name);
  if (H5Iget_type(object.id()) != H5I_DATASET) fail(": that is something else", group);
  set = Dataset(H5Dopen2(file.id(), name.c_str(), H5P_DEFAULT));
  if (!set) fail_reading(path, place(), "it cannot be opened");
}

void Reader::open_dataset() {
  const Type type(H5Dget_type(set.id()));
  const Space space(H5Dget_space(set.id()));
  const Properties properties(H5Dget_create_plist(set.id()));
  if (!type || !space || !properties) fail_reading(path, place(), "it cannot be opened");

  NumpyType numpy = from_hdf5(type.id(), place());
  memory_ = std::move(numpy.memory);
  if (H5Sget_simple_extent_type(space.id()) == H5S_NULL) {
    throw UnsupportedError(place() + " has no elements and no shape (an HDF5 null dataspace)");
  }
  const int rank = H5Sget_simple_extent_ndims(space.id());
  if (rank < 0 || rank > static_cast<int>(DType::kMaxRank)) {
    throw UnsupportedError(place() + " has " + std::to_string(rank) +
                           " axes: at most 32 are possible");
  }
  rank_ = static_cast<std::size_t>(rank);
  std::vector<hsize_t> lengths(rank_);
  if (rank_ > 0 && H5Sget_simple_extent_dims(space.id(), lengths.data(), nullptr) < 0) {
    fail_reading(path, place(), "its shape cannot be read");
  }
  Shape shape;
  for (const hsize_t length : lengths) {
    if (length > static_cast<hsize_t>(std::numeric_limits<std::int64_t>::max())) {
      throw CorruptError(place() + ": it claims a length of " + std::to_string(length));
    }
    shape.push_back(static_cast<std::int64_t>(length));
  }

  itemsize = numpy.dtype.itemsize();
  file_itemsize_ = H5Tget_size(type.id());
  dtype = numpy.dtype.base();
  Shape more = numpy.dtype.shape();
  if (const std::string text = itemsize == 1 ? read_text(set.id(), kDType) : ""; !text.empty()) {
    try {
      dtype = text == "[]" ? DType::packed({}) : DType::parse(text);
    } catch (const Error& e) {
      throw CorruptError(place() + ": its attribute dtype is none: " + e.what());
    }
    if (dtype.itemsize() != 0) {
      throw CorruptError(place() + ": its attribute dtype says " + text +
                         ", which is only for elements without bytes");
    }
    more.clear();
  }
  if (rank_ + more.size() > DType::kMaxRank) {
    throw UnsupportedError(place() + " has more than 32 axes, with those of its elements");
  }
  Shape whole = shape;
  whole.insert(whole.end(), more.begin(), more.end());
  try {
    static_cast<void>(NdArray::nbytes_of(dtype, whole));
  } catch (const Error& e) {
    throw CorruptError(place() + ": it claims too much: " + e.what());
  }

  read_filters(properties.id());
  info.chunked = H5Pget_layout(properties.id()) == H5D_CHUNKED;
  if (!has_bytes(dtype, whole)) {
    mode = Mode::no_bytes;
    chunks = one_chunk(whole);
    info.checksums = Hdf5Info::Checksums::complete;  // there is nothing that could change
  } else {
    raw_ = numpy.raw;
    choose_mode(properties.id(), shape, raw_);
    Shape piece = shape;
    if (info.chunked) {
      std::vector<hsize_t> dims(rank_);
      if (rank_ == 0 ||
          H5Pget_chunk(properties.id(), static_cast<int>(rank_), dims.data()) != rank) {
        fail_reading(path, place(), "its chunks cannot be read");
      }
      for (std::size_t axis = 0; axis < rank_; ++axis) {
        if (dims[axis] == 0 || dims[axis] > kMaxChunk) {
          throw CorruptError(place() + ": it claims a chunk of length " +
                             std::to_string(dims[axis]));
        }
        piece[axis] = static_cast<std::int64_t>(dims[axis]);
      }
    } else {
      piece = contiguous_pieces(shape, itemsize);
    }
    make_grid(shape, std::move(piece), more);
  }
  logical = chunks;
  if (more.empty() && rank_ > 0) open_logical();
}

void Reader::read_filters(hid_t properties) {
  const int count = H5Pget_nfilters(properties);
  if (count < 0) fail_reading(path, place(), "its filters cannot be read");
  filter_count_ = static_cast<unsigned>(count);
  for (unsigned i = 0; i < filter_count_; ++i) {
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    char given_name[64] = {};
    H5Pget_filter2(properties, i, &flags, &values, nullptr, 0, nullptr, &config);
    std::vector<unsigned> value(std::max<std::size_t>(values, 1));
    const H5Z_filter_t id = H5Pget_filter2(properties, i, &flags, &values, value.data(),
                                           sizeof given_name, given_name, &config);
    given_name[sizeof given_name - 1] = '\0';
    std::string name;
    const auto at = static_cast<int>(i);
    switch (id) {
      case H5Z_FILTER_DEFLATE:
        name = "deflate " + std::to_string(value[0]);
        deflate = static_cast<int>(std::min(value[0], 9U));
        own_filters_ = own_filters_ && deflate_at_ < 0;
        deflate_at_ = at;
        break;
      case H5Z_FILTER_SHUFFLE:
        name = "shuffle";
        shuffle = true;
        shuffle_size_ = values > 0 ? value[0] : 0;
        own_filters_ = own_filters_ && shuffle_at_ < 0 && deflate_at_ < 0 && shuffle_size_ > 0;
        shuffle_at_ = at;
        break;
      case H5Z_FILTER_FLETCHER32:
        name = "fletcher32";
        own_filters_ = own_filters_ && fletcher_at_ < 0 && at + 1 == count;
        fletcher_at_ = at;
        break;
      case H5Z_FILTER_SZIP:
        name = "szip";
        own_filters_ = false;
        break;
      case H5Z_FILTER_NBIT:
        name = "nbit";
        own_filters_ = false;
        break;
      case H5Z_FILTER_SCALEOFFSET:
        name = "scaleoffset";
        own_filters_ = false;
        break;
      default:
        name = given_name[0] != '\0' ? given_name : "filter";
        name += " (" + std::to_string(id) + ")";
        own_filters_ = false;
    }
    if (id < 0) fail_reading(path, place(), "its filters cannot be read");
    if (H5Zfilter_avail(id) <= 0 && id != H5Z_FILTER_DEFLATE && id != H5Z_FILTER_SHUFFLE) {
      throw UnsupportedError(place() + " is stored with the filter " + name +
                             ", which this HDF5 library does not have: install it as a plugin "
                             "(HDF5_PLUGIN_PATH), or copy the file with another compression");
    }
    info.filters.push_back(std::move(name));
    value.resize(values);
    filters_.push_back({id, std::move(value)});
  }
}

void Reader::choose_mode(hid_t properties, const Shape& shape, bool raw) {
  mode = Mode::library;
  switch (H5Pget_layout(properties)) {
    case H5D_CHUNKED: {
      check_chunk_size(properties);
      unsigned options = 0;
      edges_are_plain_ = H5Pget_chunk_opts(properties, &options) < 0 || options != 0;
      if (!own_filters_ || (filter_count_ > 0 && edges_are_plain_)) break;
      if (filter_count_ > 0) {
        // The library does not look how long a chunk is that came out of its filters.
        mode = Mode::chunks;
        break;
      }
      if (!raw) break;
      H5D_chunk_index_t index{};
      if (H5Dget_chunk_index_type(set.id(), &index) < 0) {
        fail_reading(path, place(), "its chunks cannot be found");
      }
      // The old B-tree says a size for each chunk, which may be wrong, and which H5Dread_chunk
      // believes: it would write behind the buffer.
      if (index != H5D_CHUNK_IDX_BTREE) mode = Mode::chunks;
      if (!has_userblock_ && (index == H5D_CHUNK_IDX_NONE || index == H5D_CHUNK_IDX_SINGLE) &&
          find_run(properties, shape)) {
        mode = Mode::direct;
      }
      break;
    }
    case H5D_CONTIGUOUS: {
      const haddr_t at = H5Dget_offset(set.id());
      std::uint64_t end = 0;
      if (!raw || at == HADDR_UNDEF || H5Pget_external_count(properties) != 0) break;
      if (__builtin_add_overflow(at, bytes_of(shape, itemsize), &end) || end > file_size) {
        throw CorruptError(place() + ": its data ends beyond the file, which has " +
                           std::to_string(file_size) + " bytes: it was cut short");
      }
      mode = Mode::direct;
      is_contiguous = true;
      base = at;
      break;
    }
    case H5D_COMPACT:
      // The library copies from behind the end.
      if (H5Dget_storage_size(set.id()) < bytes_of(shape, file_itemsize_)) {
        throw CorruptError(place() + ": it has less data than its shape says");
      }
      break;
    default:
      break;
  }
}

/// The library believes what it reads of a chunk's size, and copies from behind its end.
void Reader::check_chunk_size(hid_t properties) const {
  std::vector<hsize_t> lengths(rank_), most(rank_), piece(rank_);
  const Space space(H5Dget_space(set.id()));
  if (H5Sget_simple_extent_dims(space.id(), lengths.data(), most.data()) < 0 ||
      H5Pget_chunk(properties, static_cast<int>(rank_), piece.data()) < 0) {
    fail_reading(path, place(), "its chunks cannot be found");
  }
  std::uint64_t expected = file_itemsize_;
  for (std::size_t axis = 0; axis < rank_; ++axis) {
    if (piece[axis] == 0 || piece[axis] > most[axis] ||
        __builtin_mul_overflow(expected, piece[axis], &expected)) {
      throw CorruptError(place() + ": it claims chunks that are longer than it may become");
    }
  }
  if (filter_count_ > 0) return;
  const std::vector<hsize_t> first(rank_);
  unsigned skipped = 0;
  haddr_t at = HADDR_UNDEF;
  hsize_t size = 0;
  if (H5Dget_chunk_info_by_coord(set.id(), first.data(), &skipped, &at, &size) < 0) {
    fail_reading(path, place(), "its chunks cannot be found");
  }
  if (at != HADDR_UNDEF && size != expected) {
    throw CorruptError(place() + ": its first chunk has " + std::to_string(size) + " bytes, not " +
                       std::to_string(expected));
  }
}

/// Whether the chunks lie one behind the other, which `base` is then the begin of.
bool Reader::find_run(hid_t properties, const Shape& shape) {
  // A shape that may yet grow has gaps in the run.
  const Space space(H5Dget_space(set.id()));
  std::vector<hsize_t> now(rank_), most(rank_);
  if (H5Sget_simple_extent_dims(space.id(), now.data(), most.data()) < 0 || now != most) {
    return false;
  }
  // Asked for once: each such question costs the library a walk from the first chunk.
  const std::vector<hsize_t> first(rank_);
  unsigned skipped = 0;
  haddr_t at = HADDR_UNDEF;
  hsize_t size = 0;
  if (H5Dget_chunk_info_by_coord(set.id(), first.data(), &skipped, &at, &size) < 0) {
    fail_reading(path, place(), "its chunks cannot be found");
  }
  if (at == HADDR_UNDEF) return false;

  std::vector<hsize_t> piece(rank_);
  H5Pget_chunk(properties, static_cast<int>(rank_), piece.data());
  std::uint64_t bytes = itemsize;
  bool too_many = false;
  for (std::size_t axis = 0; axis < rank_; ++axis) {
    if (piece[axis] == 0) return false;
    const auto length = static_cast<std::uint64_t>(shape[axis]);
    const std::uint64_t padded = (length - 1) / piece[axis] + 1;
    too_many = too_many || __builtin_mul_overflow(bytes, padded, &bytes) ||
               __builtin_mul_overflow(bytes, piece[axis], &bytes);
  }
  std::uint64_t end = 0;
  if (too_many || __builtin_add_overflow(bytes, at, &end) || end > file_size) {
    throw CorruptError(place() + ": its chunks end beyond the file, which has " +
                       std::to_string(file_size) + " bytes: it was cut short");
  }
  base = at;
  return true;
}

/// Pieces cost memory, 16 bytes each along an axis, and a file of a kilobyte can claim 2^63.
std::uint64_t Reader::most_pieces() const {
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) io::fail("look at", path, errno);
  return std::max(kFewPieces, static_cast<std::uint64_t>(st.st_blocks) * 512);
}

void Reader::make_grid(const Shape& shape, Shape piece, const Shape& more) {
  std::uint64_t pieces = 0;
  std::size_t stored = itemsize;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    pieces += static_cast<std::uint64_t>((shape[axis] - 1) / piece[axis] + 1);
    if (__builtin_mul_overflow(stored, static_cast<std::size_t>(piece[axis]), &stored)) stored = 0;
    if (stored == 0 || pieces > (std::uint64_t{1} << 62)) break;
  }
  if (stored == 0 || (info.chunked && stored > kMaxChunk)) {
    throw CorruptError(place() + ": it claims chunks of more than 4 GiB");
  }
  if (pieces > most_pieces()) {
    throw UnsupportedError(place() + " claims " + std::to_string(pieces) +
                           " chunks along its axes, more than there are bytes in the file");
  }
  stored_shape = piece;
  stored_bytes = stored;
  file_bytes_ = stored / itemsize * file_itemsize_;
  stored_shape.insert(stored_shape.end(), more.begin(), more.end());
  Shape whole = shape;
  whole.insert(whole.end(), more.begin(), more.end());
  try {
    chunks = Chunks::regular(whole, stored_shape);
  } catch (const Error& e) {
    throw CorruptError(place() + ": it claims too much: " + e.what());
  }

  if (mode == Mode::direct) {
    info.stored_bytes = is_contiguous ? bytes_of(shape, itemsize) : chunks.count() * stored_bytes;
  } else {
    info.stored_bytes = H5Dget_storage_size(set.id());
  }
  if (mode == Mode::direct || mode == Mode::chunks) open_checksums(shape.size());
}

void Reader::open_checksums(std::size_t rank) {
  const std::string name = checksums_name(name_in_file_);
  const htri_t there = H5Lexists(file.id(), name.c_str(), H5P_DEFAULT);
  if (there < 0) fail_reading(path, place(), "the name of its checksums cannot be looked up");
  if (there == 0) return;
  const Dataset sums(H5Dopen2(file.id(), name.c_str(), H5P_DEFAULT));
  if (!sums) fail_reading(path, place(), "its checksums cannot be opened");

  const std::string expected =
      stored_as(info.chunked ? stored_shape : Shape(), shuffle, deflate_at_ < 0 ? 0 : deflate);
  const std::string said = read_text(sums.id(), kStoredAs);
  if (said != expected) return;  // of other bytes: another program has stored the data anew
  const std::string algorithm = read_text(sums.id(), kAlgorithm);
  if (algorithm != kXxh3) {
    throw UnsupportedError(place() + " has checksums of an unknown kind, \"" + algorithm +
                           "\": a newer version of this library wrote them. Remove the dataset " +
                           name + " to read without them");
  }

  const Type type(H5Dget_type(sums.id()));
  const Space space(H5Dget_space(sums.id()));
  std::vector<hsize_t> lengths(DType::kMaxRank);
  const int found_rank = H5Sget_simple_extent_ndims(space.id());
  if (H5Tequal(type.id(), H5T_STD_U64LE) <= 0 || found_rank != static_cast<int>(rank) ||
      H5Sget_simple_extent_dims(space.id(), lengths.data(), nullptr) < 0) {
    throw CorruptError(place() + ": its checksums are of another type or rank");
  }
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (lengths[axis] != static_cast<hsize_t>(chunks.numblocks()[axis])) {
      throw CorruptError(place() + ": its checksums are not one for each chunk");
    }
  }
  const haddr_t at = H5Dget_offset(sums.id());
  if (at == HADDR_UNDEF) {
    throw UnsupportedError(place() +
                           ": its checksums are not stored in one run; another program "
                           "has written the file anew. Remove the dataset " +
                           name + " to read without them");
  }
  std::uint64_t end = 0;
  if (__builtin_mul_overflow(std::uint64_t{8}, chunks.count(), &end) ||
      __builtin_add_overflow(end, at, &end) || end > file_size) {
    throw CorruptError(place() + ": its checksums end beyond the file: it was cut short");
  }
  checksums_at = at;
  scan_checksums();
}

void Reader::scan_checksums() {
  constexpr std::size_t kPart = 1 << 16;
  const std::size_t count = chunks.count();
  std::vector<std::uint64_t> part(std::min(count, kPart));
  info.checksums = Hdf5Info::Checksums::complete;
  const bool keep = count <= kKeptSums;
  for (std::size_t begin = 0; begin < count; begin += kPart) {
    const std::size_t n = std::min(count - begin, kPart);
    io::read_all(fd.get(), checksums_at + 8 * begin, part.data(), 8 * n, path);
    const auto end = part.begin() + static_cast<std::ptrdiff_t>(n);
    if (std::find(part.begin(), end, 0) != end) {
      info.checksums = Hdf5Info::Checksums::incomplete;
      if (!keep) break;
    }
    if (keep) sums_.insert(sums_.end(), part.begin(), end);
  }
}

std::uint64_t Reader::checksum(std::size_t number) const {
  if (checksums_at == 0) return 0;
  if (number < sums_.size()) return sums_[number];
  std::uint64_t sum = 0;
  io::read_all(fd.get(), checksums_at + 8 * number, &sum, sizeof sum, path);
  return sum;
}

void Reader::open_logical() {
  std::vector<std::vector<std::int64_t>> lengths;
  const htri_t there = H5Lexists(file.id(), lengths_name(name_in_file_, 0).c_str(), H5P_DEFAULT);
  if (there < 0) fail_reading(path, place(), "the name of its chunks cannot be looked up");
  if (there == 0) return;
  for (std::size_t axis = 0; axis < rank_; ++axis) lengths.push_back(read_lengths(axis));
  try {
    logical = Chunks(std::move(lengths));
  } catch (const Error& e) {
    throw CorruptError(place() + ": the lengths of its chunks are not valid: " + e.what());
  }
  if (logical.shape() != chunks.shape()) {
    throw CorruptError(place() + ": the lengths of its chunks do not add up to its shape");
  }
}

std::vector<std::int64_t> Reader::read_lengths(std::size_t axis) {
  const std::string name = lengths_name(name_in_file_, axis);
  const std::string where = place_of(path, name);
  const Dataset set_of_lengths(H5Dopen2(file.id(), name.c_str(), H5P_DEFAULT));
  if (!set_of_lengths) fail_reading(path, where, "it cannot be opened");
  const Type type(H5Dget_type(set_of_lengths.id()));
  const Space space(H5Dget_space(set_of_lengths.id()));
  const hssize_t count = H5Sget_simple_extent_npoints(space.id());
  if (H5Tequal(type.id(), H5T_STD_I64LE) <= 0 || H5Sget_simple_extent_ndims(space.id()) != 1 ||
      count < 1 || static_cast<std::uint64_t>(count) > most_pieces()) {
    throw CorruptError(where + ": these are not the lengths of chunks");
  }
  std::vector<std::int64_t> lengths(static_cast<std::size_t>(count));
  if (H5Dread(set_of_lengths.id(), H5T_STD_I64LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, lengths.data()) <
      0) {
    fail_reading(path, where, "it cannot be read");
  }
  std::uint64_t sum = 0;
  const Attribute attribute(H5Aopen(set_of_lengths.id(), kLengthsChecksum, H5P_DEFAULT));
  const Space of_one(attribute ? H5Aget_space(attribute.id()) : H5I_INVALID_HID);
  if (!attribute || H5Sget_simple_extent_npoints(of_one.id()) != 1 ||
      H5Aread(attribute.id(), H5T_NATIVE_UINT64, &sum) < 0 ||
      sum != plain_checksum(lengths.data(), 8 * lengths.size())) {
    throw CorruptError(where + ": its bytes are not those that were written");
  }
  return lengths;
}

// ---------------------------------------------------------------------------------- reading ----

/// Whether there are chunks that the array does not fill.
bool Reader::has_edges() const {
  for (std::size_t axis = 0; axis < chunks.ndim(); ++axis) {
    if (chunks.lengths(axis).back() != stored_shape[axis]) return true;
  }
  return false;
}

std::size_t Reader::extra_bytes() const {
  switch (mode) {
    case Mode::no_bytes:
      return 0;
    case Mode::direct:
      // Only chunks at the edge need it.
      return is_contiguous ? 0 : stored_bytes;
    case Mode::chunks:
      // As stored, inflated but shuffled, and whole where only a part is wanted.
      if (raw_) {
        return (1 + (deflate_at_ >= 0 && shuffle_at_ >= 0 ? 1 : 0) + (has_edges() ? 1 : 0)) * stored_bytes;
      }
      return 5 * std::max(stored_bytes, file_bytes_);
    case Mode::library:
      return info.chunked ? 4 * std::max(stored_bytes, file_bytes_) : 0;
  }
  return 0;
}

void Reader::read(std::size_t number, NdArray& block) const {
  if (block.nbytes() == 0) return;
  switch (mode) {
    case Mode::no_bytes:
      return;
    case Mode::direct:
      return read_direct(number, block);
    case Mode::chunks:
      return read_chunk(number, block);
    case Mode::library:
      return read_in_library(number, block);
  }
}

void Reader::fail_not_written(std::size_t number, const std::string& failure) const {
  throw CorruptError(place(number) +
                     ": it is not in the file, or cannot be found: what wrote the file was stopped "
                     "before its end, or the file is damaged" +
                     (failure.empty() ? "" : " (" + failure + ")") + kCure);
}

void Reader::fail_changed(std::size_t number, std::uint64_t found, std::uint64_t expected) const {
  throw CorruptError(
      fmt::format("{}: its bytes are not those that were written: their checksum is "
                  "{:016x}, not {:016x}{}",
                  place(number), found, expected, kCure));
}

void Reader::check(std::size_t number, const std::byte* data, std::size_t size) const {
  if (checksums_at == 0) return;
  const std::uint64_t expected = checksum(number);
  if (expected == 0) fail_not_written(number, {});
  const std::uint64_t found = chunk_checksum(data, size, number);
  if (found != expected) fail_changed(number, found, expected);
}

std::vector<hsize_t> Reader::origin(std::size_t number) const {
  const Shape at = chunks.origin_of(chunks.index(number));
  return {at.begin(), at.begin() + static_cast<std::ptrdiff_t>(rank_)};
}

std::uint64_t Reader::place_in_run(std::size_t number) const {
  if (!is_contiguous) return base + number * stored_bytes;
  std::uint64_t element = 0;
  const std::vector<hsize_t> at = origin(number);
  for (std::size_t axis = 0; axis < rank_; ++axis) {
    element = element * static_cast<std::uint64_t>(chunks.shape()[axis]) + at[axis];
  }
  return base + element * itemsize;
}

void Reader::copy_part(const std::byte* stored, NdArray& block) const {
  namespace arrays = functionfuse::detail;
  arrays::copy_elements(block.shape(), dtype.itemsize(), stored,
                        arrays::contiguous_strides(stored_shape, dtype.itemsize(), 'C'),
                        block.mutable_data(), block.strides());
}

void Reader::read_direct(std::size_t number, NdArray& block) const {
  const bool whole = is_contiguous || block.nbytes() == stored_bytes;
  std::shared_ptr<std::byte> buffer;
  std::byte* to = nullptr;
  if (whole) {
    to = block.mutable_data();
  } else {
    buffer = pool_->take(stored_bytes);
    to = buffer.get();
  }
  const std::size_t size = whole ? block.nbytes() : stored_bytes;
  try {
    read_bytes(number, place_in_run(number), to, size);
  } catch (const CorruptError& e) {
    if (e.offset()) throw CorruptError(place(number) + ": " + e.what(), e.offset());
    throw;
  }
  if (!whole) copy_part(to, block);
}

void Reader::read_bytes(std::size_t number, std::uint64_t at, std::byte* to,
                        std::size_t size) const {
  if (checksums_at == 0 || size <= ChunkChecksum::kPiece) {
    io::read_all(fd.get(), at, to, size, path);
    check(number, to, size);
    return;
  }
  const std::uint64_t expected = checksum(number);
  if (expected == 0) fail_not_written(number, {});
  ChunkChecksum sum(number);
  for (std::size_t done = 0; done < size;) {
    const std::size_t n = std::min(size - done, ChunkChecksum::kPiece);
    io::read_all(fd.get(), at + done, to + done, n, path);
    sum.add(to + done, n);
    done += n;
  }
  if (sum.digest() != expected) fail_changed(number, sum.digest(), expected);
}

Reader::Stored Reader::stored_chunk(std::size_t number) const {
  const std::vector<hsize_t> at = origin(number);
  Stored stored;
  const Lock lock;
  hsize_t size = 0;
  // Fails too where nobody has written the chunk.
  if (H5Dget_chunk_storage_size(set.id(), at.data(), &size) < 0 || size == 0) {
    stored.failure = last_failure().text;
    return stored;
  }
  if (size > file_size || size > kMaxChunk) {
    throw CorruptError(place(number) + ": it claims " + std::to_string(size) +
                       " bytes, more than the file has");
  }
  stored.size = size;
  stored.data = pool_->take(std::max<std::size_t>(size, file_bytes_));
  if (H5Dread_chunk(set.id(), H5P_DEFAULT, at.data(), &stored.skipped, stored.data.get()) < 0) {
    fail_reading(path, place(number), "it cannot be read");
  }
  return stored;
}

void Reader::decode(std::size_t number, const Stored& stored, std::byte* to) const {
  const auto applied = [&](int at) { return at >= 0 && ((stored.skipped >> at) & 1U) == 0; };
  const bool deflated = applied(deflate_at_);
  const bool shuffled = applied(shuffle_at_);
  const std::byte* from = stored.data.get();
  std::size_t size = stored.size;
  if (applied(fletcher_at_) && !take_off_fletcher32(from, size)) {
    throw CorruptError(place(number) + ": its bytes do not fit their fletcher32 checksum");
  }
  std::shared_ptr<std::byte> inflated;
  if (deflated) {
    std::byte* plain = to;
    if (shuffled && may_inflate(size, file_bytes_)) {
      inflated = pool_->take(file_bytes_);
      plain = inflated.get();
    }
    if (!may_inflate(size, file_bytes_) || !inflate(from, size, plain, file_bytes_)) {
      throw CorruptError(place(number) + ": its " + std::to_string(size) +
                         " bytes do not inflate to the " + std::to_string(file_bytes_) +
                         " of a chunk" + kCure);
    }
    from = plain;
  } else if (size != file_bytes_) {
    throw CorruptError(place(number) + ": it has " + std::to_string(size) + " bytes, not " +
                       std::to_string(file_bytes_));
  }
  if (shuffled) {
    unshuffle(from, file_bytes_, shuffle_size_, to);
  } else if (!deflated) {
    std::memcpy(to, from, file_bytes_);
  }
}

void Reader::read_chunk(std::size_t number, NdArray& block) const {
  const Stored stored = stored_chunk(number);
  if (stored.size == 0) {
    if (checksums_at != 0) fail_not_written(number, stored.failure);
    return read_in_library(number, block);  // which knows what such a chunk holds
  }
  check(number, stored.data.get(), stored.size);
  if (!raw_) return convert_chunk(number, stored, block);
  if (block.nbytes() == stored_bytes) {
    decode(number, stored, block.mutable_data());
    return;
  }
  const bool as_it_is = filter_count_ == 0 && stored.size == stored_bytes;
  if (as_it_is) {
    copy_part(stored.data.get(), block);
    return;
  }
  const std::shared_ptr<std::byte> buffer = pool_->take(stored_bytes);
  decode(number, stored, buffer.get());
  copy_part(buffer.get(), block);
}

void Reader::convert_chunk(std::size_t number, const Stored& stored, NdArray& block) const {
  const std::size_t size = std::max(stored_bytes, file_bytes_);
  const std::shared_ptr<std::byte> buffer = pool_->take(size);
  const std::shared_ptr<std::byte> background = pool_->take(size);
  decode(number, stored, buffer.get());
  std::memset(background.get(), 0, size);
  {
    const Lock lock;
    const Type type(H5Dget_type(set.id()));
    if (H5Tconvert(type.id(), memory_.id(), stored_bytes / itemsize, buffer.get(), background.get(),
                   H5P_DEFAULT) < 0) {
      fail_reading(path, place(number), "its elements cannot be converted");
    }
  }
  copy_part(buffer.get(), block);
}

/// The library copies a whole chunk out of what its filters made of one, however short that is.
void Reader::check_packed(std::size_t number, const NdArray& block) const {
  const Stored stored = stored_chunk(number);
  if (stored.size == 0) return;  // not written
  const bool plain = edges_are_plain_ && block.nbytes() != stored_bytes;
  if (plain ? stored.size == file_bytes_ : may_unpack(stored)) return;
  throw CorruptError(place(number) + ": its " + std::to_string(stored.size) +
                     " bytes do not unpack to the " + std::to_string(file_bytes_) +
                     " of a chunk" + kCure);
}

/// What comes out of the filters that are not ours is not known: only that it is long enough, and
/// nothing where there is a plugin's among them.
bool Reader::may_unpack(Stored stored) const {
  const std::size_t most = file_bytes_ + 64;  // what a filter may add to a chunk
  const std::size_t elements = file_bytes_ / file_itemsize_;
  bool is_known = true;
  for (std::size_t i = filters_.size(); i-- > 0;) {
    if ((stored.skipped >> i & 1U) != 0) continue;
    const auto& [id, values] = filters_[i];
    const std::span data(stored.data.get(), stored.size);
    const bool is_ours =
        id == H5Z_FILTER_SHUFFLE || id == H5Z_FILTER_FLETCHER32 || id == H5Z_FILTER_DEFLATE;
    if (!is_ours && id != H5Z_FILTER_NBIT && id != H5Z_FILTER_SCALEOFFSET &&
        id != H5Z_FILTER_SZIP) {
      return true;
    }
    if (id == H5Z_FILTER_SHUFFLE && !is_known) continue;
    if (!is_known) return false;
    bool fits = true;
    if (id == H5Z_FILTER_SHUFFLE || id == H5Z_FILTER_DEFLATE) {
      auto next = pool_->take(std::max(most, stored.size));
      if (id == H5Z_FILTER_DEFLATE) {
        stored.size = inflate_up_to(data.data(), data.size(), next.get(), most);
        fits = stored.size > 0;
      } else if ((fits = !values.empty() && values[0] > 0)) {
        unshuffle(data.data(), data.size(), values[0], next.get());
      }
      stored.data = std::move(next);
    } else if (id == H5Z_FILTER_FLETCHER32) {
      fits = take_off_fletcher32(data.data(), stored.size);
    } else {
      const auto may = id == H5Z_FILTER_NBIT          ? may_unpack_nbit
                       : id == H5Z_FILTER_SCALEOFFSET ? may_unpack_scaleoffset
                                                      : may_unpack_szip;
      fits = may(values, data, elements, file_itemsize_);
      stored.size = file_bytes_;
      is_known = false;
    }
    if (!fits) return false;
  }
  return stored.size == file_bytes_;
}

void Reader::read_in_library(std::size_t number, NdArray& block) const {
  const std::vector<hsize_t> at = origin(number);
  std::vector<hsize_t> lengths = to_hsize(block.shape());
  lengths.resize(rank_);
  if (info.chunked && filter_count_ > 0) check_packed(number, block);
  // Where there is neither a chunk nor a fill value the library writes nothing.
  if (info.chunked) std::memset(block.mutable_data(), 0, block.nbytes());
  const Lock lock;
  Space in_file(H5Dget_space(set.id()));
  Space in_memory;
  if (rank_ > 0) {
    in_memory = Space(H5Screate_simple(static_cast<int>(rank_), lengths.data(), nullptr));
    if (H5Sselect_hyperslab(in_file.id(), H5S_SELECT_SET, at.data(), nullptr, lengths.data(),
                            nullptr) < 0) {
      fail_reading(path, place(number), "it cannot be read");
    }
  }
  if (H5Dread(set.id(), memory_.id(), rank_ > 0 ? in_memory.id() : H5S_ALL,
              rank_ > 0 ? in_file.id() : H5S_ALL, H5P_DEFAULT, block.mutable_data()) < 0) {
    fail_reading(path, place(number), "it cannot be read");
  }
}

}  // namespace functionfuse::formats::hdf5
