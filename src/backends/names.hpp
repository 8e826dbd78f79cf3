#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backends/resolution.hpp"

namespace functionfuse::detail {

/// Gives every node its number among those of the same function (of a call: of the same method of
/// the same object), in order; a node that has a name of its own counts too, so that naming one does
/// not rename the others.
void number_nodes(const std::vector<NodeBase*>& nodes);

/// The name of a node, which has been numbered.
std::string name_of(const NodeBase* node);

/// The names of all nodes of a workflow.
class Names {
 public:
  /// \error invalid_argument  a default name that no storage can hold
  explicit Names(const Resolution& resolution);
  /// Of a light node: empty.
  [[nodiscard]] std::string_view operator[](std::uint32_t i) const noexcept {
    return std::string_view(text_).substr(begin_[i], begin_[i + 1] - begin_[i]);
  }

 private:
  void check_default_name(const NodeBase* node);

  std::string text_;
  std::vector<std::size_t> begin_;
  const FunctionInfo* checked_ = nullptr;
};

/// \error invalid_argument  two nodes of one name, with the functions of both
void check_unique(const Resolution& resolution);

}  // namespace functionfuse::detail
