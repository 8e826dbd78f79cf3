#include "functionfuse/serializers/bytes_serializer.hpp"

#include <fcntl.h>

#include <algorithm>

#include "io/hashing_writer.hpp"

namespace functionfuse {
namespace {

constexpr std::string_view kVersion = "0.0.0";
constexpr std::size_t kDigest = sizeof(io::Sha1Digest);

/// What was kept, opened to be read: the bytes and the digest behind them.
struct Kept {
  Kept(const Protocols& protocols, const SerializedAs& id);
  /// \error corrupt  it is not the one behind the bytes
  void check(const io::Sha1Digest& digest) const;

  std::string path;
  io::Fd fd;
  std::uint64_t size = 0;  ///< of the bytes
};

Kept::Kept(const Protocols& protocols, const SerializedAs& id) {
  const auto& [version, filename] = id;
  if (version != kVersion) {
    throw UnsupportedError("the bytes \"" + filename + "\" were written by version " + version +
                           " of BytesSerializer; this one reads version " + std::string(kVersion) +
                           ": use a newer release");
  }
  auto& files = protocols.require<FileProtocol>(FILE_PROTOCOL, BytesSerializer::name);
  path = files.open(filename, FileProtocol::Mode::read);
  fd = io::open_file(path, O_RDONLY);
  size = io::info(fd.get(), path).size;
  if (size < kDigest) throw CorruptError(path + " is cut short: run the node again", size);
  size -= kDigest;
}

void Kept::check(const io::Sha1Digest& digest) const {
  io::Sha1Digest expected;
  io::read_all(fd.get(), size, expected.data(), kDigest, path);
  if (digest != expected) {
    throw CorruptError(path + " is damaged: its SHA-1 is not the one it ends with; run the node again");
  }
}

}  // namespace

SerializedAs BytesSerializer::pickle(const Protocols& protocols, const Bytes& bytes) {
  auto& files = protocols.require<FileProtocol>(FILE_PROTOCOL, name);
  const std::string filename = new_filename();
  const std::string path = files.open(filename, FileProtocol::Mode::write);
  io::Fd fd = io::open_file(path, O_CREAT | O_EXCL | O_WRONLY);
  io::HashingWriter writer(fd.get(), path);
  writer.write(bytes.data(), bytes.size());
  writer.finish();
  io::close_checked(fd, path);
  return {std::string(kVersion), filename};
}

Bytes BytesSerializer::unpickle(const Protocols& protocols, const SerializedAs& id) {
  const Kept kept(protocols, id);
  constexpr std::size_t kSlice = std::size_t{4} << 20;
  std::vector<std::byte> data(kept.size);
  io::BackgroundSha1 hash;  // destroyed before the data
  for (std::size_t done = 0; done < data.size();) {
    const std::size_t n = std::min(kSlice, data.size() - done);
    io::read_all(kept.fd.get(), done, data.data() + done, n, kept.path);
    hash.update(data.data() + done, n);
    done += n;
  }
  kept.check(hash.digest());
  return Bytes(std::move(data));
}

void BytesSerializer::remove(const Protocols& protocols, const SerializedAs& id) {
  protocols.require<FileProtocol>(FILE_PROTOCOL, name).remove(id.second);
}

void BytesSerializer::verify(const Protocols& protocols, const SerializedAs& id) {
  const Kept kept(protocols, id);
  kept.check(io::BackgroundFileSha1(kept.fd.get(), kept.size, kept.path).digest());
}

}  // namespace functionfuse
