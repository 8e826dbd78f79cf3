#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace functionfuse {

/// What made a result, kept beside it so that a later run can tell whether it still holds: a node
/// whose record has changed is computed again.
struct Record {
  using Digest = std::array<std::byte, 16>;

  std::string function;  ///< the function's name
  std::string version;   ///< set_version, empty where there was none
  Digest arguments{};    ///< of the plain arguments
  Digest parents{};      ///< of the records of the nodes that the node depends on, by argument
  friend bool operator==(const Record&, const Record&) = default;
};

}  // namespace functionfuse
