#include "pickle/source.hpp"

#include <algorithm>

#include "functionfuse/pickle/types.hpp"

namespace functionfuse {

namespace {
constexpr std::size_t kWindow = 256 * 1024;
}

void StringOutput::grow(std::size_t size) {
  // Memory that is reserved and not touched costs nothing; moving what is there does.
  std::string larger;
  larger.reserve(8 * (text_.size() + size));
  detail::advise_huge_pages(larger.data(), larger.capacity());
  larger.append(text_);
  text_ = std::move(larger);
}

Output::~Output() = default;
Input::~Input() = default;

void MemoryInput::read_at(std::uint64_t offset, void* data, std::size_t size) {
  if (size != 0) std::memcpy(data, data_.data() + offset, size);
}

Source::Source(Input& input) : input_(input), size_(input.size()) {
  auto whole = input.contiguous();
  window_ = reinterpret_cast<const char*>(whole.data());
  if (window_ == nullptr) window_ = "";
  next_ = window_;
  end_ = window_ + whole.size();
}

void Source::check(std::uint64_t size) const {
  if (size > remaining()) {
    throw CorruptError("pickle byte " + std::to_string(offset()) + ": " + std::to_string(size) +
                           " bytes claimed and " + std::to_string(remaining()) +
                           " left: cut short, or not a pickle",
                       offset());
  }
}

void Source::refill(std::uint64_t size) {
  check(size);
  std::uint64_t from = offset();
  if (size > capacity_) {
    capacity_ = std::max<std::size_t>(kWindow, size);
    buffer_.reset(new char[capacity_]);
  }
  auto length = static_cast<std::size_t>(std::min<std::uint64_t>(capacity_, size_ - from));
  input_.read_at(from, buffer_.get(), length);
  window_offset_ = from;
  window_ = next_ = buffer_.get();
  end_ = window_ + length;
}

std::string_view Source::line() {
  // A line longer than the window is searched for again in a window twice as large.
  std::uint64_t length = static_cast<std::uint64_t>(end_ - next_);
  for (;;) {
    if (length != 0) {
      if (const void* newline = std::memchr(next_, '\n', static_cast<std::size_t>(end_ - next_))) {
        std::string_view text(next_, static_cast<std::size_t>(static_cast<const char*>(newline) - next_));
        next_ += text.size() + 1;
        return text;
      }
    }
    if (length >= remaining()) check(length + 1);
    refill(std::min(std::max<std::uint64_t>(length * 2, 64), remaining()));
    length = static_cast<std::uint64_t>(end_ - next_);
  }
}

void Source::read(void* data, std::uint64_t size) {
  check(size);
  auto* to = static_cast<char*>(data);
  auto here = std::min<std::uint64_t>(size, static_cast<std::uint64_t>(end_ - next_));
  std::memcpy(to, next_, here);
  next_ += here;
  if (here == size) return;
  std::uint64_t from = offset();
  input_.read_at(from, to + here, size - here);
  skip(size - here);
}

void Source::skip(std::uint64_t size) {
  check(size);
  if (size <= static_cast<std::uint64_t>(end_ - next_)) {
    next_ += size;
    return;
  }
  window_offset_ = offset() + size;
  window_ = next_ = end_ = "";
}

}  // namespace functionfuse
