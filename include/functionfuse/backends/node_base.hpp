#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "functionfuse/backends/graph.hpp"

namespace functionfuse {

class ArgumentDigest;
class NodeBase;
class Pickler;
class Reading;
struct ErasedFunction;
struct ErasedSignature;

/// What all nodes made of one function have in common.
struct FunctionInfo {
  std::string_view name;       ///< "sum": default names start with it
  std::string_view full_name;  ///< "stats::sum<float>": what a Record keeps
};

/// A stateful object's part of its node.
struct ObjectPart {
  std::vector<NodeBase*> calls;  ///< all that were made, in order; calls[k]->position() == k + 1
  NodeBase* last = nullptr;      ///< the youngest call, else the object
  std::uint32_t position = 0;    ///< how many calls the live object has behind it
};

/// A node of which only the graph's side is known: what a backend works with. The typed front end
/// derives from it. Lies in its Graph's memory.
///
/// Kinds of nodes:
/// - function: a call of a function.
/// - object: a stateful object; its value is the object itself, as it is after the calls that ran.
/// - call: of a method; its first parent is the object, the call before is an order-only parent.
/// - item: a part of its only value parent's result. Not stored, no name; its value may point into
///   the parent's.
/// - state: a copy of an object after position() calls. Not stored, no name.
///
/// \threads different nodes may run at once, once their parents have values; everything else: one
///          thread for nodes of one graph
class NodeBase {
 public:
  enum class Type : std::uint8_t { function, object, call, item, state };

  NodeBase(const NodeBase&) = delete;
  NodeBase& operator=(const NodeBase&) = delete;

  [[nodiscard]] Type type() const noexcept { return type_; }
  /// Has neither a name nor a task of its own.
  [[nodiscard]] bool is_light() const noexcept { return type_ >= Type::item; }
  [[nodiscard]] const FunctionInfo& function() const noexcept { return *function_; }

  /// In the order in which nodes were made in this process: a parent's is always smaller.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
  /// All nodes that have to run before, by argument; then those which only have to run before.
  [[nodiscard]] std::span<NodeBase* const> parents() const noexcept {
    return {parents_, parent_count_};
  }
  /// Those of which the value is an argument.
  [[nodiscard]] std::span<NodeBase* const> value_parents() const noexcept {
    return {parents_, value_parent_count_};
  }
  /// call, state: how many calls of the object come up to here, this one included.
  [[nodiscard]] std::uint32_t position() const noexcept { return position_; }
  /// call, state: the object, else null.
  [[nodiscard]] NodeBase* object() const noexcept {
    return type_ == Type::call || type_ == Type::state ? parents_[0] : nullptr;
  }

  /// Empty where none was set.
  [[nodiscard]] std::string_view set_name() const noexcept {
    return extra_ == nullptr ? std::string_view() : extra_->name;
  }
  /// \error invalid_argument  see check_name; the node is an item
  void set_name(std::string_view name);
  [[nodiscard]] std::string_view version() const noexcept;
  void set_version(std::string_view version);
  /// This node will run after `other`, which has to be the older one and of the same graph.
  /// \error invalid_argument  it is not the older one
  void add_order(Graph& graph, NodeBase* other);

  /// The result, null while there is none. For void functions a std::monostate.
  [[nodiscard]] const void* value() const noexcept { return value_; }

  /// Computes the value; the value parents have theirs.
  /// \param replacement  to be called in place of the node's function, or null
  virtual void run(const ErasedFunction* replacement) = 0;
  /// call: runs the method for what it does to the object; the value stays as it is.
  virtual void replay();
  /// Frees the value.
  virtual void clear() noexcept = 0;
  /// Moves the value to the heap and hands it over; afterwards there is none.
  virtual std::shared_ptr<void> take() = 0;
  /// item: its value from a parent's that lies elsewhere; it stays valid as long as that does.
  virtual std::shared_ptr<const void> item_of(const std::shared_ptr<const void>& parent);

  /// Whether pickle() and load() can be called.
  [[nodiscard]] virtual bool is_storable() const noexcept = 0;
  /// Whether only a persistent serializer of the storage can keep the value.
  [[nodiscard]] virtual bool needs_serializer() const noexcept { return false; }
  /// object: writes and reads the tuple (number of calls, state).
  virtual void pickle(Pickler& pickler) const = 0;
  virtual void load(const Reading& reading) = 0;

  /// Type of the value; void functions: std::monostate.
  [[nodiscard]] virtual const std::type_info& value_type() const noexcept = 0;
  [[nodiscard]] virtual std::string value_type_name() const = 0;
  /// function: of the node's function, else null.
  [[nodiscard]] virtual const ErasedSignature* signature() const { return nullptr; }
  /// Adds the plain arguments and which argument is a node's.
  virtual void digest_arguments(ArgumentDigest& digest) const { (void)digest; }
  /// item: what it is of the parent, `["a"]`, `[1]`, `.train`, `<0>`.
  [[nodiscard]] virtual std::string item_text() const { return {}; }
  [[nodiscard]] virtual ObjectPart* object_part() noexcept { return nullptr; }
  /// What stands for this node as an argument: for an object a new node, its state by now.
  /// \error unsupported  an object that can't be copied
  virtual NodeBase* as_argument(Graph& graph) {
    (void)graph;
    return this;
  }

  // For the layer that resolves a workflow; valid until the next one is resolved.
  std::uint32_t index = 0;           ///< in the workflow
  std::uint32_t number = kNoNumber;  ///< of the default name
  static constexpr std::uint32_t kNoNumber = ~std::uint32_t{0};

 protected:
  NodeBase(Type type, const FunctionInfo& function) noexcept : type_(type), function_(&function) {}
  virtual ~NodeBase();
  void set_position(std::uint32_t position) noexcept { position_ = position; }

  const void* value_ = nullptr;

 private:
  struct Extra {
    std::string name, version;
  };
  friend class Graph;
  friend class NodeBuilder;
  Extra& extra();

  Type type_;
  const FunctionInfo* function_;
  NodeBase* next_ = nullptr;  // of the graph, the next that was made
  NodeBase** parents_ = nullptr;
  std::uint32_t parent_count_ = 0;
  std::uint32_t value_parent_count_ = 0;
  std::uint32_t parent_capacity_ = 0;
  std::uint32_t position_ = 0;
  std::uint64_t sequence_ = 0;
  std::unique_ptr<Extra> extra_;
};

/// A number for the next node.
std::uint64_t next_sequence() noexcept;

}  // namespace functionfuse
