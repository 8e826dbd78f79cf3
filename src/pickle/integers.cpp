#include "pickle/integers.hpp"

#include <algorithm>
#include <cmath>

#include "functionfuse/pickle/value.hpp"

namespace functionfuse {

namespace {

constexpr std::uint32_t kBase = 1'000'000'000;
constexpr std::size_t kLongestDecimal = 100'000 / 8;  // bytes

bool is_negative(std::span<const std::byte> bytes) {
  return !bytes.empty() && (bytes.back() & std::byte{0x80}) != std::byte{0};
}

/// Absolute value as little endian limbs of 32 bits.
std::vector<std::uint32_t> magnitude(std::span<const std::byte> bytes) {
  const bool negative = is_negative(bytes);
  std::vector<std::uint32_t> limbs((bytes.size() + 3) / 4);
  unsigned carry = negative ? 1 : 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    unsigned byte = static_cast<unsigned>(bytes[i]);
    if (negative) {
      byte = (~byte & 0xFF) + carry;
      carry = byte >> 8;
      byte &= 0xFF;
    }
    limbs[i / 4] |= byte << (i % 4 * 8);
  }
  if (carry != 0 && negative) limbs.push_back(1);
  return limbs;
}

std::string decimal_text(std::vector<std::uint32_t> limbs) {
  std::string digits;
  while (!limbs.empty()) {
    std::uint64_t rest = 0;
    for (std::size_t i = limbs.size(); i-- > 0;) {
      rest = rest << 32 | limbs[i];
      limbs[i] = static_cast<std::uint32_t>(rest / kBase);
      rest %= kBase;
    }
    while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
    for (int i = 0; i < 9 && (rest != 0 || !limbs.empty()); ++i, rest /= 10) {
      digits.push_back(static_cast<char>('0' + rest % 10));
    }
  }
  if (digits.empty()) digits = "0";
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string hexadecimal_text(const std::vector<std::uint32_t>& limbs) {
  std::string digits;
  for (std::uint32_t limb : limbs) {
    for (int i = 0; i < 8; ++i) digits.push_back("0123456789abcdef"[limb >> (4 * i) & 15]);
  }
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  std::reverse(digits.begin(), digits.end());
  return "0x" + digits;
}

}  // namespace

std::span<const std::byte> shortest_integer(std::span<const std::byte> bytes) {
  auto repeats = [](std::byte top, std::byte next) {
    const bool next_negative = (next & std::byte{0x80}) != std::byte{0};
    return top == (next_negative ? std::byte{0xFF} : std::byte{0});
  };
  std::size_t size = bytes.size();
  while (size > 1 && repeats(bytes[size - 1], bytes[size - 2])) --size;
  return bytes.first(size);
}

std::optional<std::int64_t> small_integer(std::span<const std::byte> bytes) {
  bytes = shortest_integer(bytes);
  if (bytes.size() > 8) return std::nullopt;
  std::uint64_t value = is_negative(bytes) ? ~std::uint64_t{0} : 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<std::uint64_t>(bytes[i]);
  }
  return static_cast<std::int64_t>(value);
}

std::optional<std::vector<std::byte>> parse_integer(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  std::vector<std::uint32_t> limbs;
  for (std::size_t i = 0; i < text.size();) {
    std::uint64_t block = 0, scale = 1;
    for (std::size_t end = std::min(text.size(), i + 9); i < end; ++i) {
      if (text[i] < '0' || text[i] > '9') return std::nullopt;
      block = block * 10 + static_cast<std::uint64_t>(text[i] - '0');
      scale *= 10;
    }
    for (auto& limb : limbs) {
      block += limb * scale;
      limb = static_cast<std::uint32_t>(block);
      block >>= 32;
    }
    if (block != 0) limbs.push_back(static_cast<std::uint32_t>(block));
  }
  limbs.push_back(0);  // room for the sign
  std::vector<std::byte> bytes;
  std::uint64_t carry = negative ? 1 : 0;
  for (std::uint32_t limb : limbs) {
    carry += negative ? static_cast<std::uint32_t>(~limb) : limb;
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::byte>(carry >> (8 * i)));
    carry >>= 32;
  }
  bytes.resize(shortest_integer(bytes).size());
  return bytes;
}

double integer_to_double(std::span<const std::byte> bytes) {
  auto limbs = magnitude(bytes);
  while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
  // The top 96 bits decide but for a tie, which a set bit anywhere below breaks.
  bool rest = false;
  for (std::size_t i = 0; i + 3 < limbs.size(); ++i) rest = rest || limbs[i] != 0;
  long double value = 0;
  std::size_t low = limbs.size() > 3 ? limbs.size() - 3 : 0;
  __extension__ using Wide = unsigned __int128;
  Wide top = 0;
  for (std::size_t i = limbs.size(); i-- > low;) top = top << 32 | limbs[i];
  int shift = 0;
  while (top >> 62 != 0) {  // 62 bits and one for what was shifted out: exact in a long double
    rest = rest || (top & 1) != 0;
    top >>= 1;
    ++shift;
  }
  value = static_cast<long double>(static_cast<std::uint64_t>(top) << 1 | (rest ? 1 : 0));
  auto exponent = static_cast<long>(shift) + static_cast<long>(low) * 32 - 1;
  double result =
      std::ldexp(static_cast<double>(value), static_cast<int>(std::min(exponent, 100'000L)));
  return is_negative(bytes) ? -result : result;
}

std::string integer_text(std::span<const std::byte> bytes) {
  bytes = shortest_integer(bytes);
  auto limbs = magnitude(bytes);
  while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
  std::string digits =
      bytes.size() > kLongestDecimal ? hexadecimal_text(limbs) : decimal_text(std::move(limbs));
  return is_negative(bytes) ? "-" + digits : digits;
}

}  // namespace functionfuse
