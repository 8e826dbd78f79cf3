#include "functionfuse/backends/plugins.hpp"

#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "backends/digest.hpp"
#include "backends/random_state.hpp"
#include "functionfuse/error.hpp"

namespace functionfuse {

namespace {
thread_local std::mt19937_64* current = nullptr;
}

namespace detail {
RandomStateScope::RandomStateScope() : before_(current) { current = nullptr; }
RandomStateScope::~RandomStateScope() {
  delete current;
  current = static_cast<std::mt19937_64*>(before_);
}
}  // namespace detail

Plugin::~Plugin() = default;
void Plugin::local_initialize(std::string_view) {}
void Plugin::remote_initialize(std::string_view) {}

void InitializerPlugin::remote_initialize(std::string_view) { call_(function_.get()); }

void RandomStatePlugin::remote_initialize(std::string_view node) {
  std::string text(reinterpret_cast<const char*>(&seed_), sizeof(seed_));
  text += node;
  Record::Digest digest = detail::digest_of(text.data(), text.size());
  std::uint64_t seed = 0;
  std::memcpy(&seed, digest.data(), sizeof(seed));
  if (current == nullptr) {
    current = new std::mt19937_64(seed);
  } else {
    current->seed(seed);
  }
}

std::mt19937_64& random_state() {
  if (current == nullptr) {
    throw Error(Errc::invalid_argument,
                "random_state(): no RandomStatePlugin was set for what runs here; "
                "workflow.set_plugin(std::make_shared<ff::RandomStatePlugin>(seed))");
  }
  return *current;
}

void PluginCollection::local_initialize(std::string_view node) {
  for (const auto& plugin : plugins_) plugin->local_initialize(node);
}

void PluginCollection::remote_initialize(std::string_view node) {
  for (const auto& plugin : plugins_) plugin->remote_initialize(node);
}

}  // namespace functionfuse
