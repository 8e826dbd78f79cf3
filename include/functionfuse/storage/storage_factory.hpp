#pragma once

#include <memory>

#include "functionfuse/storage/file_storage.hpp"
#include "functionfuse/storage/options.hpp"
#include "functionfuse/storage/s3_storage.hpp"
#include "functionfuse/storage/storage.hpp"

namespace functionfuse {

/// Makes a storage from its kind and that kind's options:
///
///     auto storage = ff::storage_factory({{"kind", "file"}, {"options", {{"path", "storage"}}}});
///
/// | kind | options | |
/// |---|---|---|
/// | `file` | `path` | the folder, made with the first result: FileStorage |
/// | `S3` | `path`, `s3fs` | a prefix in a bucket, and how to get in: S3Storage, s3_options |
///
/// They may as well stand in a file: storage_factory(read_options("storage.json")).
///
/// \error invalid_argument  an unknown kind, an option that is missing, unknown or of another type;
///                          the text says what there is and what was probably meant
/// \error unsupported       an option that is understood and can't be had
[[nodiscard]] std::shared_ptr<Storage> storage_factory(const Options& options);

}  // namespace functionfuse
