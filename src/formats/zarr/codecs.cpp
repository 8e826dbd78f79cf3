#include "formats/zarr/codecs.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>

#include <blosc.h>
#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <functionfuse/error.hpp>

namespace functionfuse::formats::zarr {
namespace {

using Bytes = std::span<const std::byte>;
using Room = std::span<std::byte>;

constexpr std::size_t kLz4Header = 4;
constexpr std::uint64_t kLzmaMemory = std::uint64_t{128} << 20;  // preset 9 takes 65 MiB
constexpr std::array<const char*, 8> kNames = {"",     "blosc", "zlib", "gzip",
                                               "zstd", "lz4",   "bz2",  "lzma"};

[[noreturn]] void fail_size(std::uint64_t claimed, std::size_t size) {
  throw CorruptError("it claims to be " + std::to_string(claimed) + " bytes, not " +
                     std::to_string(size));
}
[[noreturn]] void fail_stream(const char* codec) {
  throw CorruptError(std::string("it is not a stream of ") + codec + ", or a damaged one");
}
[[noreturn]] void fail_short() { throw CorruptError("it ends too early"); }
[[noreturn]] void fail_long() { throw CorruptError("it has more bytes than a chunk"); }
[[noreturn]] void fail_memory() { throw Error(Errc::io, "no memory for compressing a chunk"); }
[[noreturn]] void fail_encode(const char* codec) {
  throw Error(Errc::unsupported, std::string(codec) + " cannot compress a chunk");
}

/// A step of what a library takes, whose sizes have 32 bits.
unsigned step(std::size_t size) {
  return static_cast<unsigned>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

/// The loop that zlib's and bzip2's streams have in common: they take and give in steps, and
/// several of them may follow each other.
///
/// \param run   moves `in` and `out` on; true: a stream has ended
/// \param next  begins another stream
template <class Stream, class Run, class Next>
void decode_streams(Stream& stream, Bytes from, Room to, Run run, Next next) {
  for (;;) {
    const unsigned in = step(from.size());
    const unsigned out = step(to.size());
    std::byte beyond{};  // where there is no room left, to see whether more comes
    stream.next_in =
        reinterpret_cast<decltype(stream.next_in)>(const_cast<std::byte*>(from.data()));
    stream.avail_in = in;
    stream.next_out = reinterpret_cast<decltype(stream.next_out)>(out > 0 ? to.data() : &beyond);
    stream.avail_out = out > 0 ? out : 1;
    const bool ended = run();
    const std::size_t taken = in - stream.avail_in;
    const std::size_t given = (out > 0 ? out : 1) - stream.avail_out;
    if (out == 0 && given > 0) fail_long();
    from = from.subspan(taken);
    to = to.subspan(given);
    if (ended) {
      while (!from.empty() && from.front() == std::byte{}) from = from.subspan(1);  // padding
      if (from.empty()) break;
      next();
    } else if (taken == 0 && given == 0) {
      fail_short();
    }
  }
  if (!to.empty()) fail_short();
}

// ------------------------------------------------------------------------------------- blosc ---

int blosc_shuffle(int shuffle, std::size_t itemsize) {
  return shuffle == -1 ? (itemsize == 1 ? BLOSC_BITSHUFFLE : BLOSC_SHUFFLE) : shuffle;
}

std::size_t encode_blosc(const Codec& codec, Bytes from, std::size_t itemsize, Room to) {
  // No more room than numcodecs gives: what does not become smaller is stored as it is.
  const std::size_t room = std::min(to.size(), from.size() + BLOSC_MAX_OVERHEAD);
  const int size =
      blosc_compress_ctx(codec.level, blosc_shuffle(codec.shuffle, itemsize), itemsize, from.size(),
                         from.data(), to.data(), room, codec.cname.c_str(), codec.blocksize, 1);
  if (size <= 0) fail_encode("blosc");
  return static_cast<std::size_t>(size);
}

void decode_blosc(Bytes from, Room to) {
  std::size_t size = 0;
  if (from.size() < BLOSC_MIN_HEADER_LENGTH ||
      blosc_cbuffer_validate(from.data(), from.size(), &size) != 0) {
    fail_stream("blosc");
  }
  if (size != to.size()) fail_size(size, to.size());
  constexpr std::array<const char*, 5> kFormats = {"blosclz", "lz4", "snappy", "zlib", "zstd"};
  const auto format = std::to_integer<std::size_t>(from[2] >> 5);
  if (format >= kFormats.size()) fail_stream("blosc");
  if (blosc_compname_to_compcode(kFormats[format]) < 0) {
    throw UnsupportedError(std::string("blosc here does not have ") + kFormats[format]);
  }
  const int done = blosc_decompress_ctx(from.data(), to.data(), to.size(), 1);
  if (done < 0 || static_cast<std::size_t>(done) != to.size()) fail_stream("blosc");
}

// -------------------------------------------------------------------------------- zlib, gzip ---

constexpr int kZlibBits = MAX_WBITS;
constexpr int kGzipBits = MAX_WBITS + 16;

std::size_t encode_zlib(int level, int bits, Bytes from, Room to) {
  z_stream stream{};
  if (::deflateInit2(&stream, level, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    fail_memory();
  }
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(from.data()));
  stream.avail_in = static_cast<uInt>(from.size());
  stream.next_out = reinterpret_cast<Bytef*>(to.data());
  stream.avail_out = static_cast<uInt>(std::min<std::size_t>(to.size(), 0xffffffff));
  const int result = ::deflate(&stream, Z_FINISH);
  const std::size_t size = stream.total_out;
  ::deflateEnd(&stream);
  if (result != Z_STREAM_END) fail_encode("zlib");
  return size;
}

void decode_zlib(const char* name, int bits, Bytes from, Room to) {
  z_stream stream{};
  if (::inflateInit2(&stream, bits) != Z_OK) fail_memory();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, ::inflateEnd);
  decode_streams(
      stream, from, to,
      [&] {
        const int result = ::inflate(&stream, Z_NO_FLUSH);
        if (result == Z_MEM_ERROR) fail_memory();
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) fail_stream(name);
        return result == Z_STREAM_END;
      },
      [&] {
        if (bits != kGzipBits) fail_long();
        ::inflateReset(&stream);
      });
}

// ---------------------------------------------------------------------------------- zstd, lz4 ---

std::size_t encode_zstd(int level, Bytes from, Room to) {
  const std::size_t size = ::ZSTD_compress(to.data(), to.size(), from.data(), from.size(), level);
  if (::ZSTD_isError(size)) fail_encode("zstd");
  return size;
}

void decode_zstd(Bytes from, Room to) {
  const unsigned long long claimed = ::ZSTD_getFrameContentSize(from.data(), from.size());
  if (claimed == ZSTD_CONTENTSIZE_ERROR) fail_stream("zstd");
  if (claimed != ZSTD_CONTENTSIZE_UNKNOWN && claimed > to.size()) fail_size(claimed, to.size());
  const std::size_t size = ::ZSTD_decompress(to.data(), to.size(), from.data(), from.size());
  if (::ZSTD_isError(size)) fail_stream("zstd");
  if (size != to.size()) fail_size(size, to.size());
}

/// numcodecs puts the size before the block, in four bytes, little-endian.
std::size_t encode_lz4(int acceleration, Bytes from, Room to) {
  for (std::size_t i = 0; i < kLz4Header; ++i) {
    to[i] = static_cast<std::byte>(from.size() >> (8 * i));
  }
  const Room room = to.subspan(kLz4Header);
  const int size = ::LZ4_compress_fast(
      reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(room.data()),
      static_cast<int>(from.size()), static_cast<int>(step(room.size())), acceleration);
  if (size <= 0) fail_encode("lz4");
  return kLz4Header + static_cast<std::size_t>(size);
}

void decode_lz4(Bytes from, Room to) {
  if (from.size() < kLz4Header) fail_short();
  std::size_t claimed = 0;
  for (std::size_t i = 0; i < kLz4Header; ++i) {
    claimed |= std::to_integer<std::size_t>(from[i]) << (8 * i);
  }
  if (claimed != to.size()) fail_size(claimed, to.size());
  const Bytes block = from.subspan(kLz4Header);
  if (block.size() > std::numeric_limits<int>::max() || to.size() > LZ4_MAX_INPUT_SIZE) {
    fail_stream("lz4");
  }
  const int size = ::LZ4_decompress_safe(
      reinterpret_cast<const char*>(block.data()), reinterpret_cast<char*>(to.data()),
      static_cast<int>(block.size()), static_cast<int>(to.size()));
  if (size < 0 || static_cast<std::size_t>(size) != to.size()) fail_stream("lz4");
}

// ---------------------------------------------------------------------------------- bz2, lzma ---

std::size_t encode_bz2(int level, Bytes from, Room to) {
  auto size = static_cast<unsigned>(std::min<std::size_t>(to.size(), 0xffffffff));
  const int result =
      ::BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(to.data()), &size,
                                 reinterpret_cast<char*>(const_cast<std::byte*>(from.data())),
                                 static_cast<unsigned>(from.size()), level, 0, 0);
  if (result == BZ_MEM_ERROR) fail_memory();
  if (result != BZ_OK) fail_encode("bz2");
  return size;
}

void decode_bz2(Bytes from, Room to) {
  bz_stream stream{};
  const auto begin = [&] {
    if (::BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) fail_memory();
  };
  begin();
  const std::unique_ptr<bz_stream, int (*)(bz_stream*)> end(&stream, ::BZ2_bzDecompressEnd);
  decode_streams(
      stream, from, to,
      [&] {
        const int result = ::BZ2_bzDecompress(&stream);
        if (result == BZ_MEM_ERROR) fail_memory();
        if (result != BZ_OK && result != BZ_STREAM_END) fail_stream("bz2");
        return result == BZ_STREAM_END;
      },
      [&] {
        ::BZ2_bzDecompressEnd(&stream);
        begin();
      });
}

std::size_t encode_lzma(const Codec& codec, Bytes from, Room to) {
  const std::uint32_t preset =
      codec.level < 0 ? LZMA_PRESET_DEFAULT : static_cast<std::uint32_t>(codec.level);
  lzma_stream stream = LZMA_STREAM_INIT;
  lzma_options_lzma options;
  lzma_ret result = LZMA_OK;
  if (codec.format == 2) {
    if (::lzma_lzma_preset(&options, preset)) fail_encode("lzma");
    result = ::lzma_alone_encoder(&stream, &options);
  } else {
    const auto check = codec.check < 0 ? LZMA_CHECK_CRC64 : static_cast<lzma_check>(codec.check);
    result = ::lzma_easy_encoder(&stream, preset, check);
  }
  if (result == LZMA_MEM_ERROR) fail_memory();
  if (result != LZMA_OK) fail_encode("lzma");
  const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> end(&stream, ::lzma_end);
  stream.next_in = reinterpret_cast<const std::uint8_t*>(from.data());
  stream.avail_in = from.size();
  stream.next_out = reinterpret_cast<std::uint8_t*>(to.data());
  stream.avail_out = to.size();
  if (::lzma_code(&stream, LZMA_FINISH) != LZMA_STREAM_END) fail_encode("lzma");
  return to.size() - stream.avail_out;
}

void decode_lzma(int format, Bytes from, Room to) {
  lzma_stream stream = LZMA_STREAM_INIT;
  const lzma_ret begun =
      format == 1   ? ::lzma_stream_decoder(&stream, kLzmaMemory, LZMA_CONCATENATED)
      : format == 2 ? ::lzma_alone_decoder(&stream, kLzmaMemory)
                    : ::lzma_auto_decoder(&stream, kLzmaMemory, LZMA_CONCATENATED);
  if (begun != LZMA_OK) fail_memory();
  const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> end(&stream, ::lzma_end);
  std::uint8_t beyond = 0;
  stream.next_in = reinterpret_cast<const std::uint8_t*>(from.data());
  stream.avail_in = from.size();
  stream.next_out = reinterpret_cast<std::uint8_t*>(to.data());
  stream.avail_out = to.size();
  lzma_ret result = ::lzma_code(&stream, LZMA_FINISH);
  if (result == LZMA_OK && stream.avail_out == 0) {  // the end of the stream may be still to come
    stream.next_out = &beyond;
    stream.avail_out = 1;
    result = ::lzma_code(&stream, LZMA_FINISH);
    if (stream.avail_out == 0) fail_long();
    stream.avail_out = 0;
  }
  switch (result) {
    case LZMA_STREAM_END:
      if (stream.avail_out > 0) fail_short();
      if (stream.avail_in > 0) fail_long();
      return;
    case LZMA_MEM_ERROR:
      fail_memory();
    case LZMA_MEMLIMIT_ERROR:
      throw UnsupportedError("unpacking its lzma takes more than 128 MiB");
    case LZMA_OK:
    case LZMA_BUF_ERROR:
      fail_short();
    default:
      fail_stream("lzma");
  }
}

}  // namespace

// ------------------------------------------------------------------------------------------------

const char* name_of(Codec::Id id) noexcept { return kNames[static_cast<std::size_t>(id)]; }

std::string describe(const Codec& codec) {
  std::string text = name_of(codec.id);
  if (codec.id == Codec::Id::none) return text;
  if (codec.id == Codec::Id::blosc) text += " " + codec.cname;
  if (codec.id != Codec::Id::lzma || codec.level >= 0) text += " " + std::to_string(codec.level);
  if (codec.id == Codec::Id::blosc) text += ", shuffle " + std::to_string(codec.shuffle);
  return text;
}

void check(const Codec& codec) {
  const auto within = [&](const char* what, int value, int least, int most) {
    if (value >= least && value <= most) return;
    throw Error(Errc::invalid_argument, std::string(name_of(codec.id)) + ": " + what + " " +
                                            std::to_string(value) + " is not within " +
                                            std::to_string(least) + " to " + std::to_string(most));
  };
  switch (codec.id) {
    case Codec::Id::none:
      return;
    case Codec::Id::blosc:
      within("level", codec.level, 0, 9);
      within("shuffle", codec.shuffle, -1, 2);
      within("block size", codec.blocksize, 0, std::numeric_limits<int>::max());
      if (blosc_compname_to_compcode(codec.cname.c_str()) < 0) {
        throw UnsupportedError("blosc here does not have the compressor \"" + codec.cname +
                               "\"; it has " + blosc_list_compressors());
      }
      return;
    case Codec::Id::zlib:
    case Codec::Id::gzip:
      return within("level", codec.level, -1, 9);
    case Codec::Id::zstd:
      return within("level", codec.level, ::ZSTD_minCLevel(), ::ZSTD_maxCLevel());
    case Codec::Id::lz4:
      return within("level", codec.level, 0, std::numeric_limits<int>::max());
    case Codec::Id::bz2:
      return within("level", codec.level, 1, 9);
    case Codec::Id::lzma:
      within("level", codec.level, -1, 9);
      within("format", codec.format, 1, 2);
      if (codec.check != -1 && !::lzma_check_is_supported(static_cast<lzma_check>(codec.check))) {
        throw UnsupportedError("lzma here does not have the check " + std::to_string(codec.check));
      }
      return;
  }
}

std::size_t most_encoded(std::size_t size) noexcept {
  // More than the bounds of all of them: bzip2 adds 1 %, the others less, and headers.
  return size + size / 64 + 4096;
}

std::size_t encode(const Codec& codec, Bytes from, std::size_t itemsize, Room to) {
  switch (codec.id) {
    case Codec::Id::blosc:
      return encode_blosc(codec, from, itemsize, to);
    case Codec::Id::zlib:
      return encode_zlib(codec.level, kZlibBits, from, to);
    case Codec::Id::gzip:
      return encode_zlib(codec.level, kGzipBits, from, to);
    case Codec::Id::zstd:
      return encode_zstd(codec.level, from, to);
    case Codec::Id::lz4:
      return encode_lz4(codec.level, from, to);
    case Codec::Id::bz2:
      return encode_bz2(codec.level, from, to);
    case Codec::Id::lzma:
      return encode_lzma(codec, from, to);
    case Codec::Id::none:
      break;
  }
  throw Error(Errc::invalid_argument, "no codec to encode with");
}

void decode(const Codec& codec, Bytes from, Room to) {
  switch (codec.id) {
    case Codec::Id::none:
      if (from.size() != to.size()) fail_size(from.size(), to.size());
      std::copy(from.begin(), from.end(), to.begin());
      return;
    case Codec::Id::blosc:
      return decode_blosc(from, to);
    case Codec::Id::zlib:
      return decode_zlib("zlib", kZlibBits, from, to);
    case Codec::Id::gzip:
      return decode_zlib("gzip", kGzipBits, from, to);
    case Codec::Id::zstd:
      return decode_zstd(from, to);
    case Codec::Id::lz4:
      return decode_lz4(from, to);
    case Codec::Id::bz2:
      return decode_bz2(from, to);
    case Codec::Id::lzma:
      return decode_lzma(codec.format, from, to);
  }
}

}  // namespace functionfuse::formats::zarr
