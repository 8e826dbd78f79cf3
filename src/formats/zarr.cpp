#include <filesystem>

#include <functionfuse/error.hpp>
#include <functionfuse/formats/zarr.hpp>

#include "formats/zarr_array.hpp"
#include "io/new_file.hpp"

namespace functionfuse {
namespace {

namespace fs = std::filesystem;
namespace zarr = formats::zarr;

std::shared_ptr<formats::ZarrSource> open_source(std::string_view location, std::string_view array,
                                                 bool sparse) {
  while (array.starts_with('/')) array.remove_prefix(1);
  while (array.ends_with('/')) array.remove_suffix(1);
  return formats::ZarrSource::open(zarr::open_store(location), std::string(array), sparse);
}

[[noreturn]] void fail_taken(std::string_view location, const std::string& what) {
  throw Error(Errc::invalid_argument, "there is something at " + std::string(location) +
                                          " already: " + what +
                                          "; remove it, or save the array elsewhere");
}

void write(const std::shared_ptr<zarr::Store>& store, const ChunkedArray& array,
           const ZarrOptions& options, const ComputeOptions& compute) {
  try {
    formats::write_zarr_array(store, {}, array, options, compute);
    store->sync();
  } catch (...) {
    try {
      store->remove_all();
    } catch (const Error&) {
      // What is left is no array, and the first error is the one that matters.
    }
    throw;
  }
}

/// Under another name until it is complete.
void save_in_folder(const fs::path& path, const ChunkedArray& array, const ZarrOptions& options,
                    const ComputeOptions& compute) {
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_empty(path, error))
    fail_taken(path.native(), "a file or folder");
  fs::path clean = fs::absolute(path).lexically_normal();
  if (!clean.has_filename()) clean = clean.parent_path();  // it ended with a slash
  const io::Folder parent(clean.parent_path().native());
  const fs::path temporary = clean.parent_path() / io::temporary_name();
  write(zarr::folder_store(temporary.native()), array, options, compute);
  fs::rename(temporary, clean, error);
  if (error) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    io::fail("create", clean.native(), error.value());
  }
  io::sync_file(parent.fd(), parent.path());
}

}  // namespace

ChunkedArray open_zarr(std::string_view location, std::string_view array,
                       const ZarrOpenOptions& options) {
  return formats::open_zarr_array(open_source(location, array, options.sparse));
}

void save_zarr(std::string_view location, const ChunkedArray& array, const ZarrOptions& options,
               const ComputeOptions& compute) {
  if (!zarr::is_s3(location)) return save_in_folder(location, array, options, compute);
  const std::shared_ptr<zarr::Store> store = zarr::open_store(location);
  store->list([&](const std::string& key) -> bool {
    fail_taken(location, "the key " + key + " (a save that was stopped may have left it)");
  });
  write(store, array, options, compute);
}

ZarrDescription describe_zarr(std::string_view location, std::string_view array) {
  const auto source = open_source(location, array, false);
  const zarr::ArrayMetadata& metadata = source->metadata();
  ZarrDescription result{.dtype = metadata.dtype,
                         .chunks = source->logical(),
                         .stored_chunks = metadata.chunks,
                         .codec = describe(metadata.compressor),
                         .filters = {},
                         .order = metadata.order,
                         .has_checksums = source->has_checksums()};
  for (const zarr::Filter& filter : metadata.filters) result.filters.push_back(describe(filter));
  return result;
}

namespace formats {

ChunkedArray open_zarr_array(const std::shared_ptr<const ZarrSource>& source) {
  return ChunkedArray(source).rechunk(source->logical());
}

void write_zarr_array(const std::shared_ptr<zarr::Store>& store, const std::string& name,
                      const ChunkedArray& array, const ZarrOptions& options,
                      const ComputeOptions& compute) {
  const Chunks wanted =
      options.chunks.empty() ? array.chunks() : Chunks::regular(array.shape(), options.chunks);
  const Chunks chunks = ZarrWriter::stored_chunks(wanted, array.dtype());
  ZarrWriter writer(store, name, array.dtype(), chunks, array.chunks(), options);
  array.rechunk(chunks).store(writer, compute);
  writer.finish();
}

}  // namespace formats
}  // namespace functionfuse
