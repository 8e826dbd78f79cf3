#include "kept_array.hpp"

#include "functionfuse/error.hpp"
#include "functionfuse/formats/hdf5.hpp"

#include "formats/zarr_array.hpp"
#include "serializers/dask_arrays.hpp"

namespace functionfuse::cli {

KeptArray open_kept_hdf5(const std::filesystem::path& file, std::string place) {
  Hdf5Description description = describe_hdf5(file, detail::kArrayDataset);
  return {.array = open_hdf5(file, detail::kArrayDataset),
          .place = std::move(place),
          .url = file.native(),
          .is_zarr = false,
          .chunks = std::move(description.chunks),
          .stored_chunks = std::move(description.stored_chunks),
          .stored_bytes = description.stored_bytes,
          .filters = std::move(description.filters),
          .has_checksums = description.has_checksums};
}

KeptArray open_kept_zarr(std::shared_ptr<const formats::zarr::Store> store, std::string place,
                         std::uint64_t stored_bytes) {
  const std::string location = store->location();
  std::shared_ptr<const formats::ZarrSource> source;
  try {
    source = formats::ZarrSource::open(std::move(store));
  } catch (const NotFoundError&) {  // though there are keys
    throw CorruptError(location + " lacks its .zarray: run the workflow again");
  }
  const formats::zarr::ArrayMetadata& metadata = source->metadata();
  KeptArray kept{.array = formats::open_zarr_array(source),
                 .place = std::move(place),
                 .url = location,
                 .is_zarr = true,
                 .chunks = source->logical(),
                 .stored_chunks = metadata.chunks,
                 .stored_bytes = stored_bytes,
                 .filters = {},
                 .has_checksums = source->has_checksums()};
  for (const auto& filter : metadata.filters) {
    kept.filters.push_back(formats::zarr::describe(filter));
  }
  std::string codec = formats::zarr::describe(metadata.compressor);
  if (!codec.empty()) kept.filters.push_back(std::move(codec));
  return kept;
}

const char* other_writer(const KeptArray& kept) { return kept.is_zarr ? "zarr-python" : "h5py"; }

}  // namespace functionfuse::cli
