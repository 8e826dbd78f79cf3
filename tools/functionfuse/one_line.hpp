#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "functionfuse/pickle/value.hpp"

namespace functionfuse::cli {

/// "1.2 MiB", "missing": what is said about an object that lies beside the pickle.
using DescribeObject = std::function<std::string(const PersistentId&)>;

/// list, tuple, set, frozenset
[[nodiscard]] bool is_sequence(Kind kind);

/// A class or function kept by name: "<numpy.float64>", "Ellipsis".
[[nodiscard]] std::string global_text(const Value& value);

/// What has no parts that are values, as Python shows it; nothing where that takes more than `most`
/// characters.
[[nodiscard]] std::optional<std::string> atom_text(const Value& value, std::size_t most);

/// Python's name of a value's type: "numpy.ndarray", "collections.OrderedDict".
[[nodiscard]] std::string type_name(const Value& value);

/// Values on one line, as Python shows them.
class OneLine {
 public:
  explicit OneLine(const DescribeObject& describe) : describe_(describe) {}

  /// Nothing where it takes more than `most` characters, holds an array, or holds itself.
  [[nodiscard]] std::optional<std::string> text(const Value& value, std::size_t most) const;
  [[nodiscard]] std::string persistent_text(const Value& value) const;

  /// Says that a shared object has been shown at a place; from then on it is only referred to.
  /// Null, or where it was shown before.
  const std::string* shown(const Value& value, const std::string& place);
  /// "<the same list as ['a']>"
  [[nodiscard]] static std::string reference(const Value& value, const std::string& place);

 private:
  struct Line;
  void add(Line& line, const Value& value) const;
  void add_pair(Line& line, std::size_t i, const Value& key, const Value& item) const;
  void add_object(Line& line, const Value& value) const;

  const DescribeObject& describe_;
  std::unordered_map<const void*, std::string> places_;
};

}  // namespace functionfuse::cli
