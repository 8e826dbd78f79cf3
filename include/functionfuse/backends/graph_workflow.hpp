#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "functionfuse/backends/base_workflow.hpp"

namespace functionfuse {

/// Draws a workflow instead of running it.
///
///     ff::GraphWorkflow graph({b, model}, "operations");
///     graph.set_storage(storage);
///     graph.write("operations.svg");
///
/// Every task is a box: its name, below it the function where the name was set, and the type of its
/// result. With a storage, the boxes say which tasks are stored, which are stored but were made of
/// something else (stale), and which are not there. Arrows go from a node to those that need it and
/// name the item that they need; `after` and the order of calls on a stateful object are dashed; an
/// object and its calls share a frame.
///
/// Nothing is run, and no result is read.
class GraphWorkflow final : public BaseWorkflow {
 public:
  /// Where the arrows point.
  enum class Direction : std::uint8_t {
    automatic,  ///< down, or right where that gives the better shape
    down,
    right,
  };

  using BaseWorkflow::BaseWorkflow;

  /// The folder for `run`, created when it is needed. Default: the current one.
  void set_doc_path(const std::filesystem::path& folder) { doc_path_ = folder; }
  void set_direction(Direction direction) noexcept { direction_ = direction; }
  /// Whether boxes show the types of results. Default: up to 150 tasks.
  void show_types(bool on) noexcept { types_ = on ? Types::always : Types::never; }

  /// The picture in the language of Graphviz: the same text for the same graph and storage.
  /// \error invalid_argument  two nodes of one name
  [[nodiscard]] std::string dot() const;

  /// Draws it to a file, in one step: another file of that name stays as it was until this one is
  /// complete. The name's end says the format: .svg, .png, .pdf, or .dot for the text. All but the
  /// last need the program `dot` of Graphviz.
  /// \error invalid_argument  another end; two nodes of one name
  /// \error unsupported       there is no program `dot`; the text says how to get it
  /// \error io                `dot` failed, with what it said; the file can't be written
  void write(const std::filesystem::path& file) const;

  /// Draws it to `<doc_path>/<workflow_name>.svg` and returns that path.
  std::filesystem::path run();

 protected:
  /// For programs that have a workflow of any kind: draws as `run` does, and gives no results.
  /// \error unsupported  `read`: results are wanted at once
  Results execute(bool read) override;

 private:
  enum class Types : std::uint8_t { automatic, always, never };

  std::filesystem::path doc_path_ = ".";
  Direction direction_ = Direction::automatic;
  Types types_ = Types::automatic;
};

}  // namespace functionfuse
