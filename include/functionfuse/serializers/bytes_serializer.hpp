#pragma once

#include <cstddef>
#include <string_view>

#include "functionfuse/pickle/bytes.hpp"
#include "functionfuse/serializers/serializer.hpp"

namespace functionfuse {

/// Keeps large Bytes beside the pickle, each in a file of its own, on S3 in an object, that holds the
/// bytes as they are and the 20 bytes of their SHA-1 behind them, as a task file has them. Opening a
/// result with such parts as a Value then reads none of them.
///
///     storage->register_persistent_serializers(ff::BytesSerializer({.threshold = 64 << 20}));
class BytesSerializer {
 public:
  struct Options {
    std::size_t threshold = std::size_t{1} << 20;  ///< smaller ones, in bytes, stay in the pickle
  };

  using serializer_class = Bytes;
  static constexpr std::string_view name = "BytesSerializer";
  static constexpr bool thread_safe = true;

  BytesSerializer() = default;
  explicit BytesSerializer(Options options) : options_(options) {}

  [[nodiscard]] bool wants(const Bytes& bytes) const { return bytes.size() >= options_.threshold; }
  SerializedAs pickle(const Protocols& protocols, const Bytes& bytes);
  /// \error corrupt      the digest does not fit, or the file is too short for one
  /// \error unsupported  written by a version that this one can't read
  Bytes unpickle(const Protocols& protocols, const SerializedAs& id);
  void remove(const Protocols& protocols, const SerializedAs& id);
  /// As unpickle, in memory of fixed size.
  void verify(const Protocols& protocols, const SerializedAs& id);

 private:
  Options options_;
};

}  // namespace functionfuse
