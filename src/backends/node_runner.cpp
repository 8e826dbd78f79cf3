#include "backends/node_runner.hpp"

#include <exception>

#include <fmt/format.h>

#include "functionfuse/error.hpp"
#include "functionfuse/pickle/io.hpp"
#include "functionfuse/pickle/pickler.hpp"
#include "functionfuse/pickle/unpickler.hpp"
#include "functionfuse/pickle/value.hpp"

namespace functionfuse::detail {

namespace {

/// The value as Python would show it.
std::string repr(const NodeBase& node) {
  if (!node.is_storable()) return fmt::format("({})", node.value_type_name());
  try {
    StringOutput output;
    Pickler pickler(output);
    node.pickle(pickler);
    pickler.finish();
    std::string text = output.take();
    MemoryInput input(std::as_bytes(std::span(text.data(), text.size())));
    return unpickle(input).repr();
  } catch (const Error&) {
    return fmt::format("({})", node.value_type_name());
  }
}

std::string current_what() {
  try {
    throw;
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "it threw what is not a std::exception";
  }
}

Storage::Saved saved(const NodeBase* node) {
  return {node, [](Pickler& pickler, const void* object) {
            static_cast<const NodeBase*>(object)->pickle(pickler);
          }};
}

Storage::Loaded loaded(NodeBase* node) {
  return {node, [](const Reading& reading, void* object) {
            static_cast<NodeBase*>(object)->load(reading);
          }};
}

}  // namespace

NodeRunner::NodeRunner(WorkflowState& workflow, Plan& plan)
    : workflow_(workflow), plan_(plan), start_(workflow.log.wanted() ? now() : 0) {}

bool NodeRunner::logs(std::uint32_t i) const {
  return workflow_.log.wanted() ||
         (!workflow_.logged.empty() && workflow_.logged.contains(plan_.node(i)));
}

void NodeRunner::log(std::uint32_t i, std::string_view what, double seconds) {
  std::string text = fmt::format("{}: \"{}\" {} in {}", workflow_.name, plan_.name(i), what,
                                 seconds_text(seconds));
  if (workflow_.logged.contains(plan_.node(i))) {
    if (plan_.node(i)->value() != nullptr) text += ": " + repr(*plan_.node(i));
    workflow_.log.notice(text);
  } else {
    workflow_.log.line(text);
  }
}

std::string NodeRunner::describe(std::uint32_t i) const {
  const NodeBase* node = plan_.node(i);
  std::string_view kind = node->type() == NodeBase::Type::object ? "class"
                          : node->type() == NodeBase::Type::call ? "method"
                                                                 : "function";
  if (node->is_light()) {
    return fmt::format("workflow \"{}\": item {} of a node", workflow_.name, name_of(node));
  }
  return fmt::format("workflow \"{}\": node \"{}\" ({} {})", workflow_.name, plan_.name(i), kind,
                     node->function().full_name);
}

void NodeRunner::fail(std::uint32_t i, std::string_view what) const {
  std::throw_with_nested(
      NodeError(name_of(plan_.node(i)), fmt::format("{} {}", describe(i), what)));
}

void NodeRunner::initialize(std::uint32_t i, std::optional<RandomStateScope>& scope) {
  Plugin* plugin = workflow_.plugin_of(plan_.node(i));
  if (plugin == nullptr) return;
  scope.emplace();
  plugin->local_initialize(plan_.name(i));
  plugin->remote_initialize(plan_.name(i));
}

void NodeRunner::run(std::uint32_t i) {
  NodeBase* node = plan_.node(i);
  bool is_light = node->is_light();
  bool timed = !is_light && logs(i);
  double start = timed ? now() : 0;
  try {
    std::optional<RandomStateScope> scope;
    if (!is_light) initialize(i, scope);
    node->run(workflow_.replacement_of(node));
  } catch (...) {
    std::string what = current_what();
    if (timed) log(i, "failed", now() - start);
    fail(i, fmt::format("failed: {}", what));
  }
  if (is_light) return;
  ran_.fetch_add(1, std::memory_order_relaxed);
  if (timed) log(i, "ran", now() - start);
}

void NodeRunner::replay(std::uint32_t i) {
  double start = logs(i) ? now() : 0;
  try {
    std::optional<RandomStateScope> scope;
    initialize(i, scope);
    plan_.node(i)->replay();
  } catch (...) {
    fail(i, "failed when it was run again for the calls behind it: " + current_what());
  }
  ++replayed_;
  if (logs(i)) log(i, "ran again for the calls behind it", now() - start);
}

void NodeRunner::save(std::uint32_t i, bool needed) {
  if (workflow_.storage == nullptr) return;
  NodeBase* node = plan_.node(i);
  const bool reads_back = needed && workflow_.storage->always_read();
  try {
    Record record = plan_.records().record(i);
    // Nobody may go on with what was there before, should the save fail.
    if (reads_back) {
      workflow_.storage->save_erased(workflow_.name, plan_.name(i), saved(node), &record);
    } else {
      workflow_.storage->save_in_background(workflow_.name, plan_.name(i), saved(node), &record);
    }
  } catch (...) {
    fail(i, "ran, and its result could not be saved: " + current_what());
  }
  if (!reads_back) return;
  node->clear();
  try {
    workflow_.storage->read_erased(workflow_.name, plan_.name(i), loaded(node));
  } catch (...) {
    fail(i, "ran and was saved, and could not be read back: " + current_what());
  }
}

void NodeRunner::save_state(std::uint32_t object) {
  NodeBase* node = plan_.node(object);
  if (workflow_.storage == nullptr || !node->is_storable()) return;
  Chain& chain = plan_.chain(object);
  std::int64_t position = node->object_part()->position;
  if (position <= chain.stored_position) return;
  std::uint32_t last =
      position == 0 ? object : chain.calls[static_cast<std::size_t>(position) - 1];
  try {
    Record record = plan_.records().state_record(object, last);
    workflow_.storage->save_in_background(workflow_.name, plan_.name(object), saved(node), &record);
  } catch (...) {
    fail(object, "could not be saved: " + current_what());
  }
  chain.stored_position = position;
}

bool NodeRunner::read(std::uint32_t i) {
  bool timed = logs(i);
  double start = timed ? now() : 0;
  // A type that doesn't fit means that the function has changed, and what it made before goes. Not
  // so what has no record: that may be somebody else's.
  if (!read_task(i, !plan_.has_record(i))) return false;
  ++read_;
  if (timed) log(i, "was read", now() - start);
  return true;
}

bool NodeRunner::read_state(std::uint32_t object) {
  Chain& chain = plan_.chain(object);
  std::int64_t expected = chain.stored_position;
  bool good = read_task(object, false);
  NodeBase* node = plan_.node(object);
  if (good && node->object_part()->position != expected) {
    warn_unreadable(object, "its stored state is not that of its record");
    node->clear();
    good = false;
  }
  if (!good) chain.stored_position = -1;
  return good;
}

bool NodeRunner::read_task(std::uint32_t i, bool mismatch_is_error) {
  try {
    workflow_.storage->read_erased(workflow_.name, plan_.name(i), loaded(plan_.node(i)));
    return true;
  } catch (const Error& e) {
    bool compute = e.code() == Errc::corrupt || e.code() == Errc::not_found ||
                   (e.code() == Errc::type_mismatch && !mismatch_is_error);
    if (!compute) fail(i, std::string("is stored and could not be read: ") + e.what());
    warn_unreadable(i, e.what());
    return false;
  }
}

bool NodeRunner::is_damaged(std::uint32_t i) {
  const auto problems = workflow_.storage->verify_task(workflow_.name, plan_.name(i));
  if (!problems.empty()) warn_unreadable(i, problems.front().what);
  return !problems.empty();
}

void NodeRunner::warn_unreadable(std::uint32_t i, std::string_view what) {
  workflow_.log.warning(fmt::format("{}: \"{}\" is computed again, as its stored result can't be "
                                    "used: {}",
                                    workflow_.name, plan_.name(i), what));
}

void NodeRunner::sync() {
  if (workflow_.storage != nullptr && ran_ > 0) workflow_.storage->sync(workflow_.name);
}

void NodeRunner::sync_quietly() noexcept {
  try {
    sync();
  } catch (const std::exception& e) {
    workflow_.log.warning(fmt::format("{}: {}", workflow_.name, e.what()));
  }
}

void NodeRunner::summarize() {
  if (!workflow_.log.wanted()) return;
  std::string again = replayed_ == 0 ? "" : fmt::format(", {} ran again", replayed_.load());
  workflow_.log.line(fmt::format("{}: {} nodes: {} ran{}, {} found stored of which {} read, in {}",
                                 workflow_.name, plan_.graph().named(), ran_.load(), again,
                                 plan_.stored(), read_.load(), seconds_text(now() - start_)));
}

}  // namespace functionfuse::detail
