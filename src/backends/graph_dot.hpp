#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "backends/resolution.hpp"
#include "functionfuse/backends/graph_workflow.hpp"

namespace functionfuse::detail {

/// What a storage has of a node.
enum class TaskState : std::uint8_t { missing, stored, stale };

struct DotOptions {
  GraphWorkflow::Direction direction = GraphWorkflow::Direction::automatic;
  bool types = true;
};

/// A workflow in the language of Graphviz.
/// \param states  by place in `resolution`; empty: there is no storage
std::string dot_text(const Resolution& resolution, std::string_view workflow_name,
                     std::span<const TaskState> states, const DotOptions& options);

}  // namespace functionfuse::detail
