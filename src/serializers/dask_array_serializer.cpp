#include "functionfuse/serializers/dask_array_serializer.hpp"

#include <map>
#include <mutex>

#include "functionfuse/error.hpp"
#include "formats/hdf5_array.hpp"

namespace functionfuse {
namespace {

constexpr std::string_view kVersion = "0.0.0";
constexpr const char* kDataset = "dask_arrays";

std::string path_of(const Protocols& protocols, const SerializedAs& id) {
  const auto& [version, filename] = id;
  if (version != kVersion) {
    throw UnsupportedError("the array \"" + filename + "\" was written by version " + version +
                           " of DaskArraySerializer; this one reads version " + std::string(kVersion) +
                           ": use a newer release");
  }
  auto& files = protocols.require<FileProtocol>(FILE_PROTOCOL, DaskArraySerializer::name);
  return files.open(filename, FileProtocol::Mode::read).string();
}

/// Takes chunks and drops them.
class NoSink final : public ChunkSink {
 public:
  void write(std::size_t, const NdArray&) override {}
};

}  // namespace

/// Arrays that are in use, so that one file is one array however often a result has it.
class DaskArraySerializer::Opened {
 public:
  ChunkedArray open(const std::string& path) {
    std::lock_guard lock(mutex_);
    const auto found = arrays_.find(path);
    if (found != arrays_.end()) {
      if (auto known = found->second.lock()) return ChunkedArray(known);
    }
    return open_anew(path);
  }
  /// A new file, even where there was another of the name.
  ChunkedArray open_new(const std::string& path) {
    std::lock_guard lock(mutex_);
    return open_anew(path);
  }

 private:
  ChunkedArray open_anew(const std::string& path) {
    ChunkedArray array = open_hdf5(path, kDataset);
    std::erase_if(arrays_, [](const auto& entry) { return entry.second.expired(); });
    arrays_[path] = array.lazy();
    return array;
  }

  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<detail::LazyArray>> arrays_;
};

DaskArraySerializer::DaskArraySerializer() : DaskArraySerializer(Options()) {}

DaskArraySerializer::DaskArraySerializer(Options options)
    : options_(std::move(options)), opened_(std::make_shared<Opened>()) {}

SerializedAs DaskArraySerializer::pickle(const Protocols& protocols, const ChunkedArray& array) {
  auto& files = protocols.require<FileProtocol>(FILE_PROTOCOL, name);
  FileProtocol::Unfinished file;
  if (options_.resume) {
    file = files.open_unfinished(array.repr());
  } else {
    file.filename = new_filename();
    file.path = files.open(file.filename, FileProtocol::Mode::write);
  }
  formats::write_hdf5_array(file.path.string(), kDataset, array, options_.hdf5, options_.compute,
                            options_.resume);
  // Should HDF5 keep less of a dtype than numpy has, the array stays what it is made of.
  const ChunkedArray stored = opened_->open_new(file.path.string());
  if (stored.dtype() == array.dtype()) array.set_stored(stored);
  return {std::string(kVersion), file.filename};
}

ChunkedArray DaskArraySerializer::unpickle(const Protocols& protocols, const SerializedAs& id) {
  return opened_->open(path_of(protocols, id));
}

void DaskArraySerializer::remove(const Protocols& protocols, const SerializedAs& id) {
  protocols.require<FileProtocol>(FILE_PROTOCOL, name).remove(id.second);
}

void DaskArraySerializer::verify(const Protocols& protocols, const SerializedAs& id) {
  NoSink sink;
  ChunkedArray(formats::Hdf5Source::open(path_of(protocols, id), kDataset)).store(sink, options_.compute);
}

}  // namespace functionfuse
