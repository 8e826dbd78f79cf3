#include "io/uuid.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "io/error.hpp"
#include "io/sha1.hpp"

namespace functionfuse::io {

namespace {

std::string text_of(std::array<unsigned char, 16> bytes, unsigned version) {
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | version << 4);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return text;
}

}  // namespace

std::string uuid4() {
  // From the kernel each time: a generator of our own would give parent and child of a fork() the
  // same names.
  std::array<unsigned char, 16> bytes;
  while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    if (errno != EINTR) fail("get random bytes for", "the name of a file", errno);
  }
  return text_of(bytes, 4);
}

std::string uuid5(std::string_view name) {
  // A name space of this project's own.
  std::string hashed = "functionfuse";
  hashed.resize(16);
  hashed += name;
  const Sha1Digest digest = sha1(hashed.data(), hashed.size());
  std::array<unsigned char, 16> bytes;
  std::memcpy(bytes.data(), digest.data(), bytes.size());
  return text_of(bytes, 5);
}

}  // namespace functionfuse::io
