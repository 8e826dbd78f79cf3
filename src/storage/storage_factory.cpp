#include "functionfuse/storage/storage_factory.hpp"

#include <array>
#include <string>

#include "functionfuse/error.hpp"
#include "storage/suggest.hpp"

namespace functionfuse {
namespace {

const Option& required(const Options& options, std::string_view name, std::string_view whose,
                       std::string_view example) {
  if (const Option* option = options.find(name)) return *option;
  throw Error(Errc::invalid_argument, std::string(whose) + " needs the option \"" +
                                          std::string(name) + "\", for example " +
                                          std::string(example));
}

std::shared_ptr<Storage> make_file_storage(const Options& options) {
  check_known(options, {"path"}, "a storage of kind \"file\"");
  const std::string& path =
      required(options, "path", "a storage of kind \"file\"", R"({"path", "storage"})")
          .text("path");
  if (path.empty()) {
    throw Error(Errc::invalid_argument,
                "the option \"path\" of a storage of kind \"file\" is empty: name a folder");
  }
  return std::make_shared<FileStorage>(path);
}

}  // namespace

std::shared_ptr<Storage> storage_factory(const Options& options) {
  // Names first: {{"knid", "file"}} should hear about "knid", not about a missing "kind".
  check_known(options, {"kind", "options"}, "storage_factory");
  const std::string& kind =
      required(options, "kind", "storage_factory", R"({"kind", "file"})").text("kind");
  const Options none;
  const Option* given = options.find("options");
  const Options& own = given != nullptr ? given->options("options") : none;

  if (kind == "file") return make_file_storage(own);
  if (kind == "S3") return std::make_shared<S3Storage>(s3_options(own));
  const std::array<std::string, 2> kinds = {"file", "S3"};
  throw Error(Errc::invalid_argument, "storage_factory: there is no storage of kind \"" + kind +
                                          "\"; there is " + detail::quoted_list(kinds) +
                                          detail::did_you_mean(kind, kinds));
}

}  // namespace functionfuse
