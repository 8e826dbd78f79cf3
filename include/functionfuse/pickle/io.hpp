#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace functionfuse {

/// Where a Pickler writes. Pieces come in order; small ones are gathered before (frames of 64 KiB),
/// large ones (the data of an array) come as they lie in memory, without a copy.
class Output {
 public:
  virtual ~Output();
  /// `data` is only valid during the call.
  virtual void write(const void* data, std::size_t size) = 0;
};

/// Where an Unpickler reads.
class Input {
 public:
  virtual ~Input();
  /// In bytes, known beforehand: every length that a pickle claims is checked against it.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Fills `data` from `offset` on; offset + size <= this->size().
  /// \threads safe
  virtual void read_at(std::uint64_t offset, void* data, std::size_t size) = 0;
  /// The whole input where it lies in memory, else an empty span. Stays valid as long as this.
  [[nodiscard]] virtual std::span<const std::byte> contiguous() const { return {}; }
};

class StringOutput final : public Output {
  static constexpr std::size_t kLarge = 1 << 20;

 public:
  void write(const void* data, std::size_t size) override {
    if (text_.capacity() - text_.size() < size) grow(size);
    text_.append(static_cast<const char*>(data), size);
  }
  [[nodiscard]] std::string take() {
    if (text_.size() < kLarge) text_.shrink_to_fit();
    return std::move(text_);
  }

 private:
  void grow(std::size_t size);
  std::string text_;
};

class MemoryInput final : public Input {
 public:
  /// `data` must outlive this and what is being read from it.
  explicit MemoryInput(std::span<const std::byte> data) : data_(data) {}
  [[nodiscard]] std::uint64_t size() const override { return data_.size(); }
  void read_at(std::uint64_t offset, void* data, std::size_t size) override;
  [[nodiscard]] std::span<const std::byte> contiguous() const override { return data_; }

 private:
  std::span<const std::byte> data_;
};

}  // namespace functionfuse
