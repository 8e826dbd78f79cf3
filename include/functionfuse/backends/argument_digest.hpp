#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "functionfuse/storage/record.hpp"

namespace functionfuse {

class Pickler;

/// The digest (XXH3, 128 bits) of a node's plain arguments: what goes into Record::arguments.
/// Each argument starts with a tag, so that no two lists of arguments look alike.
///
/// \threads one at a time
class ArgumentDigest {
 public:
  ArgumentDigest();
  ~ArgumentDigest();
  ArgumentDigest(const ArgumentDigest&) = delete;
  ArgumentDigest& operator=(const ArgumentDigest&) = delete;

  void number(char tag, const void* data, std::size_t size) noexcept;
  void text(std::string_view text) noexcept;
  /// The function's type, so that overloads differ.
  void function(std::uint64_t type_hash) noexcept;
  /// An argument that is a node, or a container of `count` nodes.
  void node() noexcept;
  void nodes(std::size_t count) noexcept;
  /// Adds what a Pickler::ForDigest writes of `object`; where it can't be pickled, only the type.
  void pickled(const void* object, void (*pickle)(Pickler&, const void*), std::string_view type);
  /// Of something that can't be stored only the type counts.
  void type(std::string_view type) noexcept;

  /// Since the last finish() something was added of which only the type counts: a change of its
  /// value goes unseen.
  [[nodiscard]] bool opaque() const noexcept { return opaque_; }
  /// The digest of all that was added; starts anew. All zeros where nothing was.
  [[nodiscard]] Record::Digest finish() noexcept;

 private:
  class Stream;
  void add(const void* data, std::size_t size) noexcept;
  void overflow(const void* data, std::size_t size) noexcept;

  static constexpr std::size_t kSmall = 256;
  std::size_t size_ = 0;
  std::unique_ptr<Stream> stream_;  // made where the arguments need more than kSmall bytes
  bool streaming_ = false;
  bool opaque_ = false;
  std::byte small_[kSmall];
};

}  // namespace functionfuse
