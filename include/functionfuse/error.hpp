#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace functionfuse {

/// What kind of thing went wrong, for callers that branch on it without naming a subclass.
enum class Errc {
  invalid_argument,  ///< the caller's own words are wrong: a name, an option, a type
  not_found,         ///< a workflow, task or file that was asked for by name is not there
  corrupt,           ///< bytes that were read are not what was written, or not of this format
  unsupported,       ///< understood, and not possible here; the text says what would make it so
  type_mismatch,     ///< a stored value does not fit the C++ type that was asked for
  io,                ///< the operating system or a server refused; nothing visible changed
  node_failed,       ///< a node's function threw; its exception is nested
};

/// Base of every exception that this library throws. The text says what happened, where
/// (workflow, node, place in the value, file, byte offset) and what to do about it.
class Error : public std::runtime_error {
 public:
  Error(Errc code, const std::string& what);
  ~Error() override;
  [[nodiscard]] Errc code() const noexcept { return code_; }

 private:
  Errc code_;
};

/// Something asked for by name is not there. Where absence is normal a function returns
/// std::optional or bool instead.
class NotFoundError : public Error {
 public:
  explicit NotFoundError(const std::string& what);
  ~NotFoundError() override;
};

/// Stored bytes are damaged, cut short, or not of the format they should be. A backend answers
/// this one with a warning and computes the node again.
class CorruptError : public Error {
 public:
  explicit CorruptError(const std::string& what, std::optional<std::uint64_t> offset = {});
  ~CorruptError() override;
  /// The byte at which reading stopped, where one is known.
  [[nodiscard]] std::optional<std::uint64_t> offset() const noexcept { return offset_; }

 private:
  std::optional<std::uint64_t> offset_;
};

/// Valid, but beyond what this build, storage or format can do.
class UnsupportedError : public Error {
 public:
  explicit UnsupportedError(const std::string& what);
  ~UnsupportedError() override;
};

/// A node's function threw. The function's own exception is nested (std::rethrow_if_nested).
class NodeError : public Error {
 public:
  NodeError(const std::string& node, const std::string& what);
  ~NodeError() override;
  [[nodiscard]] const std::string& node() const noexcept { return node_; }

 private:
  std::string node_;
};

}  // namespace functionfuse
