#include "backends/records.hpp"

#include <string_view>

#include <fmt/format.h>

#include "backends/digest.hpp"
#include "functionfuse/backends/argument_digest.hpp"

namespace functionfuse::detail {

namespace {
void append(std::string& out, const Record::Digest& digest) {
  out.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}
void append(std::string& out, std::string_view text) {
  auto size = static_cast<std::uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof(size));
  out += text;
}
Record::Digest digest_of(const std::string& text) {
  return detail::digest_of(text.data(), text.size());
}
}  // namespace

Records::Records(const Resolution& resolution)
    : resolution_(resolution), entries_(resolution.size()) {}

void Records::compute(const WorkflowState& workflow, std::uint32_t i) {
  NodeBase* node = resolution_.node(i);
  Entry& entry = entries_[i];
  entry.function = &node->function();
  entry.replacement = workflow.replacement_of(node);
  buffer_.clear();
  if (node->is_light()) {
    append(buffer_, entries_[resolution_.parents(i).back()].identity);
    append(buffer_, node->type() == NodeBase::Type::state ? "state" : node->item_text());
    entry.identity = digest_of(buffer_);
    return;
  }
  node->digest_arguments(digest_);
  entry.opaque = digest_.opaque();
  entry.arguments = digest_.finish();
  entry.parents = parents_digest(i);
  buffer_.clear();
  append(buffer_, entry.replacement == nullptr ? std::string_view(entry.function->full_name)
                                               : std::string_view(function_name(i)));
  append(buffer_, node->version());
  append(buffer_, entry.arguments);
  append(buffer_, entry.parents);
  entry.identity = digest_of(buffer_);
}

Record::Digest Records::parents_digest(std::uint32_t i) {
  auto parents = resolution_.parents(i);
  if (parents.empty()) return {};
  buffer_.clear();
  for (std::uint32_t parent : parents) append(buffer_, entries_[parent].identity);
  return digest_of(buffer_);
}

void Records::adopt(std::uint32_t i, const Record& stored) {
  entries_[i].identity = identity(stored);
}

Record::Digest Records::identity(const Record& record) const {
  std::string text;
  append(text, record.function);
  append(text, record.version);
  append(text, record.arguments);
  append(text, record.parents);
  return digest_of(text);
}

std::string Records::function_name(std::uint32_t i) const {
  const Entry& entry = entries_[i];
  std::string name(entry.function->full_name);
  if (entry.replacement != nullptr) name += " replaced by " + entry.replacement->name;
  return name;
}

bool Records::matches(std::uint32_t i, const Record& stored) const {
  const Entry& entry = entries_[i];
  bool same_function = entry.replacement == nullptr ? stored.function == entry.function->full_name
                                                    : stored.function == function_name(i);
  return same_function && stored.version == resolution_.node(i)->version() &&
         stored.arguments == entry.arguments && stored.parents == entry.parents;
}

bool Records::matches_state(std::uint32_t object, std::uint32_t call, const Record& stored) const {
  const Entry& entry = entries_[object];
  return stored.function == entry.function->full_name &&
         stored.version == resolution_.node(object)->version() &&
         stored.arguments == entry.arguments && stored.parents == entries_[call].identity;
}

Record Records::record(std::uint32_t i) const {
  const Entry& entry = entries_[i];
  return {function_name(i), std::string(resolution_.node(i)->version()), entry.arguments,
          entry.parents};
}

Record Records::state_record(std::uint32_t object, std::uint32_t call) const {
  Record record = this->record(object);
  record.parents = entries_[call].identity;
  return record;
}

}  // namespace functionfuse::detail
