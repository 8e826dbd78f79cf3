#pragma once

#include <memory>
#include <string>

#include <functionfuse/storage/storage_factory.hpp>

/// The storage at a PATH of the command line: a folder, or s3://bucket/prefix with the settings of
/// the environment.
inline std::shared_ptr<functionfuse::Storage> open_storage(const std::string& path) {
  const char* kind = path.starts_with("s3://") ? "S3" : "file";
  return functionfuse::storage_factory({{"kind", kind}, {"options", {{"path", path}}}});
}
