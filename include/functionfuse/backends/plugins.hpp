#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// What happens before a node runs, besides its function: a backend calls the plugin that was set
/// for the workflow (`workflow.set_plugin`) or for some nodes (`workflow.query("...").set_plugin`).
/// A node that is read from the storage doesn't run, and calls none.
namespace functionfuse {

class Plugin {
 public:
  virtual ~Plugin();
  /// In the program that runs the workflow, before `node` is handed to whoever runs it; one at a
  /// time, in the order in which nodes are handed out. An exception fails the node.
  virtual void local_initialize(std::string_view node);
  /// Where `node` runs, in its thread, right before it.
  /// \threads a parallel backend calls it for several nodes at once
  virtual void remote_initialize(std::string_view node);
};

/// Calls a function where a node runs, before it: to set up a library, for example.
class InitializerPlugin final : public Plugin {
 public:
  template <class F>
    requires std::is_invocable_v<F&>
  explicit InitializerPlugin(F function)
      : function_(std::make_shared<F>(std::move(function))),
        call_([](void* f) { (*static_cast<F*>(f))(); }) {}
  void remote_initialize(std::string_view node) override;

 private:
  std::shared_ptr<void> function_;
  void (*call_)(void*);
};

/// Gives every node random numbers of its own, the same ones in every run: `random_state()` is
/// seeded with the seed and the node's name, whatever ran before and in whichever order.
class RandomStatePlugin final : public Plugin {
 public:
  explicit RandomStatePlugin(std::uint64_t seed) : seed_(seed) {}
  void remote_initialize(std::string_view node) override;

 private:
  std::uint64_t seed_;
};

/// The random numbers of the node that runs in this thread.
///
///     double noise() { return std::normal_distribution<>()(ff::random_state()); }
///
/// \error invalid_argument  no RandomStatePlugin was set for the node that runs here
[[nodiscard]] std::mt19937_64& random_state();

/// Several plugins as one, in order.
class PluginCollection final : public Plugin {
 public:
  explicit PluginCollection(std::vector<std::shared_ptr<Plugin>> plugins)
      : plugins_(std::move(plugins)) {}
  void local_initialize(std::string_view node) override;
  void remote_initialize(std::string_view node) override;

 private:
  std::vector<std::shared_ptr<Plugin>> plugins_;
};

}  // namespace functionfuse
