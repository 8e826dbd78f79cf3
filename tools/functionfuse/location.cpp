#include "location.hpp"

#include "functionfuse/error.hpp"

#include "bucket_location.hpp"
#include "folder_location.hpp"
#include "serializers/check_version.hpp"
#include "serializers/dask_arrays.hpp"
#include "words.hpp"

namespace functionfuse::cli {

bool is_bucket(const std::string& path) {
  const std::size_t end = path.find("://");
  const std::string scheme = end == path.npos ? "file" : path.substr(0, end);
  if (path.starts_with("s3:") && scheme == "file") {
    throw Error(Errc::invalid_argument, "\"" + printable(path) +
                                            "\": a PATH on S3 is s3://bucket/prefix; a folder of "
                                            "that name is ./" +
                                            printable(path));
  }
  if (scheme == "s3" || scheme == "file") return scheme == "s3";
  throw Error(Errc::invalid_argument,
              "there is no kind of storage \"" + printable(scheme) +
                  "\": a PATH is a folder, file:///folder or s3://bucket/prefix");
}

std::shared_ptr<const Location> locate(const std::string& path) {
  if (is_bucket(path)) return std::make_shared<BucketLocation>(path);
  return std::make_shared<FolderLocation>(path);
}

void check_array_version(const PersistentId& id) {
  detail::check_version({printable(id.version), printable(id.filename)}, detail::kArrayVersion,
                        "the array", "DaskArraySerializer");
}

}  // namespace functionfuse::cli
