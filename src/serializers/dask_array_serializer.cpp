#include "functionfuse/serializers/dask_array_serializer.hpp"

#include <filesystem>
#include <map>
#include <mutex>

#include "functionfuse/error.hpp"

#include "formats/hdf5_array.hpp"
#include "formats/zarr_array.hpp"
#include "serializers/check_version.hpp"
#include "serializers/dask_arrays.hpp"

namespace functionfuse {
namespace {

namespace zarr = formats::zarr;

using detail::kArrayDataset, detail::kArrayGroup, detail::kArrayVersion;

/// Takes chunks and drops them.
class NoSink final : public ChunkSink {
 public:
  void write(std::size_t, const NdArray&) override {}
};

/// Where an array lies.
struct Place {
  std::string url;                    ///< of a file: its path; on S3 with the server's name
  std::shared_ptr<zarr::Store> zarr;  ///< null: an HDF5 file

  [[nodiscard]] ChunkedArray open() const {
    if (zarr) return formats::open_zarr_array(formats::ZarrSource::open(zarr));
    return open_hdf5(url, kArrayDataset);
  }
  /// In its own chunks.
  [[nodiscard]] ChunkedArray open_stored() const {
    if (zarr) return ChunkedArray(formats::ZarrSource::open(zarr));
    return ChunkedArray(formats::Hdf5Source::open(url, kArrayDataset));
  }
};

Place place_on_s3(const S3Protocol& s3, const std::string& filename) {
  const std::string name = std::string(kArrayGroup) + filename;
  return {s3.client()->url(s3.key(name)), zarr::s3_store(s3.client(), s3.key(name))};
}

/// The persistent id says neither HDF5 nor Zarr: what is there does.
Place place_of(const Protocols& protocols, const SerializedAs& id) {
  detail::check_version(id, kArrayVersion, "the array", "DaskArraySerializer");
  if (const auto* s3 = protocols.get<S3Protocol>(S3_PROTOCOL)) return place_on_s3(*s3, id.second);
  auto& files = protocols.require<FileProtocol>(FILE_PROTOCOL, DaskArraySerializer::name);
  const std::filesystem::path path = files.open(id.second, FileProtocol::Mode::read);
  if (!std::filesystem::is_directory(path)) return {path.string(), nullptr};
  return {path.string(), zarr::folder_store(path.string())};
}

}  // namespace

/// Arrays that are in use, so that one place is one array however often a result has it.
class DaskArraySerializer::Opened {
 public:
  ChunkedArray open(const Place& place) {
    std::lock_guard lock(mutex_);
    const auto found = arrays_.find(place.url);
    if (found != arrays_.end()) {
      if (auto known = found->second.lock()) return ChunkedArray(known);
    }
    return open_anew(place);
  }
  /// A new place, even where there was another of the name.
  ChunkedArray open_new(const Place& place) {
    std::lock_guard lock(mutex_);
    return open_anew(place);
  }

 private:
  ChunkedArray open_anew(const Place& place) {
    ChunkedArray array = place.open();
    std::erase_if(arrays_, [](const auto& entry) { return entry.second.expired(); });
    arrays_[place.url] = array.lazy();
    return array;
  }

  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<detail::LazyArray>> arrays_;
};

namespace {

using Options = DaskArraySerializer::Options;

struct Saved {
  std::string filename;
  Place place;
};

Saved save_on_s3(S3Protocol& s3, const ChunkedArray& array, const Options& options) {
  Saved saved{new_filename(), {}};
  saved.place = place_on_s3(s3, saved.filename);
  s3.keeps(saved.filename);
  const std::string group = zarr::write_group();
  s3.client()->put(s3.key(std::string(kArrayGroup) + zarr::kGroupKey),
                   std::as_bytes(std::span(group)));
  formats::write_zarr_array(saved.place.zarr, {}, array, options.zarr, options.compute);
  return saved;
}

Saved save_in_folder(FileProtocol& files, const ChunkedArray& array, const Options& options) {
  Saved saved{new_filename(), {}};
  saved.place.url = files.open(saved.filename, FileProtocol::Mode::write).string();
  saved.place.zarr = zarr::folder_store(saved.place.url);
  formats::write_zarr_array(saved.place.zarr, {}, array, options.zarr, options.compute);
  return saved;
}

Saved save_in_file(FileProtocol& files, const ChunkedArray& array, const Options& options) {
  FileProtocol::Unfinished file;
  if (options.resume) {
    file = files.open_unfinished(array.repr());
  } else {
    file.filename = new_filename();
    file.path = files.open(file.filename, FileProtocol::Mode::write);
  }
  formats::write_hdf5_array(file.path.string(), kArrayDataset, array, options.hdf5, options.compute,
                            options.resume);
  return {file.filename, {file.path.string(), nullptr}};
}

Saved save(const Protocols& protocols, const ChunkedArray& array, const Options& options) {
  if (auto* s3 = protocols.get<S3Protocol>(S3_PROTOCOL)) return save_on_s3(*s3, array, options);
  auto& files = protocols.require<FileProtocol>(FILE_PROTOCOL, DaskArraySerializer::name);
  return options.format == DaskArraySerializer::Format::zarr ? save_in_folder(files, array, options)
                                                             : save_in_file(files, array, options);
}

}  // namespace

DaskArraySerializer::DaskArraySerializer() : DaskArraySerializer(Options()) {}

DaskArraySerializer::DaskArraySerializer(Options options)
    : options_(std::move(options)), opened_(std::make_shared<Opened>()) {}

SerializedAs DaskArraySerializer::pickle(const Protocols& protocols, const ChunkedArray& array) {
  const Saved saved = save(protocols, array, options_);
  // Should the format keep less of a dtype than numpy has, the array stays what it is made of.
  const ChunkedArray stored = opened_->open_new(saved.place);
  if (stored.dtype() == array.dtype()) array.set_stored(stored);
  return {std::string(kArrayVersion), saved.filename};
}

ChunkedArray DaskArraySerializer::unpickle(const Protocols& protocols, const SerializedAs& id) {
  return opened_->open(place_of(protocols, id));
}

void DaskArraySerializer::remove(const Protocols& protocols, const SerializedAs& id) {
  if (auto* s3 = protocols.get<S3Protocol>(S3_PROTOCOL)) return s3->remove(id.second);
  protocols.require<FileProtocol>(FILE_PROTOCOL, name).remove(id.second);
}

void DaskArraySerializer::verify(const Protocols& protocols, const SerializedAs& id) {
  NoSink sink;
  place_of(protocols, id).open_stored().store(sink, options_.compute);
}

}  // namespace functionfuse
