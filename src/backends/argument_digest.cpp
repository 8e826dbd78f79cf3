#include "functionfuse/backends/argument_digest.hpp"

#include <cstring>
#include <string>

#include "backends/digest.hpp"
#include "functionfuse/error.hpp"
#include "functionfuse/pickle/pickler.hpp"
#include "pickle/digest_output.hpp"

namespace functionfuse {

namespace detail {
Record::Digest digest_of(const void* data, std::size_t size) noexcept {
  return to_digest(XXH3_128bits(data, size));
}
}  // namespace detail

class ArgumentDigest::Stream final : public detail::DigestOutput {};

ArgumentDigest::ArgumentDigest() = default;
ArgumentDigest::~ArgumentDigest() = default;

void ArgumentDigest::add(const void* data, std::size_t size) noexcept {
  if (streaming_ || size > kSmall - size_) return overflow(data, size);
  std::memcpy(small_ + size_, data, size);
  size_ += size;
}

void ArgumentDigest::overflow(const void* data, std::size_t size) noexcept {
  if (!streaming_) {
    if (stream_ == nullptr) stream_ = std::make_unique<Stream>();
    stream_->reset();
    stream_->write(small_, size_);
    streaming_ = true;
  }
  stream_->write(data, size);
}

void ArgumentDigest::number(char tag, const void* data, std::size_t size) noexcept {
  add(&tag, 1);
  add(data, size);
}

void ArgumentDigest::text(std::string_view text) noexcept {
  std::uint64_t size = text.size();
  number('s', &size, sizeof(size));
  add(text.data(), text.size());
}

void ArgumentDigest::function(std::uint64_t type_hash) noexcept {
  number('f', &type_hash, sizeof(type_hash));
}

void ArgumentDigest::node() noexcept { add("n", 1); }

void ArgumentDigest::nodes(std::size_t count) noexcept {
  std::uint64_t wide = count;
  number('N', &wide, sizeof(wide));
}

void ArgumentDigest::type(std::string_view type) noexcept {
  opaque_ = true;
  add("t", 1);
  text(type);
}

void ArgumentDigest::pickled(const void* object, void (*pickle)(Pickler&, const void*),
                             std::string_view name) {
  // A digest of its own: what was written of an object that turns out not to be picklable is not
  // part of the whole.
  Stream stream;
  try {
    Pickler pickler(stream, Pickler::ForDigest());
    pickle(pickler, object);
    pickler.finish();
    opaque_ |= pickler.opaque();
  } catch (const Error&) {
    return type(name);
  }
  Record::Digest digest = stream.digest();
  number('p', digest.data(), digest.size());
}

Record::Digest ArgumentDigest::finish() noexcept {
  Record::Digest digest{};
  if (streaming_) {
    digest = stream_->digest();
  } else if (size_ > 0) {
    digest = detail::digest_of(small_, size_);
  }
  size_ = 0;
  streaming_ = false;
  opaque_ = false;
  return digest;
}

}  // namespace functionfuse
