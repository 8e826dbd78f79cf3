#include <functionfuse/formats/hdf5.hpp>

#include <fcntl.h>

#include "formats/hdf5_array.hpp"
#include "io/new_file.hpp"

namespace functionfuse {

ChunkedArray open_hdf5(const std::filesystem::path& file, std::string_view dataset) {
  return formats::open_hdf5_array(formats::Hdf5Source::open(file.string(), std::string(dataset)));
}

void save_hdf5(const std::filesystem::path& file, std::string_view dataset, const ChunkedArray& array,
               const Hdf5Options& options, const ComputeOptions& compute) {
  const io::Folder folder(std::filesystem::absolute(file).parent_path().string());
  const std::string temporary = io::temporary_name();
  const std::string path = folder.path() + "/" + temporary;
  try {
    formats::write_hdf5_array(path, std::string(dataset), array, options, compute);
    io::sync_file(io::open_file(path, O_RDONLY).get(), path);
    std::filesystem::rename(path, file);
  } catch (...) {
    folder.remove(temporary);
    throw;
  }
  io::sync_file(folder.fd(), folder.path());
}

Hdf5Description describe_hdf5(const std::filesystem::path& file, std::string_view dataset) {
  const auto source = formats::Hdf5Source::open(file.string(), std::string(dataset));
  const formats::Hdf5Info& info = source->info();
  return {.dtype = source->dtype(),
          .chunks = source->logical(),
          .stored_chunks = info.chunked ? source->chunks().chunksize() : Shape(),
          .stored_bytes = info.stored_bytes,
          .filters = info.filters,
          .has_checksums = info.checksums != formats::Hdf5Info::Checksums::none};
}

namespace formats {

ChunkedArray open_hdf5_array(const std::shared_ptr<const Hdf5Source>& source) {
  return ChunkedArray(source).rechunk(source->logical());
}

void write_hdf5_array(const std::string& path, const std::string& dataset, const ChunkedArray& array,
                      const functionfuse::Hdf5Options& options, const ComputeOptions& compute, bool resume) {
  const Chunks wanted =
      options.chunks.empty() ? array.chunks() : Chunks::regular(array.shape(), options.chunks);
  const Chunks chunks = stored_chunks(wanted, array.dtype());
  const Hdf5Options kept{.deflate = options.deflate, .shuffle = options.shuffle};
  std::unique_ptr<Hdf5Writer> writer;
  if (resume) {
    writer = Hdf5Writer::resume(path, dataset, array.dtype(), chunks, array.chunks(), kept);
    if (!writer) io::remove_file(path);
  }
  if (!writer) {
    writer = std::make_unique<Hdf5Writer>(path, dataset, array.dtype(), chunks, array.chunks(), kept);
  }
  array.rechunk(chunks).store(*writer, compute);
  writer->finish();
}

}  // namespace formats
}  // namespace functionfuse
