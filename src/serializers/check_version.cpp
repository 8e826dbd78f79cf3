#include "serializers/check_version.hpp"

namespace functionfuse::detail {

void check_version(const SerializedAs& id, std::string_view version, std::string_view what,
                   std::string_view serializer) {
  if (id.first == version) return;
  throw UnsupportedError(std::string(what) + " \"" + id.second + "\" was written by version " +
                         id.first + " of " + std::string(serializer) + "; this one reads version " +
                         std::string(version) + ": use a newer release");
}

}  // namespace functionfuse::detail
