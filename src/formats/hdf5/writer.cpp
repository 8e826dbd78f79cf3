#include "formats/hdf5/writer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <functionfuse/error.hpp>

#include "arrays/strided.hpp"
#include "formats/hdf5/codec.hpp"
#include "formats/hdf5/layout.hpp"
#include "formats/hdf5/memory_file.hpp"
#include "formats/hdf5/type.hpp"

namespace functionfuse::formats::hdf5 {
namespace {

constexpr std::size_t kLargeChunk = std::size_t{256} << 10;  // noted in the file at once
constexpr hsize_t kAlignment = 4096;

}  // namespace

// ---------------------------------------------------------------------------------- creating ---

Writer::Writer(std::string path, std::string dataset, DType dtype, Chunks chunks,
               const Chunks& logical, const Hdf5Options& options)
    : path_(std::move(path)),
      dataset_(std::move(dataset)),
      dtype_(std::move(dtype)),
      chunks_(std::move(chunks)),
      logical_(logical),
      options_(options),
      has_bytes_(has_bytes(dtype_, chunks_.shape())),
      is_compressed_((options_.deflate > 0 || options_.shuffle) && has_bytes_ &&
                     chunks_.ndim() > 0),
      stored_shape_(chunks_.chunksize()) {
  if (has_bytes_) stored_bytes_ = NdArray::nbytes_of(dtype_, stored_shape_);
  check_arguments();
  fd_ = io::open_file(path_, O_CREAT | O_EXCL | O_RDWR);
  try {
    create(nullptr);
    const bool has_index = is_compressed_ && chunks_.count() > 1;
    if (has_index) {
      end_ = io::info(fd_.get(), path_).size;
      index_ = ChunkIndex::find(fd_.get(), end_, chunks_.count(), path_);
    }
    progress_ = std::make_unique<Progress>(fd_.get(), sums_at_, has_index ? &index_ : nullptr,
                                           std::vector<std::uint64_t>(chunks_.count()),
                                           std::vector<ChunkPlace>(has_index ? chunks_.count() : 0),
                                           stored_bytes_ >= kLargeChunk);
  } catch (...) {
    io::remove_file(path_);
    throw;
  }
}

Writer::Writer(const Reader& old, Chunks chunks, const Hdf5Options& options)
    : path_(old.path),
      dataset_(old.dataset),
      dtype_(old.dtype),
      chunks_(std::move(chunks)),
      logical_(old.logical),
      options_(options),
      has_bytes_(true),
      is_compressed_(old.mode == Reader::Mode::chunks),
      stored_shape_(old.stored_shape),
      stored_bytes_(old.stored_bytes),
      base_(old.base),
      sums_at_(old.checksums_at) {
  fd_ = io::open_file(path_, O_RDWR);
  const io::FileInfo mine = io::info(fd_.get(), path_);
  const io::FileInfo read = io::info(old.fd.get(), path_);
  if (mine.inode != read.inode || mine.device != read.device) {
    throw Error(Errc::io, "file " + path_ + " was replaced while it was opened");
  }
  std::vector<std::uint64_t> sums(chunks_.count());
  io::read_all(fd_.get(), sums_at_, sums.data(), 8 * sums.size(), path_);
  std::vector<ChunkPlace> places;
  if (is_compressed_) {
    end_ = mine.size;
    index_ = ChunkIndex::find(fd_.get(), mine.size, chunks_.count(), path_);
    places.resize(sums.size());
    for (std::size_t n = 0; n < sums.size(); ++n) {
      if (sums[n] != 0) places[n] = index_.read(fd_.get(), n, path_);
    }
  }
  progress_ =
      std::make_unique<Progress>(fd_.get(), sums_at_, is_compressed_ ? &index_ : nullptr,
                                 std::move(sums), std::move(places), stored_bytes_ >= kLargeChunk);
}

Writer::~Writer() {
  if (!progress_ || finished_) return;
  try {
    progress_->flush(path_);  // so that more of it can be gone on with
  } catch (const Error&) {
    // The file is not complete, and nobody was told that it is.
  }
}

std::string Writer::place() const { return place_of(path_, dataset_); }
std::string Writer::place(std::size_t number) const {
  return place_of(path_, dataset_, chunks_, number);
}

void Writer::check_arguments() const {
  const auto fail = [&](const std::string& what) {
    throw Error(Errc::invalid_argument, place() + ": " + what);
  };
  if (!chunks_.is_regular()) {
    fail("chunks " + chunks_.to_string() + " on disk: these must be of one length along an axis");
  }
  if (logical_.shape() != chunks_.shape()) {
    fail("chunks " + logical_.to_string() + " for an array of shape " +
         shape_text(chunks_.shape()));
  }
  if (dtype_.is_subarray()) {
    fail("dtype " + dtype_.to_string() + ": a subarray is more axes of the array");
  }
  if (options_.deflate < 0 || options_.deflate > 9) {
    fail("deflate " + std::to_string(options_.deflate) +
         ": levels are 1 to 9, and 0 does not compress");
  }
  if (chunks_.ndim() > 0 && stored_bytes_ > kMaxChunk) {
    fail("chunks of " + std::to_string(stored_bytes_) +
         " bytes: HDF5 has at most 4 GiB; see stored_chunks()");
  }
}

void Writer::create(const Packed* only) {
  MemoryFile memory;
  {
    const Lock lock;
    create_in(memory, only);
  }
  if (has_bytes_ && !is_compressed_ &&
      (memory.size() < base_ || memory.size() - base_ < stored_bytes_ * chunks_.count())) {
    throw Error(Errc::io, place() + ": the HDF5 library has not made room for its chunks");
  }
  if (::ftruncate(fd_.get(), 0) != 0) io::fail("write", path_, errno);
  memory.write_to(fd_.get(), path_);
}

void Writer::create_in(MemoryFile& memory, const Packed* only) {
  const Properties access = file_access();
  memory.use_for(access);
  // The format of HDF5 1.10: a checksum on every piece of metadata, and no index where there is
  // nothing to look up. Not "latest", so that a newer library writes the same.
  H5Pset_libver_bounds(access.id(), H5F_LIBVER_V110, H5F_LIBVER_V110);
  H5Pset_alignment(access.id(), kAlignment, kAlignment);
  const Properties creation(H5Pcreate(H5P_FILE_CREATE));
  H5Pset_obj_track_times(creation.id(), false);  // equal data, equal files
  File file(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, creation.id(), access.id()));
  if (!file) fail_writing(path_, "file " + path_, "it cannot be created");

  const bool one = !has_bytes_ || chunks_.ndim() == 0;
  if (!(logical_ == (one ? one_chunk(chunks_.shape()) : chunks_))) create_lengths(file.id());
  if (has_bytes_ && options_.checksums) create_checksums(file.id());
  Dataset set = create_main(file.id());
  if (has_bytes_ && !is_compressed_) find_run(set);
  if (is_compressed_ && (only != nullptr || chunks_.count() > 1)) {
    // The chunk there is; of several, a byte in place of the first makes the library make the
    // index.
    const std::vector<hsize_t> first(chunks_.ndim());
    const std::byte nothing{};
    const Packed packed = only != nullptr ? *only : Packed{&nothing, 1, 0, nullptr};
    if (H5Dwrite_chunk(set.id(), H5P_DEFAULT, packed.skipped, first.data(), packed.size,
                       packed.data) < 0) {
      fail_writing(path_, place(), "it cannot be created");
    }
  }
  if (!set.reset() || !file.reset()) {
    fail_writing(path_, "file " + path_, "it cannot be created");
  }
}

Dataset Writer::create_dataset(hid_t file, const std::string& name, hid_t type, hid_t space,
                               hid_t properties) const {
  const Properties link(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(link.id(), 1);
  H5Pset_obj_track_times(properties, false);
  Dataset set(H5Dcreate2(file, name.c_str(), type, space, link.id(), properties, H5P_DEFAULT));
  if (!set) fail_writing(path_, place_of(path_, name), "it cannot be created");
  return set;
}

void Writer::create_lengths(hid_t file) const {
  for (std::size_t axis = 0; axis < logical_.ndim(); ++axis) {
    const std::string name = lengths_name(dataset_, axis);
    const std::vector<std::int64_t>& lengths = logical_.lengths(axis);
    const hsize_t count = lengths.size();
    const Space space(H5Screate_simple(1, &count, nullptr));
    const Properties properties(H5Pcreate(H5P_DATASET_CREATE));
    const Dataset set = create_dataset(file, name, H5T_STD_I64LE, space.id(), properties.id());
    const Space of_one(H5Screate(H5S_SCALAR));
    const std::uint64_t sum = plain_checksum(lengths.data(), 8 * lengths.size());
    const Attribute attribute(H5Acreate2(set.id(), kLengthsChecksum, H5T_STD_U64LE, of_one.id(),
                                         H5P_DEFAULT, H5P_DEFAULT));
    if (!attribute || H5Awrite(attribute.id(), H5T_NATIVE_UINT64, &sum) < 0 ||
        H5Dwrite(set.id(), H5T_STD_I64LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, lengths.data()) < 0) {
      fail_writing(path_, place_of(path_, name), "it cannot be written");
    }
  }
}

void Writer::create_checksums(hid_t file) {
  const std::string name = checksums_name(dataset_);
  const std::vector<hsize_t> counts = to_hsize(chunks_.numblocks());
  const Space space(
      counts.empty() ? H5Screate(H5S_SCALAR)
                     : H5Screate_simple(static_cast<int>(counts.size()), counts.data(), nullptr));
  const Properties properties(H5Pcreate(H5P_DATASET_CREATE));
  H5Pset_alloc_time(properties.id(), H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(properties.id(), H5D_FILL_TIME_NEVER);
  const Dataset set = create_dataset(file, name, H5T_STD_U64LE, space.id(), properties.id());
  const std::string as =
      stored_as(chunks_.ndim() == 0 ? Shape() : stored_shape_, is_compressed_ && options_.shuffle,
                is_compressed_ ? options_.deflate : 0);
  if (!write_text(set.id(), kAlgorithm, std::string(kXxh3)) ||
      !write_text(set.id(), kStoredAs, as)) {
    fail_writing(path_, place_of(path_, name), "its attributes cannot be written");
  }
  const haddr_t at = H5Dget_offset(set.id());
  if (at == HADDR_UNDEF) fail_writing(path_, place_of(path_, name), "it has no place in the file");
  sums_at_ = at;
}

Dataset Writer::create_main(hid_t file) const {
  const bool is_empty_type = dtype_.itemsize() == 0;
  const Type type = to_hdf5(is_empty_type ? DType::parse("V1") : dtype_);
  const Shape& shape = chunks_.shape();
  const std::vector<hsize_t> lengths = to_hsize(shape);
  const Space space(
      shape.empty() ? H5Screate(H5S_SCALAR)
                    : H5Screate_simple(static_cast<int>(shape.size()), lengths.data(), nullptr));
  if (!space) fail_writing(path_, place(), "its shape was refused");
  const Properties properties(H5Pcreate(H5P_DATASET_CREATE));
  if (has_bytes_ && !shape.empty()) {
    const std::vector<hsize_t> piece = to_hsize(stored_shape_);
    H5Pset_chunk(properties.id(), static_cast<int>(piece.size()), piece.data());
  }
  if (is_compressed_ && options_.shuffle) H5Pset_shuffle(properties.id());
  if (is_compressed_ && options_.deflate > 0) {
    H5Pset_deflate(properties.id(), static_cast<unsigned>(options_.deflate));
  }
  H5Pset_fill_time(properties.id(), H5D_FILL_TIME_NEVER);
  if (has_bytes_ && !is_compressed_) H5Pset_alloc_time(properties.id(), H5D_ALLOC_TIME_EARLY);
  Dataset set = create_dataset(file, dataset_, type.id(), space.id(), properties.id());
  if (is_empty_type &&
      !write_text(set.id(), kDType, dtype_.is_structured() ? "[]" : dtype_.str())) {
    fail_writing(path_, place(), "its attributes cannot be written");
  }
  return set;
}

void Writer::find_run(const Dataset& set) {
  haddr_t at = HADDR_UNDEF;
  if (chunks_.ndim() == 0) {
    at = H5Dget_offset(set.id());
  } else {
    H5D_chunk_index_t index{};
    const std::vector<hsize_t> first(chunks_.ndim());
    unsigned skipped = 0;
    hsize_t size = 0;
    // Asked for the first chunk only: the library walks from there to any other.
    if (H5Dget_chunk_index_type(set.id(), &index) < 0 ||
        (index != H5D_CHUNK_IDX_NONE && index != H5D_CHUNK_IDX_SINGLE) ||
        H5Dget_chunk_info_by_coord(set.id(), first.data(), &skipped, &at, &size) < 0 ||
        size != stored_bytes_) {
      at = HADDR_UNDEF;
    }
  }
  if (at == HADDR_UNDEF) fail_writing(path_, place(), "its chunks are not one run in the file");
  base_ = at;
}

// ----------------------------------------------------------------------------------- writing ---

std::size_t Writer::extra_bytes() const {
  return has_bytes_ ? (is_compressed_ ? 3 : 1) * stored_bytes_ : 0;
}

bool Writer::has(std::size_t number) const {
  const std::uint64_t expected = sums_at_ == 0 ? 0 : progress_->sum(number);
  if (expected == 0) return false;
  std::uint64_t at = base_ + number * stored_bytes_;
  std::size_t size = stored_bytes_;
  if (is_compressed_) {
    if (chunks_.count() == 1) return true;  // written just now
    const ChunkPlace place = progress_->place(number);
    at = place.address;
    size = place.size;
  }
  const std::uint64_t file_size = io::info(fd_.get(), path_).size;
  bool good = size > 0 && at <= file_size && size <= file_size - at;
  if (good) {
    const std::shared_ptr<std::byte> buffer = pool_->take(size);
    io::read_all(fd_.get(), at, buffer.get(), size, path_);
    good = chunk_checksum(buffer.get(), size, number) == expected;
  }
  if (!good) progress_->forget(number);
  return good;
}

/// The bytes of a stored chunk, padded with zeros: the block's own where they are just that.
std::shared_ptr<const std::byte> Writer::whole_chunk(const NdArray& block) const {
  if (block.nbytes() == stored_bytes_ && block.is_c_contiguous()) {
    return {std::shared_ptr<const void>(), block.data()};
  }
  std::shared_ptr<std::byte> chunk = pool_->take(stored_bytes_);
  if (block.nbytes() == stored_bytes_) {
    block.copy_to(chunk.get());
    return chunk;
  }
  namespace arrays = functionfuse::detail;
  std::memset(chunk.get(), 0, stored_bytes_);
  arrays::copy_elements(block.shape(), dtype_.itemsize(), block.data(), block.strides(),
                        chunk.get(),
                        arrays::contiguous_strides(stored_shape_, dtype_.itemsize(), 'C'));
  return chunk;
}

Writer::Packed Writer::pack(std::shared_ptr<const std::byte> chunk) const {
  Packed packed{chunk.get(), stored_bytes_, 0, chunk};
  if (!is_compressed_) return packed;
  if (options_.shuffle) {
    std::shared_ptr<std::byte> shuffled = pool_->take(stored_bytes_);
    shuffle(packed.data, stored_bytes_, dtype_.itemsize(), shuffled.get());
    packed.data = shuffled.get();
    packed.owner = std::move(shuffled);
  }
  if (options_.deflate > 0) {
    std::shared_ptr<std::byte> deflated = pool_->take(stored_bytes_);
    const std::size_t size = deflate(packed.data, stored_bytes_, options_.deflate, deflated.get());
    if (size > 0) return {deflated.get(), size, 0, deflated};
    // Of no use: as it is, which costs readers nothing. A bit for each filter, in their order.
    return {chunk.get(), stored_bytes_, options_.shuffle ? 3U : 1U, chunk};
  }
  return packed;
}

void Writer::write(std::size_t number, const NdArray& block) {
  if (block.shape() != chunks_.shape_of(chunks_.index(number)) || !(block.dtype() == dtype_)) {
    throw Error(Errc::invalid_argument, place(number) + " was given elements of shape " +
                                            shape_text(block.shape()) + " and dtype " +
                                            block.dtype().to_string());
  }
  if (!has_bytes_) return;
  const Packed packed = pack(whole_chunk(block));
  if (is_compressed_ && chunks_.count() == 1) {  // the library's index of one is in its metadata
    create(&packed);
    progress_->set(number, chunk_checksum(packed.data, packed.size, number), {}, path_);
    return;
  }
  ChunkPlace place;
  if (is_compressed_) {
    place.size = static_cast<std::uint32_t>(packed.size);
    place.skipped = packed.skipped;
    place.address = end_.fetch_add(packed.size);
  } else {
    place.address = base_ + number * stored_bytes_;
  }
  progress_->set(number, write_bytes(number, place.address, packed), place, path_);
  start_sync(packed.size);
}

/// The disk is to work while chunks are computed, not only when they are all there.
void Writer::start_sync(std::size_t more) {
  constexpr std::uint64_t kPart = std::uint64_t{32} << 20;
  const std::uint64_t before = written_.fetch_add(more, std::memory_order_relaxed);
  if (before / kPart != (before + more) / kPart) io::start_sync(fd_.get());
}

/// \return  the checksum
std::uint64_t Writer::write_bytes(std::size_t number, std::uint64_t at, const Packed& packed) {
  if (!options_.checksums || packed.size <= ChunkChecksum::kPiece) {
    io::pwrite_all(fd_.get(), at, packed.data, packed.size, path_);
    return options_.checksums ? chunk_checksum(packed.data, packed.size, number) : 1;
  }
  ChunkChecksum sum(number);
  for (std::size_t done = 0; done < packed.size;) {
    const std::size_t n = std::min(packed.size - done, ChunkChecksum::kPiece);
    sum.add(packed.data + done, n);
    io::pwrite_all(fd_.get(), at + done, packed.data + done, n, path_);
    done += n;
  }
  return sum.digest();
}

void Writer::finish() {
  if (has_bytes_) {
    if (const std::size_t missing = progress_->first_missing(); missing < chunks_.count()) {
      throw Error(Errc::invalid_argument, place(missing) + " was not written");
    }
    progress_->flush(path_);
    if (is_compressed_ && chunks_.count() > 1) {
      index_.finish(fd_.get(), progress_->places(), path_);
      set_end_of_file(fd_.get(), end_, path_);
    }
  }
  finished_ = true;
  io::close_checked(fd_, path_);
}

}  // namespace functionfuse::formats::hdf5
