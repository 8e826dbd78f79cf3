#pragma once

#include <vector>

#include "functionfuse/pickle/pickler.hpp"
#include "functionfuse/pickle/value.hpp"

namespace functionfuse {

/// Pickles a Value: what Python unpickles from it is equal, of the same types, shared and cyclic
/// where the Value is. Goes down with a stack of its own, so depth costs no recursion.
class ValuePickler {
 public:
  ValuePickler(Pickler& pickler, const Value& value)
      : pickler_(pickler), origin_(value.origin()) {}
  void save(const detail::Slot& root);

 private:
  struct Level {
    const detail::Object* object;
    std::size_t next = 0;
    // Of a container: the slot before which the next mark stands. Of an opaque object: its steps
    // since the mark under way.
    std::size_t batch = 0;
    bool second_done = false;  // the value of such a step has been written
  };

  /// Writes what has nothing below it; for the rest begins a level.
  void enter(const detail::Slot& slot);
  void small(const detail::Slot& slot);
  void enter_object(const detail::Object& object);
  /// Goes one step further in the innermost level; true when it is done.
  bool advance();
  bool advance_items(Level& level, const detail::Container& container, std::size_t width, char op);
  bool advance_tuple(Level& level, const detail::Container& tuple);
  bool advance_frozenset(Level& level, const detail::Container& set);
  bool advance_opaque(Level& level, const detail::Opaque& object);
  bool advance_persistent(Level& level, const detail::Persistent& persistent);
  void memoize(const detail::Object& object);
  void big_integer(const detail::Text& integer);
  void blob(const detail::Blob& blob);
  void dtype(const detail::Dtype& dtype);
  void array(const detail::Array& array);

  Pickler& pickler_;
  const PersistentOrigin* origin_;
  std::vector<Level> levels_;
};

}  // namespace functionfuse
