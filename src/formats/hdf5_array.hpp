#pragma once

#include <memory>
#include <string>

#include <functionfuse/formats/hdf5.hpp>

#include "formats/hdf5_file.hpp"

namespace functionfuse::formats {

/// The array as it was saved: cut into its own chunks.
[[nodiscard]] ChunkedArray open_hdf5_array(const std::shared_ptr<const Hdf5Source>& source);

/// Computes the array into a new file. \param resume  goes on with the file that is there, if it is one that
/// a killed call with the same arguments left; otherwise that file is removed
void write_hdf5_array(const std::string& path, const std::string& dataset, const ChunkedArray& array,
                      const functionfuse::Hdf5Options& options, const ComputeOptions& compute,
                      bool resume = false);

}  // namespace functionfuse::formats
