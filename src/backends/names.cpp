#include "backends/names.hpp"

#include <charconv>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "functionfuse/error.hpp"
#include "functionfuse/storage/storage.hpp"

namespace functionfuse::detail {

namespace {

/// Counters by function. Nodes of one function refer to one FunctionInfo, but for callables that
/// were given the same name: so by address first, by name where that is new.
class Counters {
 public:
  std::uint32_t next(const FunctionInfo* function) {
    if (function == last_) return (*last_counter_)++;
    auto [found, is_new] = by_address_.try_emplace(function, nullptr);
    if (is_new) found->second = &by_name_[function->name];
    last_ = function;
    last_counter_ = found->second;
    return (*last_counter_)++;
  }
  std::uint32_t next_call(const NodeBase* call) {
    return by_name_[keep(fmt::format("{}.{}", static_cast<const void*>(call->object()),
                                     call->function().name))]++;
  }

 private:
  std::string_view keep(std::string text) { return *texts_.insert(std::move(text)).first; }

  const FunctionInfo* last_ = nullptr;
  std::uint32_t* last_counter_ = nullptr;
  std::unordered_map<const FunctionInfo*, std::uint32_t*> by_address_;
  std::unordered_map<std::string_view, std::uint32_t> by_name_;  // its elements never move
  std::unordered_set<std::string> texts_;
};

void append_number(std::string& out, std::uint32_t number) {
  char digits[16];
  auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  out += '_';
  for (auto n = end - digits; n < 4; ++n) out += '0';
  out.append(digits, end);
}

void append_name(std::string& out, const NodeBase* node) {
  if (std::string_view name = node->set_name(); !name.empty()) {
    out += name;
    return;
  }
  if (node->type() == NodeBase::Type::call) {
    append_name(out, node->object());
    out += '.';
  }
  out += node->function().name;
  append_number(out, node->number);
}

/// `something_0000`: what a default name looks like.
bool looks_like_default(std::string_view name) {
  auto last = name.find_last_not_of("0123456789");
  return last != std::string_view::npos && name[last] == '_' && name.size() - last > 4;
}

std::string describe(const NodeBase* node) {
  return fmt::format("{} {}", node->type() == NodeBase::Type::object ? "object" : "function",
                     node->function().full_name);
}

[[noreturn]] void fail_twice(std::string_view name, const NodeBase* a, const NodeBase* b) {
  throw Error(Errc::invalid_argument,
              fmt::format("two nodes of the workflow have the name \"{}\": one of {} and one of {}; "
                          "the name is the key of the result: set_name another one",
                          name, describe(a), describe(b)));
}

}  // namespace

void number_nodes(const std::vector<NodeBase*>& nodes) {
  Counters counters;
  for (NodeBase* node : nodes) {
    if (node->is_light()) continue;
    node->number = node->type() == NodeBase::Type::call ? counters.next_call(node)
                                                        : counters.next(&node->function());
  }
}

std::string name_of(const NodeBase* node) {
  std::string items;
  while (node->is_light()) {
    items.insert(0, node->item_text());
    node = node->parents()[0];
  }
  std::string name;
  append_name(name, node);
  return name + items;
}

Names::Names(const Resolution& resolution) {
  begin_.reserve(resolution.size() + 1);
  text_.reserve(resolution.size() * std::size_t{16});
  for (const NodeBase* node : resolution.nodes()) {
    begin_.push_back(text_.size());
    if (node->is_light()) continue;
    append_name(text_, node);
    if (node->set_name().empty()) check_default_name(node);
  }
  begin_.push_back(text_.size());
}

/// Of a default name, which nobody gave: that a storage can keep a task under it.
void Names::check_default_name(const NodeBase* node) {
  const std::string_view name = std::string_view(text_).substr(begin_.back());
  if (&node->function() == checked_ && name.size() < 250) return;
  checked_ = &node->function();
  try {
    check_name(name, "task");
  } catch (const Error& e) {
    throw Error(Errc::invalid_argument,
                fmt::format("{}: it is the default name of a node of {}; set_name another one",
                            e.what(), describe(node)));
  }
}

void check_unique(const Resolution& resolution) {
  if (!resolution.has_calls() && !resolution.has_set_names()) return;
  std::unordered_map<std::string_view, const NodeBase*> set;
  // Default names differ from each other, but for those of methods, and from names that don't look
  // like one: only in the other cases all names are compared.
  bool all = resolution.has_calls();
  for (const NodeBase* node : resolution.nodes()) {
    std::string_view name = node->set_name();
    if (name.empty()) continue;
    all = all || looks_like_default(name);
    auto [found, is_new] = set.try_emplace(name, node);
    if (!is_new) fail_twice(name, found->second, node);
  }
  if (!all) return;
  Names names(resolution);
  for (std::uint32_t i = 0; i < resolution.size(); ++i) {
    const NodeBase* node = resolution.node(i);
    if (node->is_light() || !node->set_name().empty()) continue;
    auto [found, is_new] = set.try_emplace(names[i], node);
    if (!is_new) fail_twice(names[i], found->second, node);
  }
}

}  // namespace functionfuse::detail
