#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backends/resolution.hpp"
#include "backends/workflow_state.hpp"
#include "functionfuse/backends/argument_digest.hpp"
#include "functionfuse/storage/record.hpp"

namespace functionfuse::detail {

/// What makes each node's result, computed from the graph alone: parents before their children.
///
/// The identity of a node is the digest of its record; a record's `parents` is the digest of the
/// parents' identities, by argument. An item's identity is its parent's and which item it is; that
/// of an object's state is that of the last call before it. So a change is seen by everything below.
class Records {
 public:
  explicit Records(const Resolution& resolution);

  /// Computes the record of node `i`; those of its parents are there.
  void compute(const WorkflowState& workflow, std::uint32_t i);
  /// Goes on with what is stored, as if the node was still what it was made of.
  void adopt(std::uint32_t i, const Record& stored);

  [[nodiscard]] bool matches(std::uint32_t i, const Record& stored) const;
  /// Of some plain argument only the type is in the record.
  [[nodiscard]] bool opaque(std::uint32_t i) const noexcept { return entries_[i].opaque; }
  /// The record of an object's state after the call `call`, or of the object as constructed where
  /// `call` is the object.
  [[nodiscard]] bool matches_state(std::uint32_t object, std::uint32_t call,
                                   const Record& stored) const;
  [[nodiscard]] Record record(std::uint32_t i) const;
  [[nodiscard]] Record state_record(std::uint32_t object, std::uint32_t call) const;

 private:
  struct Entry {
    const FunctionInfo* function;
    const ErasedFunction* replacement;
    Record::Digest arguments, parents, identity;
    bool opaque = false;
  };
  [[nodiscard]] std::string function_name(std::uint32_t i) const;
  [[nodiscard]] Record::Digest parents_digest(std::uint32_t i);
  [[nodiscard]] Record::Digest identity(const Record& record) const;

  const Resolution& resolution_;
  std::vector<Entry> entries_;
  std::string buffer_;
  ArgumentDigest digest_;
};

}  // namespace functionfuse::detail
